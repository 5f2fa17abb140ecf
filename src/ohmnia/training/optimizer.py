"""A torch optimizer for networks on arrays: a learning rule for the arrays, plain SGD for what is digital."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import nn

from ohmnia._errors import InvalidValueError
from ohmnia._threads import one_thread
from ohmnia.nn import analog_layers
from ohmnia.training._abstract import AbstractRule


@final
class AnalogOptimizer(torch.optim.Optimizer):
    """Trains arrays by pulses and digital parameters by gradient descent; works with torch's schedulers.

    The first parameter group stands for the arrays (its `lr` is the rule's), the second holds the digital parameters.

    Parameters
    ----------
    model
        A network with analog layers.
    rule
        A learning rule, e.g. `AGAD()`.
    lr
        Learning rate of both groups.
    digital_lr
        Learning rate of the digital parameters, if it is another one.

    Raises
    ------
    InvalidValueError
        No analog layer in the model, or a learning rate that is not positive.
    """

    def __init__(self, model: nn.Module, rule: AbstractRule, lr: float, digital_lr: float | None = None) -> None:
        self.layers = dict(analog_layers(model))
        if not self.layers:
            raise InvalidValueError("The model has no analog layer; make one with ohmnia.nn.convert(model, technology).")
        for rate in (lr, digital_lr if digital_lr is not None else lr):
            if not 0 < rate < float("inf"):
                raise InvalidValueError(f"lr = {rate} is out of range; valid: a positive number.")
        self.rule = rule
        for layer in self.layers.values():
            for block in layer.synapse.blocks:
                rule.prepare(block)
        groups: list[dict[str, Any]] = [{"params": [layer.handle for layer in self.layers.values()], "lr": lr}]
        digital = list(model.parameters())
        if digital:
            groups.append({"params": digital, "lr": lr if digital_lr is None else digital_lr})
        super().__init__(groups, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply the rule to every queued update request, and a gradient step to the digital parameters."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        arrays, *digital = self.param_groups
        if arrays["lr"] > 0:
            for layer in self.layers.values():
                self.rule.apply(layer.synapse, arrays["lr"])
        with one_thread():
            for parameter, rate in ((p, group["lr"]) for group in digital for p in group["params"]):
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-rate)
        self._drop_requests()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the digital gradients and drop the queued update requests."""
        super().zero_grad(set_to_none)
        self._drop_requests()

    def _drop_requests(self) -> None:
        for layer in self.layers.values():
            layer.synapse.requests.clear()
