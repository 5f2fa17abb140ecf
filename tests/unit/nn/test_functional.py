"""The analog product: what it returns, what it asks to learn, and from which streams it reads."""

from __future__ import annotations

import pytest
import torch

from helpers import QUICK, make_synapse, scatter, values
from ohmnia._errors import InvalidValueError
from ohmnia.array import Synapse
from ohmnia.device import Device
from ohmnia.nn import analog_product


def handle() -> torch.Tensor:
    return torch.zeros((), requires_grad=True)


@pytest.fixture
def synapse(device: Device) -> Synapse:
    """4 outputs, 6 inputs, weights all over the window, ideal converters."""
    made = make_synapse(device, scale=1.5)
    scatter(made.blocks[0].slow)
    return made


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (0,), (1, 1, 2)])
def test_leading_dimensions_are_kept(synapse: Synapse, batch: tuple[int, ...]) -> None:
    x = values(0, *batch, 6)
    y = analog_product(x, handle(), synapse)
    assert y.shape == (*batch, 4)
    torch.testing.assert_close(y.detach(), x @ synapse.weights().T, rtol=1e-5, atol=1e-5)


def test_gradients_are_those_of_a_linear_layer(synapse: Synapse) -> None:
    x, d = values(0, 2, 3, 6).requires_grad_(), values(1, 2, 3, 4)
    analog_product(x, handle(), synapse).backward(d)
    torch.testing.assert_close(x.grad, d @ synapse.weights(), rtol=1e-5, atol=1e-5)


def test_the_request_is_the_flattened_input_and_gradient(synapse: Synapse) -> None:
    x, d = values(0, 2, 3, 6), values(1, 2, 3, 4)
    analog_product(x, handle(), synapse).backward(d)
    (request,) = synapse.requests
    assert torch.equal(request.x, x.reshape(6, 6))
    assert torch.equal(request.d, d.reshape(6, 4))


def test_the_gradient_carries_the_mean_over_the_batch(synapse: Synapse) -> None:
    y = analog_product(values(0, 8, 6), handle(), synapse)
    y.mean().backward()
    torch.testing.assert_close(synapse.requests[0].d, torch.full((8, 4), 1 / 32))


def test_uses_queue_in_the_order_of_the_backward_pass(device: Device) -> None:
    synapse = make_synapse(device, (4, 4))
    inner = analog_product(values(0, 2, 4), handle(), synapse)
    analog_product(inner, handle(), synapse).sum().backward()
    assert [torch.equal(request.x, inner.detach()) for request in synapse.requests] == [True, False]


def test_inputs_that_need_no_gradient_cost_no_backward_read(synapse: Synapse) -> None:
    tile = synapse.blocks[0].slow
    analog_product(values(0, 5, 6), handle(), synapse).sum().backward()
    assert tile.activity.reads == 5
    analog_product(values(0, 5, 6).requires_grad_(), handle(), synapse).sum().backward()
    assert tile.activity.reads == 5 + 2 * 5


def test_a_forward_pass_alone_asks_for_nothing(synapse: Synapse) -> None:
    analog_product(values(0, 5, 6), handle(), synapse)
    assert not synapse.requests


def test_a_frozen_layer_asks_for_nothing_and_passes_gradients_on(synapse: Synapse) -> None:
    x = values(0, 5, 6).requires_grad_()
    y = analog_product(x, torch.zeros(()), synapse)
    y.backward(values(1, 5, 4))
    assert not synapse.requests
    torch.testing.assert_close(x.grad, values(1, 5, 4) @ synapse.weights(), rtol=1e-5, atol=1e-5)


def test_only_the_grad_mode_decides_the_stream(synapse: Synapse) -> None:
    uses = synapse.blocks[0].slow.uses.counts
    with torch.no_grad():
        assert not analog_product(values(0, 5, 6), handle(), synapse).requires_grad
    assert (uses["read"], uses["evaluate"]) == (0, 1)
    with torch.inference_mode():
        analog_product(values(0, 5, 6), handle(), synapse)
    assert (uses["read"], uses["evaluate"]) == (0, 2)
    assert analog_product(values(0, 5, 6), handle(), synapse).requires_grad
    assert (uses["read"], uses["evaluate"]) == (1, 2)


def test_evaluation_and_training_reads_draw_different_noise(device: Device) -> None:
    synapse = make_synapse(device, config=QUICK)
    with torch.no_grad():
        evaluated = analog_product(values(0, 5, 6), handle(), synapse)
    read = analog_product(values(0, 5, 6), handle(), synapse).detach()
    assert not torch.equal(evaluated, read)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.int64])
def test_other_number_types_are_read_as_float32(synapse: Synapse, kind: torch.dtype) -> None:
    x = (4 * values(0, 5, 6)).to(kind)
    y = analog_product(x, handle(), synapse)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y.detach(), x.float() @ synapse.weights().T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_bad_numbers_name_the_layer(synapse: Synapse, bad: float) -> None:
    x = values(0, 5, 6)
    x[4, 5] = bad
    for mode in (torch.no_grad(), torch.enable_grad()):
        with mode, pytest.raises(InvalidValueError, match="Layer 'layer': the inputs hold NaN or infinity"):
            analog_product(x, handle(), synapse)
    y = analog_product(values(0, 5, 6), handle(), synapse)
    with pytest.raises(InvalidValueError, match="Layer 'layer': the output gradients hold NaN or infinity"):
        (y.sum() * bad).backward()
    assert not synapse.requests
