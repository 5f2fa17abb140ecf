"""The analog product as a differentiable function: reads in both directions, and an update request on the way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ohmnia.array import Synapse


class _AnalogProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, handle: Tensor, synapse: Synapse) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.synapse = synapse
        ctx.save_for_backward(x)
        return synapse.forward(x, "read")

    @staticmethod
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor | None, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        gradient = ctx.synapse.backward(d, "read") if ctx.needs_input_grad[0] else None
        if ctx.needs_input_grad[1] and gradient is None:
            ctx.synapse.request(x, d)
        elif ctx.needs_input_grad[1]:
            ctx.synapse.queue(x, d)
        return gradient, None, None


def analog_product(x: Tensor, handle: Tensor, synapse: Synapse) -> Tensor:
    """y = W x on arrays.

    Only the grad mode decides what this is: with gradients a training read that records an update request in the backward
    pass, without them an evaluation read, drawn from another stream.

    Parameters
    ----------
    x
        (*batch, in), float32.
    handle
        A scalar that requires a gradient; it makes autograd call back even where `x` needs none. Where it requires none, the
        weights are frozen: nothing is queued.
    synapse
        The weight matrix.

    Returns
    -------
    Tensor
        (*batch, out).

    Raises
    ------
    InvalidValueError
        NaN or infinity in the inputs or in the gradients; the text names the layer.
    """
    flat = (x if x.ndim == 2 else x.reshape(-1, x.shape[-1])).float()
    y = _AnalogProduct.apply(flat, handle, synapse) if torch.is_grad_enabled() else synapse.forward(flat, "evaluate")
    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], synapse.shape[0])
