"""Conversion of networks: what is replaced, what the arrays then hold, scales, and errors that name the layer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import ohmnia
from contracts.analog_layer import known
from helpers import IDEAL, QUICK, QUICK_IDEAL, near_ideal, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import ArrayConfig
from ohmnia.device import Device
from ohmnia.nn import AnalogLinear, analog_layers, convert, to_digital
from ohmnia.nn.convert import default_scale
from ohmnia.technology import Technology

MID_WINDOW = ArrayConfig(zero="mid-window", acceptance_range=0.02, periphery=IDEAL)


def network() -> nn.Sequential:
    """6-5-3 with known weights; nothing is drawn from torch's global generator."""
    model = nn.Sequential(*(nn.utils.skip_init(nn.Linear, *shape) for shape in ((6, 5), (5, 3))))
    model.insert(1, nn.Sigmoid())
    for seed, layer in enumerate((model[0], model[2])):
        layer.load_state_dict({"weight": 0.5 * values(seed, *layer.weight.shape), "bias": values(seed + 7, len(layer.bias))})
    return model


def state_bits(model: nn.Module) -> list[bytes]:
    """Conductances and parameters of every array."""
    tiles = [tile for _, layer in analog_layers(model) for tile in layer.synapse.tiles()]
    return [value.numpy().tobytes() for tile in tiles for value in tile.tensors().values()]


@pytest.mark.parametrize("purpose", ["training", "inference"])
@pytest.mark.parametrize("mapping", ["one-device", "differential"])
def test_the_arrays_hold_the_weights(technology: Technology, purpose: str, mapping: str) -> None:
    model = network()
    zero = "symmetry-point" if purpose == "training" else "mid-window"
    config = ArrayConfig(mapping=mapping, zero=zero, acceptance_range=0.002, periphery=IDEAL)
    converted = convert(model, technology, purpose, config=config)
    for name, layer in analog_layers(converted):
        digital = model.get_submodule(name)
        # 0.2 % of at most 88.2 uS; a pair has it twice over the whole window.
        error = layer.synapse.output_scale * 0.002 * 88.2 / 39.6 * 1.001
        torch.testing.assert_close(layer.synapse.weights(), digital.weight.detach(), rtol=0, atol=error)
        assert torch.equal(layer.bias.detach(), digital.bias.detach())
    x = values(5, 8, 6)
    with torch.no_grad():
        # Two layers of 6 and 5 such errors, of a sum of absolute values at worst.
        torch.testing.assert_close(converted(x), model(x), rtol=0, atol=0.1)
        assert float((converted(x) - model(x)).abs().max()) > 0


def test_the_original_is_left_as_it_is(technology: Technology) -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    converted = convert(model, technology, config=QUICK)
    with torch.no_grad():
        converted[0].bias.add_(1.0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid", "Linear"]
    assert [type(layer).__name__ for layer in converted] == ["AnalogLinear", "Sigmoid", "AnalogLinear"]


def test_layers_are_found_at_any_depth_and_named_by_their_path(technology: Technology) -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Identity(), network())
            self.head = nn.Linear(3, 2, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x))

    converted = convert(Deep(), technology, config=QUICK)
    names = ["body.1.0", "body.1.2", "head"]
    assert [name for name, _ in analog_layers(converted)] == names
    assert [layer.synapse.name for _, layer in analog_layers(converted)] == names
    assert converted.head.bias is None
    assert converted(values(0, 4, 6)).shape == (4, 2)


def test_a_lone_layer_becomes_an_analog_layer(technology: Technology) -> None:
    converted = convert(network()[0], technology, config=QUICK)
    assert isinstance(converted, AnalogLinear)
    assert converted.synapse.name == "model"


def test_excluded_layers_stay_digital(technology: Technology) -> None:
    converted = convert(network(), technology, config=QUICK, exclude=("2",))
    assert [name for name, _ in analog_layers(converted)] == ["0"]
    assert isinstance(converted[2], nn.Linear)


def test_a_shared_layer_stays_shared(technology: Technology) -> None:
    shared = nn.Linear(4, 4)
    converted = convert(nn.Sequential(shared, nn.Sigmoid(), shared), technology, config=QUICK)
    assert isinstance(converted[2], AnalogLinear)
    assert converted[0] is converted[2]


# --- scales and zero --------------------------------------------------------------------------------------------------


def test_weight_zero_follows_the_purpose(technology: Technology) -> None:
    model = nn.Sequential(network()[0])
    for purpose, g_zero in (("training", 43.15e-6), ("inference", 48.6e-6)):
        tile = convert(model, technology, purpose)[0].synapse.blocks[0].slow
        assert tile.mapping.g_zero_siemens == pytest.approx(g_zero, rel=1e-6)


def test_weight_zero_follows_the_purpose_beside_other_settings(technology: Technology) -> None:
    config = ArrayConfig(acceptance_range=0.02, periphery=IDEAL)
    tile = convert(network(), technology, "inference", config=config)[0].synapse.blocks[0].slow
    assert tile.mapping.g_zero_siemens == pytest.approx(48.6e-6, rel=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_inference_scale_fills_the_window(device: Device, sign: float) -> None:
    weight = sign * torch.tensor([[0.03, -0.2], [0.1, 0.0]])
    assert default_scale(weight, device, MID_WINDOW, "inference") == pytest.approx(0.2)
    # From the symmetry point, 43.15 uS, there is more room upwards (45.05 uS) than downwards (34.15 uS).
    low, high = 34.15 / 39.6, 45.05 / 39.6
    expected = max(0.1 / high, 0.2 / low) if sign > 0 else max(0.2 / high, 0.1 / low)
    assert default_scale(weight, device, QUICK, "inference") == pytest.approx(expected, rel=1e-6)


def test_the_training_scale_follows_the_inputs_and_holds_the_weights(device: Device) -> None:
    for inputs in (4, 64, 784):
        assert default_scale(torch.full((2, inputs), 0.01), device, MID_WINDOW, "training") == pytest.approx(12 / inputs**0.5)
    assert default_scale(torch.full((2, 4), 9.0), device, MID_WINDOW, "training") == pytest.approx(9.0)


def test_weights_of_zero_have_a_scale(technology: Technology) -> None:
    model = nn.Linear(4, 2, bias=False)
    nn.init.zeros_(model.weight)
    converted = convert(model, technology, "inference", config=QUICK_IDEAL)
    assert torch.isfinite(converted(torch.ones(1, 4))).all()


def test_a_given_scale_is_used(technology: Technology) -> None:
    for given, expected in ((2.5, [2.5, 2.5]), ({"0": 4.0}, [4.0, 12 / 5**0.5])):
        converted = convert(network(), technology, config=QUICK, output_scale=given)
        assert [layer.synapse.output_scale for _, layer in analog_layers(converted)] == pytest.approx(expected)


# --- determinism ------------------------------------------------------------------------------------------------------


def test_the_seed_decides_every_cell(technology: Technology) -> None:
    first, again, other = (state_bits(convert(network(), technology, config=QUICK, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert all(a != b for a, b in zip(first[:2], other[:2], strict=True))


def test_layers_of_one_shape_have_their_own_cells(technology: Technology) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    first, second = (layer.synapse.blocks[0].slow for _, layer in analog_layers(convert(model, technology, config=QUICK)))
    assert not (first.parameters[0] == second.parameters[0]).any()


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "place"), [("weight", (1, 2)), ("bias", (1,))])
@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_bad_weights_name_the_layer(technology: Technology, kind: str, place: tuple[int, ...], bad: float) -> None:
    model = network()
    with torch.no_grad():
        getattr(model[2], kind)[place] = bad
    with pytest.raises(InvalidValueError, match=f"Layer '2': its {kind} holds NaN or infinity"):
        convert(model, technology, config=QUICK)


def test_weights_that_a_given_scale_cannot_hold_name_the_layer(technology: Technology) -> None:
    with pytest.raises(InvalidValueError, match="Layer '2': tile weight .* out of range.*larger output scale"):
        convert(network(), technology, config=QUICK, output_scale={"2": 0.1})


def test_unknown_names_answer_with_the_nearest(technology: Technology) -> None:
    with pytest.raises(UnknownNameError, match="Unknown purpose 'inferense'.*Did you mean 'inference'"):
        convert(network(), technology, "inferense")
    model = nn.Sequential()
    model.add_module("hidden", nn.Linear(2, 2))
    for options in ({"exclude": ("hiden",)}, {"output_scale": {"hiden": 1.0}}, {"config": {"hiden": QUICK}}):
        with pytest.raises(UnknownNameError, match=f"Unknown layer 'hiden' in {next(iter(options))}.*Did you mean 'hidden'"):
            convert(model, technology, **options)
    with pytest.raises(UnknownNameError, match="Unknown layer 'hiden' in technology.*Did you mean 'hidden'"):
        convert(model, {"hiden": technology, "*": technology})
    with pytest.raises(UnknownNameError, match="Did you mean 'differential'"):
        convert(model, technology, config=ArrayConfig(mapping="diferential"))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_is_a_positive_number(technology: Technology, scale: float) -> None:
    with pytest.raises(InvalidValueError, match="output_scale"):
        convert(network(), technology, config=QUICK, output_scale=scale)


def test_a_model_without_layers_is_refused(technology: Technology) -> None:
    with pytest.raises(InvalidValueError, match="no layer to put on arrays"):
        convert(nn.Sequential(nn.ReLU()), technology)
    with pytest.raises(InvalidValueError, match="no layer to put on arrays"):
        convert(network(), technology, exclude=("0", "2"))


def test_the_public_name_is_this_function() -> None:
    assert ohmnia.nn.convert is convert


# --- choices by layer -------------------------------------------------------------------------------------------------


def sequence_network() -> nn.Module:
    """Convolution, LSTM and linear layer, by name."""
    torch_layers = {"conv": nn.Conv1d(2, 3, 2), "body": nn.ModuleDict({"lstm": nn.LSTM(3, 2)}), "head": nn.Linear(2, 2)}
    return known(nn.ModuleDict(torch_layers))


def test_technology_layout_and_scale_are_chosen_by_layer(technology: Technology, tmp_path: Path) -> None:
    other = near_ideal(tmp_path)
    pair = ArrayConfig(mapping="differential", acceptance_range=0.02)
    model = convert(
        sequence_network(),
        {"body.lstm.ih_*": other, "*": technology},
        config={"body": pair, "*": QUICK},
        output_scale={"*.hh_l0": 30.0, "head": 20.0},
    )
    found = {
        name: (layer.synapse.device.technology.id, layer.synapse.config.mapping, round(layer.synapse.output_scale, 3))
        for name, layer in analog_layers(model)
    }
    assert found == {
        "conv.group_0": ("cmo-hfox", "one-device", 6.0),
        "body.lstm.ih_l0": ("variant", "differential", round(12 / 3**0.5, 3)),
        "body.lstm.hh_l0": ("cmo-hfox", "differential", 30.0),
        "head": ("cmo-hfox", "one-device", 20.0),
    }
    assert model["conv"].parts()["group_0"].synapse.config.zero == "symmetry-point"


def test_a_layer_without_a_technology_is_named(technology: Technology) -> None:
    with pytest.raises(InvalidValueError, match=r"Layer 'body.lstm.ih_l0' has no technology; add an entry '\*'"):
        convert(sequence_network(), {"conv": technology, "head": technology})


def test_a_bias_can_be_analog_in_one_layer_only(technology: Technology) -> None:
    model = convert(sequence_network(), technology, config={"head": QUICK.model_copy(update={"bias": "analog"}), "*": QUICK})
    assert [name for name, _ in model.named_parameters() if "head" in name] == []
    assert model["head"].synapse.shape == (2, 3)
    assert model["conv"].parts()["group_0"].bias is not None


def test_modes_and_frozen_parameters_are_kept(technology: Technology) -> None:
    network = sequence_network()
    network["conv"].eval().requires_grad_(False)
    network["head"].bias.requires_grad_(False)
    model = convert(network, technology, config=QUICK)
    conv, head = model["conv"], model["head"]
    assert (conv.training, head.training) == (False, True)
    assert (conv.parts()["group_0"].handle.requires_grad, head.handle.requires_grad) == (False, True)
    assert (conv.parts()["group_0"].bias.requires_grad, head.bias.requires_grad) == (False, False)
    assert not to_digital(model)["conv"].training


# --- and back ---------------------------------------------------------------------------------------------------------


def test_a_digital_network_computes_what_the_arrays_hold(technology: Technology) -> None:
    model = convert(network(), technology, config=QUICK_IDEAL)
    back, x = to_digital(model), values(5, 8, 6)
    assert [type(layer).__name__ for layer in back] == ["Linear", "Sigmoid", "Linear"]
    with torch.no_grad():
        torch.testing.assert_close(back(x), model(x), rtol=1e-5, atol=1e-5)
    assert [type(layer).__name__ for layer in model] == ["AnalogLinear", "Sigmoid", "AnalogLinear"]
    reads = [layer.synapse.blocks[0].slow.activity.reads for _, layer in analog_layers(model)]
    to_digital(model)
    assert reads == [layer.synapse.blocks[0].slow.activity.reads for _, layer in analog_layers(model)]


def test_a_digital_network_shares_nothing(technology: Technology) -> None:
    model = convert(network(), technology, config=QUICK)
    before, back = state_bits(model), to_digital(model)
    with torch.no_grad():
        for parameter in back.parameters():
            parameter.add_(1.0)
    assert state_bits(model) == before
    assert float((back[0].bias - model[0].bias).min().detach()) == pytest.approx(1.0)


def test_what_is_shared_or_lone_or_digital_comes_back_so(technology: Technology) -> None:
    shared = nn.Linear(4, 4)
    model = convert(nn.Sequential(shared, nn.Linear(4, 4), shared), technology, config=QUICK, exclude=("1",))
    back = to_digital(model)
    assert back[0] is back[2]
    assert torch.equal(back[1].weight, model[1].weight)
    assert type(to_digital(convert(shared, technology, config=QUICK))) is nn.Linear
    with pytest.raises(InvalidValueError, match="digital already"):
        to_digital(back)
