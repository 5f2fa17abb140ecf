"""What every layer on arrays has to keep: torch's own layer where the devices are ideal, and one state in every form."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ohmnia
from helpers import LINEAR, NO_RELAXATION, QUICK, QUICK_IDEAL, SIGMAS, near_ideal, values
from ohmnia import AnalogOptimizer, Chip, InvalidValueError, load_chip
from ohmnia.array import ArrayConfig
from ohmnia.nn import COMPOSITES, AnalogLinear, Matrix, analog_layers, convert, to_digital
from ohmnia.technology import Technology

ANALOG_BIAS = QUICK_IDEAL.model_copy(update={"bias": "analog"})


def known(layer: nn.Module, size: float = 0.5) -> nn.Module:
    """The layer with known parameters."""
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data.copy_(size * values(seed, *parameter.shape))
    return layer


def output(layer: nn.Module, *inputs: object) -> Tensor:
    """The outputs alone, without a state."""
    y = layer(*inputs)
    return y[0] if isinstance(y, tuple) else y


def gradients(layer: nn.Module) -> dict[str, Matrix]:
    """The gradients of a torch layer's parameters, by part."""
    twin = copy.deepcopy(layer)
    for parameter, own in zip(twin.parameters(), layer.parameters(), strict=True):
        parameter.data.copy_(own.grad)
    if isinstance(twin, nn.Linear):
        return {"": Matrix(twin.weight.detach(), None if twin.bias is None else twin.bias.detach())}
    parts = COMPOSITES[type(twin)].split(twin)[1]
    return {name: Matrix(*(None if value is None else value.detach() for value in parts[name])) for name in parts}


def asked(part: AnalogLinear) -> Tensor:
    """The sum of d x^T over the waiting requests."""
    return sum((request.d.T @ request.x for request in part.synapse.requests), torch.zeros(part.synapse.shape))


def assert_is_torchs(layer: nn.Module, x: Tensor, technology: Technology, config: ArrayConfig = QUICK_IDEAL) -> None:
    """Values, gradients of inputs and biases, and update requests are those of torch's layer of the same weights."""
    analog = convert(layer, technology, config=config)
    digital = to_digital(analog)
    assert str(digital) == str(layer)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    y, wanted = output(analog, inputs[0]), output(digital, inputs[1])
    torch.testing.assert_close(y, wanted, rtol=1e-5, atol=1e-5)
    d = values(11, *wanted.shape)
    y.backward(d)
    wanted.backward(d)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-4, atol=1e-4)
    parts, found = dict(analog_layers(analog)), gradients(digital)
    assert parts.keys() == found.keys()
    for name, part in parts.items():
        matrix = found[name]
        whole = matrix.column if part.has_column else matrix.weight
        torch.testing.assert_close(asked(part), whole, rtol=1e-4, atol=1e-4)
        if part.bias is not None:
            torch.testing.assert_close(part.bias.grad, matrix.bias, rtol=1e-4, atol=1e-4)


def learn(model: nn.Module, x: Tensor, steps: int) -> None:
    """A few steps of AGAD."""
    optimizer = AnalogOptimizer(model, ohmnia.AGAD(in_chop_prob=0.5, scaling="granularity"), lr=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        output(model, x).square().mean().backward()
        optimizer.step()


def bits(model: nn.Module) -> dict[str, bytes]:
    """All state."""
    return {name: value.numpy().tobytes() for name, value in Chip(model).state()[0].items()}


class AnalogLayerContract:
    """Inherit it, with a torch layer that has a bias, and an input of it."""

    x: Tensor

    def torch_layer(self) -> nn.Module:
        """A layer with known weights."""
        raise NotImplementedError

    def analog(self, technology: Technology, **options: object) -> nn.Module:
        """The layer on arrays, with real converters."""
        return convert(self.torch_layer(), technology, config=QUICK, **options)

    @pytest.mark.parametrize("config", [QUICK_IDEAL, ANALOG_BIAS], ids=["digital bias", "analog bias"])
    def test_ideal_devices_make_torchs_layer(self, technology: Technology, config: ArrayConfig) -> None:
        assert_is_torchs(self.torch_layer(), self.x, technology, config)

    def test_a_split_matrix_makes_torchs_layer(self, technology: Technology) -> None:
        split = QUICK_IDEAL.model_copy(update={"max_rows": 3, "max_cols": 4})
        assert_is_torchs(self.torch_layer(), self.x, technology, split)

    def test_the_weights_survive_the_way_there_and_back(self, technology: Technology) -> None:
        layer = self.torch_layer()
        model = convert(layer, technology, config=ArrayConfig(acceptance_range=0.002))
        back, scale = to_digital(model), max(part.synapse.output_scale for _, part in analog_layers(model))
        assert type(back) is type(layer)
        for network in (back, layer):
            network.requires_grad_(False)
        for (name, value), (other, wanted) in zip(back.named_parameters(), layer.named_parameters(), strict=True):
            assert name == other
            # 0.2 % of at most 88.2 uS, on half a window of 39.6 uS.
            torch.testing.assert_close(value, wanted, rtol=0, atol=scale * 0.002 * 88.2 / 39.6 * 1.001)
            assert float((value - wanted).norm()) < 0.1 * float(wanted.norm())

    def test_an_array_of_plain_steps_follows_torchs_gradient(self, technology: Technology, tmp_path: Path) -> None:
        ideal = near_ideal(tmp_path, LINEAR, NO_RELAXATION)
        model = convert(self.torch_layer(), ideal, config=QUICK_IDEAL)
        digital, before = to_digital(model), {name: part.synapse.weights() for name, part in analog_layers(model)}
        for network in (model, digital):
            y = output(network, self.x)
            y.backward(values(11, *y.shape))
        rates, pulses, times = {}, {}, 10
        for name, part in analog_layers(model):
            x, d = (torch.cat([getattr(request, side) for request in part.synapse.requests]).abs() for side in "xd")
            # No sample asks for more than 20 pulses of a cell.
            step = part.synapse.output_scale * part.synapse.blocks[0].slow.granularity
            rates[name or "*"] = 20 * step / float(x.max() * d.max())
            pulses[name] = times * rates[name or "*"] * (d.T @ x) / step
            part.synapse.requests *= times
        AnalogOptimizer(model, ohmnia.SGD(), lr=rates).step()
        for name, part in analog_layers(model):
            step, wanted = part.synapse.output_scale * part.synapse.blocks[0].slow.granularity, gradients(digital)[name].weight
            wanted = -times * rates[name or "*"] * wanted / step
            error = (part.synapse.weights() - before[name]) / step - wanted
            # A number of coincidences varies less than a Poisson number does.
            assert bool((error.abs() <= SIGMAS * (pulses[name] + 1.0).sqrt()).all())
            assert float(error.norm()) < 0.5 * float(wanted.norm())
            assert part.synapse.activity()["slow"].short_updates == 0

    def test_a_look_in_between_changes_no_training(self, technology: Technology) -> None:
        first, second = self.analog(technology), self.analog(technology)
        for model, looks in ((first, 0), (second, 2)):
            for _ in range(3):
                with torch.no_grad():
                    for _ in range(looks):
                        model(self.x)
                learn(model, self.x, 2)
        assert bits(first) == bits(second)

    def test_the_seed_decides(self, technology: Technology) -> None:
        first, again, other = (self.analog(technology, seed=seed) for seed in (0, 0, 1))
        for model in (first, again, other):
            learn(model, self.x, 2)
        assert bits(first) == bits(again)
        assert bits(first) != bits(other)

    def test_a_state_dict_and_a_copy_lose_nothing(self, technology: Technology) -> None:
        first, second = self.analog(technology), self.analog(technology, seed=1)
        learn(first, self.x, 3)
        second.load_state_dict(first.state_dict())
        third = copy.deepcopy(first)
        assert bits(second) == bits(first)
        for model in (first, second, third):
            learn(model, self.x, 3)
        assert bits(first) == bits(second) == bits(third)

    def test_a_chip_file_holds_the_layer(self, technology: Technology, tmp_path: Path) -> None:
        model = nn.Sequential(self.analog(technology))
        learn(model, self.x, 3)
        Chip(model).save(tmp_path / "chip")
        loaded = load_chip(tmp_path / "chip").model
        assert str(loaded) == str(model)
        for network in (model, loaded):
            learn(network, self.x, 3)
        assert bits(loaded) == bits(model)

    def test_an_analog_bias_learns_and_goes_into_a_file(self, technology: Technology, tmp_path: Path) -> None:
        model = nn.Sequential(convert(self.torch_layer(), technology, config=ArrayConfig(bias="analog", acceptance_range=0.02)))
        assert not list(model.parameters())
        before = to_digital(model)
        learn(model, self.x, 20)
        after = dict(to_digital(model).named_parameters())
        assert any(not torch.equal(value, after[name]) for name, value in before.named_parameters() if "bias" in name)
        Chip(model).save(tmp_path / "chip")
        assert str(load_chip(tmp_path / "chip").model) == str(model)

    def test_a_frozen_layer_asks_for_nothing(self, technology: Technology) -> None:
        layer = self.torch_layer().requires_grad_(False)
        model, x = convert(layer, technology, config=QUICK_IDEAL), self.x.clone().requires_grad_()
        output(model, x).sum().backward()
        assert x.grad is not None
        assert not any(part.synapse.requests for _, part in analog_layers(model))

    def test_bad_numbers_name_the_layer(self, technology: Technology) -> None:
        model = convert(nn.Sequential(self.torch_layer()), technology, config=QUICK)
        x = self.x.clone()
        x.view(-1)[0] = float("nan")
        with pytest.raises(InvalidValueError, match=r"Layer '0.*: the inputs hold NaN"):
            model(x)
