"""The fully connected layer: product, bias, warning, and a state_dict that loses nothing."""

from __future__ import annotations

import copy
import io
import warnings

import pytest
import torch
from torch import nn

from contracts.analog_layer import AnalogLayerContract, known
from helpers import QUICK, QUICK_IDEAL, make_synapse, scatter, values
from ohmnia._errors import InvalidValueError
from ohmnia.array import ArrayConfig, UpdateRequest
from ohmnia.device import Device
from ohmnia.nn import AnalogLinear, Matrix
from ohmnia.nn import linear as linear_module
from ohmnia.training import AGAD, AnalogOptimizer

QUICK_AGAD = AGAD(in_chop_prob=0.5, scaling="granularity")


def make_layer(device: Device, seed: int = 0, **options: bool) -> AnalogLinear:
    """6 inputs, 4 outputs, real converters, weights all over the window."""
    synapse = make_synapse(device, config=QUICK, seed=seed)
    scatter(synapse.blocks[0].slow, seed)
    return AnalogLinear(synapse, **options)


def train(layer: nn.Module, steps: int, seed: int, optimizer: AnalogOptimizer | None = None) -> AnalogOptimizer:
    """A few steps of AGAD."""
    optimizer = optimizer or AnalogOptimizer(layer, QUICK_AGAD, lr=0.5)
    for step in range(steps):
        optimizer.zero_grad()
        layer(values(seed + step, 5, 6)).square().mean().backward()
        optimizer.step()
    return optimizer


def bits(layer: AnalogLinear) -> list[object]:
    """All state of a layer."""
    tensors, metadata = layer.synapse.state()
    return [{name: value.numpy().tobytes() for name, value in tensors.items()}, metadata, layer.bias.detach().numpy().tobytes()]


def test_y_is_w_x_plus_b(device: Device) -> None:
    layer = AnalogLinear(make_synapse(device, scale=2.0))
    scatter(layer.synapse.blocks[0].slow)
    with torch.no_grad():
        assert not layer.bias.any()
        layer.bias.copy_(torch.tensor([1.0, -2.0, 3.0, 0.5]))
        x = values(0, 2, 3, 6)
        expected = nn.functional.linear(x, layer.synapse.weights(), layer.bias)
        torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-5)
    assert (layer.in_features, layer.out_features) == (6, 4)


def test_without_a_bias_there_is_no_parameter(device: Device) -> None:
    assert not list(make_layer(device, bias=False).parameters())
    assert [name for name, _ in make_layer(device).named_parameters()] == ["bias"]


def test_the_bias_learns_its_own_gradient(device: Device) -> None:
    layer, d = make_layer(device), values(1, 5, 4)
    layer(values(0, 5, 6)).backward(d)
    torch.testing.assert_close(layer.bias.grad, d.sum(0))


@pytest.mark.parametrize("mode", [True, False])
def test_train_and_eval_change_nothing_physical(device: Device, mode: bool) -> None:
    layer, x = make_layer(device), values(0, 5, 6)
    expected = make_layer(device)(x)
    layer.train(mode)
    y = layer(x)
    y.sum().backward()
    assert torch.equal(y, expected)
    assert len(layer.synapse.requests) == 1


def test_requests_that_pile_up_are_reported_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_module, "_PILE", 3)
    layer, x = make_layer(device), values(0, 2, 6)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(10):
            optimizer.zero_grad()
            layer(x).sum().backward()
            optimizer.step()
            # Four requests wait before the fifth forward pass.
            assert len(caught) == (len(layer.synapse.requests) > 4)
    assert "Layer 'layer' has 4 update requests" in str(caught[0].message)
    assert "AnalogOptimizer" in str(caught[0].message)


def test_the_pile_is_a_thousand_requests(device: Device) -> None:
    layer, x = make_layer(device), values(0, 1, 6)
    layer.synapse.requests = [UpdateRequest(x, values(1, 1, 4))] * 1000
    layer(x)
    layer.synapse.requests *= 2
    with pytest.warns(UserWarning, match="2000 update requests"):
        layer(x)


def test_an_optimizer_that_takes_the_requests_keeps_the_layer_quiet(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    # The suite turns warnings into errors.
    monkeypatch.setattr(linear_module, "_PILE", 2)
    train(make_layer(device), 6, 0)


def test_a_state_dict_loses_nothing(device: Device) -> None:
    layer, other = make_layer(device), make_layer(device, seed=1)
    optimizer = train(layer, 20, 0)
    layer.synapse.advance(100.0)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert bits(other) == bits(layer)
    train(layer, 20, 50, optimizer)
    train(other, 20, 50)
    assert layer.synapse.activity()["slow"].pulses > 0
    assert bits(other) == bits(layer)


def test_a_state_dict_is_no_view(device: Device) -> None:
    layer = make_layer(device)
    train(layer, 10, 0)
    saved, before = layer.state_dict(), bits(layer)
    # torch itself hands out the bias as a view.
    saved["bias"] = saved["bias"].clone()
    train(layer, 10, 20)
    assert bits(layer) != before
    layer.load_state_dict(saved)
    assert bits(layer) == before


def test_a_copied_layer_lives_its_own_life(device: Device) -> None:
    layer = make_layer(device)
    train(layer, 5, 0)
    before, twin = bits(layer), copy.deepcopy(layer)
    train(twin, 20, 30)
    assert bits(layer) == before
    train(layer, 20, 30)
    assert bits(layer) == bits(twin)


class TestLinear(AnalogLayerContract):
    x = values(50, 4, 5)

    def torch_layer(self) -> nn.Module:
        return known(nn.Linear(5, 4))


def test_an_analog_bias_is_a_column_that_is_driven_by_one(device: Device) -> None:
    config = QUICK_IDEAL.model_copy(update={"bias": "analog"})
    layer = AnalogLinear(make_synapse(device, config=config, scale=2.0))
    scatter(layer.synapse.blocks[0].slow)
    assert (layer.in_features, layer.out_features) == (5, 4)
    x, d, weights = values(0, 2, 3, 5).requires_grad_(), values(1, 2, 3, 4), layer.synapse.weights()
    y = layer(x)
    torch.testing.assert_close(y, nn.functional.linear(x, weights[:, :5], weights[:, 5]), rtol=1e-5, atol=1e-5)
    y.backward(d)
    assert x.grad.shape == x.shape
    (request,) = layer.synapse.requests
    assert torch.equal(request.x[:, 5], torch.ones(6))
    assert repr(layer) == "AnalogLinear(5, 4, bias='analog', cmo-hfox, one-device)"
    assert AnalogLinear(make_synapse(device, config=config), bias=False).in_features == 6


@pytest.mark.parametrize("config", [QUICK_IDEAL, QUICK_IDEAL.model_copy(update={"bias": "analog"})], ids=["digital", "analog"])
def test_what_is_written_is_held(device: Device, config: ArrayConfig) -> None:
    layer = AnalogLinear(make_synapse(device, config=config))
    matrix = Matrix(0.5 * values(1, 4, layer.in_features), 0.3 * values(2, 4))
    layer.write(matrix)
    held = layer.matrix()
    # 2 % of at most 88.2 uS, on half a window of 39.6 uS.
    torch.testing.assert_close(held.weight, matrix.weight, rtol=0, atol=0.02 * 88.2 / 39.6 * 1.001)
    torch.testing.assert_close(held.bias, matrix.bias, rtol=0, atol=0.02 * 88.2 / 39.6 * 1.001)
    with pytest.raises(InvalidValueError, match="Layer 'layer': only a layer with a bias takes one, and it needs one"):
        layer.write(Matrix(matrix.weight, None))


def test_what_is_printed_names_the_technology(device: Device) -> None:
    assert repr(make_layer(device)) == "AnalogLinear(6, 4, bias=True, cmo-hfox, one-device)"


def test_bad_inputs_name_the_layer(device: Device) -> None:
    with pytest.raises(InvalidValueError, match="'layer'.*inputs"):
        make_layer(device)(torch.full((2, 6), float("nan")))


@pytest.mark.parametrize("width", [5, 7, 12])
def test_inputs_of_another_width_name_the_layer(device: Device, width: int) -> None:
    with pytest.raises(InvalidValueError, match="'layer'.*6"):
        make_layer(device)(torch.ones(2, width))
