"""A torch optimizer for networks on arrays: learning rules for the arrays, any torch optimizer for what is digital."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, final, overload

import torch
from torch import nn

from ohmnia._errors import InvalidValueError
from ohmnia._threads import one_thread
from ohmnia.nn import AnalogLinear, analog_layers, check_patterns, chosen
from ohmnia.training._abstract import AbstractRule
from ohmnia.training._rules import RULES
from ohmnia.training._watch import Watch, check_served

Loss = TypeVar("Loss")


@final
class AnalogOptimizer(torch.optim.Optimizer):
    """Trains arrays by pulses and digital parameters by gradient descent; works with torch's schedulers.

    The first parameter groups stand for the arrays, one for each rule and learning rate (a group's `lr` is the rule's); those
    of the digital optimizer follow, and are the very groups of that optimizer.

    Parameters
    ----------
    model
        A network with analog layers.
    rule
        A learning rule, e.g. `AGAD()`, for all layers, or a table by name or pattern (see `ohmnia.nn.convert`).
    lr
        Learning rate of the arrays, for all layers or a table by name or pattern.
    digital_lr
        Learning rate of the digital parameters, which plain SGD trains; None: `lr`, of a table its last entry.
    digital
        Another optimizer of the digital parameters, e.g. `torch.optim.Adam(model.parameters())`. It is stepped and cleared by
        this one, and its state is in this one's `state_dict`.

    Raises
    ------
    InvalidValueError
        No analog layer in the model; a learning rate that is not positive; a layer without a rule; a `digital` that has a
        learning rate besides, or that evaluates the network several times in a step; a rule that reads single columns, for a
        layer between wires.
    UnknownNameError
        A pattern that means no layer.
    StateError
        A rule that the technology of a layer cannot serve; the rules that it can are named.
    """

    def __init__(
        self,
        model: nn.Module,
        rule: AbstractRule | Mapping[str, AbstractRule],
        lr: float | Mapping[str, float],
        digital_lr: float | None = None,
        digital: torch.optim.Optimizer | None = None,
    ) -> None:
        self.layers = dict(analog_layers(model))
        if not self.layers:
            raise InvalidValueError("The model has no analog layer; make one with ohmnia.nn.convert(model, technology).")
        _check_digital(digital, digital_lr)
        rate = list(lr.values())[-1] if isinstance(lr, Mapping) else lr
        default = _positive(rate if digital_lr is None else digital_lr)
        self._digital: torch.optim.Optimizer | None = None
        self._rules: dict[int, tuple[AnalogLinear, AbstractRule]] = {}
        groups = self._array_groups(rule, lr)
        self._arrays = 0
        super().__init__(groups, {"lr": default})
        self._arrays = len(groups)
        self._watches: dict[int, Watch] = {}
        for key, (layer, own) in self._rules.items():
            for block in layer.synapse.blocks:
                own.prepare(block)
            self._watches[key] = Watch(layer.synapse.name, layer.synapse, own)
        parameters, self._is_plain = list(model.parameters()), digital is None
        if digital is None and parameters:
            digital = torch.optim.SGD(parameters, default)
        if digital is not None:
            self._join(digital)

    def _array_groups(
        self, rule: AbstractRule | Mapping[str, AbstractRule], lr: float | Mapping[str, float]
    ) -> list[dict[str, Any]]:
        """One group for each rule and learning rate, in the order of the layers."""
        check_patterns(rule, self.layers, "rule")
        check_patterns(lr, self.layers, "lr")
        groups: dict[tuple[int, float], dict[str, Any]] = {}
        for name, layer in self.layers.items():
            own, rate = chosen(rule, name), chosen(lr, name)
            if own is None or rate is None:
                raise InvalidValueError(f"Layer '{name}' has no rule or no lr; add an entry '*' at the end of the table.")
            if own.reads_columns and any(tile.wiring is not None for tile in layer.synapse.tiles()):
                raise _blind(name, own)
            group = groups.setdefault((id(own), rate), {"params": [], "lr": _positive(rate)})
            check_served(own, layer.synapse.device, name, RULES)
            group["params"].append(layer.handle)
            self._rules[id(layer.handle)] = layer, own
        return list(groups.values())

    def _join(self, digital: torch.optim.Optimizer) -> None:
        """Share groups and state with the digital optimizer, so that schedulers and `state_dict` see one optimizer."""
        self._digital, self.state = digital, digital.state
        self.param_groups.extend(digital.param_groups)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of digital parameters, with the options of the digital optimizer."""
        if not self._arrays:
            super().add_param_group(param_group)
        elif self._digital is None:
            self._join(torch.optim.SGD([param_group], self.defaults["lr"]))
        else:
            self._digital.add_param_group(param_group)
            self.param_groups.append(self._digital.param_groups[-1])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over learning rates, and groups and state of the digital optimizer."""
        super().load_state_dict(state_dict)
        if self._digital is not None:
            groups = self.param_groups[self._arrays :]
            for group in groups:
                group |= {name: value for name, value in self._digital.defaults.items() if name not in group}
            self._digital.__setstate__({"state": self.state, "param_groups": groups})

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], Loss]) -> Loss: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], Loss] | None = None) -> Loss | None:
        """Apply the rules to every queued update request, and step the digital optimizer.

        Parameters
        ----------
        closure
            Evaluates the network and its gradients, once; its result is returned.

        Raises
        ------
        ConvergenceError
            NaN, or more than half of an array's weights at a bound; looked for every 50 steps.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups[: self._arrays]:
            if group["lr"] > 0:
                self._apply([id(handle) for handle in group["params"]], float(group["lr"]))
        if self._digital is not None:
            self._step_digital(self._digital)
        self._drop_requests()
        return loss

    def _step_digital(self, digital: torch.optim.Optimizer) -> None:
        """Step the digital optimizer; of the plain SGD made here only the sum that it is, where no option asks for more.

        What torch does around the sum takes as long as the pulses of a small layer.
        """
        if self._is_plain and all(map(_is_plain, digital.param_groups)):
            for group in digital.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        parameter.add_(parameter.grad, alpha=-group["lr"])
            return
        with one_thread():
            digital.step()

    def _apply(self, keys: list[int], learning_rate: float) -> None:
        """Let the rule of a group learn what its layers have asked for."""
        asked = [key for key in keys if self._rules[key][0].synapse.requests]
        for key in asked:
            self._watches[key].before(learning_rate)
        if asked:
            self._rules[asked[0]][1].apply_all([self._rules[key][0].synapse for key in asked], learning_rate)
        for key in asked:
            self._watches[key].after()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the digital gradients and drop the queued update requests."""
        super().zero_grad(set_to_none)
        self._drop_requests()

    def _drop_requests(self) -> None:
        for layer in self.layers.values():
            layer.synapse.requests.clear()


def _is_plain(group: dict[str, Any]) -> bool:
    """Whether a group of torch's SGD asks for nothing but p - lr g."""
    odd = group["momentum"] or group["weight_decay"] or group["maximize"] or group["differentiable"]
    return not odd and isinstance(group["lr"], int | float)


def _positive(rate: float) -> float:
    if not 0 < rate < float("inf"):
        raise InvalidValueError(f"lr = {rate} is out of range; valid: a positive number.")
    return rate


def _check_digital(digital: torch.optim.Optimizer | None, digital_lr: float | None) -> None:
    if digital is not None and digital_lr is not None:
        raise InvalidValueError("digital_lr is that of plain SGD; the optimizer that is given as `digital` has its own.")
    if isinstance(digital, torch.optim.LBFGS):
        raise InvalidValueError("LBFGS evaluates the network several times in a step, and arrays cannot go back in between.")
    if isinstance(digital, AnalogOptimizer):
        raise InvalidValueError("`digital` is an optimizer of torch; for several rules give a table of rules.")


def _blind(name: str, rule: AbstractRule) -> InvalidValueError:
    """The error for a rule whose kernel would read a fast array as if its wires were ideal."""
    return InvalidValueError(
        f"Layer '{name}' lies between wires, and {type(rule).__name__} reads single columns of a fast array, which changes "
        "between the reads: the exact circuit is not solved there. Train this layer with SGD, MixedPrecision or ResidualTiles, "
        "or with wires = 'ideal'."
    )
