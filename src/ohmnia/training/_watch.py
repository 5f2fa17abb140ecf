"""What goes wrong in training: a rule that the device cannot serve, arrays at their bounds."""

from __future__ import annotations

from typing import final

from ohmnia._errors import ConvergenceError, StateError
from ohmnia._registry import Registry
from ohmnia.array import Synapse, saturated_share
from ohmnia.device import Device
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT, AbstractRule

_MOST_SATURATED = 0.5
_EVERY_STEPS = 50


def offers(device: Device) -> set[str]:
    """What a device has of all that rules need."""
    if not device.update.bidirectional:
        return set()
    inside = device.g_min_siemens < device.update.symmetry_point_siemens < device.g_max_siemens
    return {BOTH_WAYS, SYMMETRY_POINT} if inside else {BOTH_WAYS}


def check_served(rule: AbstractRule, device: Device, layer: str, rules: Registry[type[AbstractRule]]) -> None:
    """Refuse a rule that needs what the device lacks.

    Raises
    ------
    StateError
        With what is missing, and the rules that the device can serve.
    """
    there = offers(device)
    missing = [need for need in rule.needs if need not in there]
    if not missing:
        return
    able = [name for name in rules if set(rules.get(name).needs) <= there]
    fix = (
        f"Rules that it can serve: {', '.join(able)}."
        if able
        else (
            "No rule can train it: its arrays are programmed only. To train, add [laws.update] to a technology file of your own."
        )
    )
    law = "" if there else " (it has no update law)"
    raise StateError(
        f"Layer '{layer}': {type(rule).__name__} needs {' and '.join(missing)}, which the technology "
        f"'{device.technology.id}' does not have{law}. {fix}"
    )


@final
class Watch:
    """Follows one layer in training; `name` is for its texts."""

    def __init__(self, name: str, synapse: Synapse) -> None:
        self.name, self.synapse, self.steps = name, synapse, 0

    def after(self) -> None:
        """Judge the step.

        Raises
        ------
        ConvergenceError
            NaN in an array, or more than half of its weights at a bound.
        """
        self.steps += 1
        if self.steps % _EVERY_STEPS == 0:
            self._check_bounds()

    def _check_bounds(self) -> None:
        for block in self.synapse.blocks:
            share = saturated_share(block.slow)
            if share <= _MOST_SATURATED:
                continue
            found = "NaN in its cells" if share != share else f"{100 * share:.0f} % of its weights at a bound"
            raise ConvergenceError(
                f"Layer '{self.name}', step {self.steps}: the array has {found}. Training has diverged; try a smaller learning "
                "rate, a larger output_scale, or a rule that suits the device (`ohmnia rules`)."
            )
