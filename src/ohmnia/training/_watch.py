"""What goes wrong in training: a rule that the device cannot serve, arrays at bounds, no pulses, trains that are too short."""

from __future__ import annotations

import warnings
from typing import final

import torch

from ohmnia._errors import ConvergenceError, StateError, TrainingWarning
from ohmnia._registry import Registry
from ohmnia.array import Synapse, saturated_share
from ohmnia.device import Device
from ohmnia.training._abstract import BOTH_WAYS, NO_ERROR, SYMMETRY_POINT, AbstractRule

_MOST_SATURATED = 0.5
_EVERY_STEPS, _WINDOW_STEPS = 50, 200
# A weight that may get a tenth of a pulse in the window is not silent; neither is one that has a thousandth of its first.
_FEW_PULSES, _HARDLY_WAITING = 0.1, 1e-3
_ONLY_SHORT = 0.99


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
    """Follows one layer in training; `name` is for its texts.

    It warns, each once for a layer. First, of no pulses: the gradient, which never gave one, gives none in the first steps that
    ask for something, and the rule asks for none worth the name; or the slow array never had one, and the rule's digital memory
    holds next to nothing of the first. Second, of trains that are too short for what every sample asks.
    """

    def __init__(self, name: str, synapse: Synapse, rule: AbstractRule) -> None:
        self.name, self.synapse, self.rule, self.steps = name, synapse, rule, 0
        self._asked_steps, self._asked_pulses = 0, 0.0
        self._samples, self._short, self._first = 0, 0, True
        self._silent = self._late = self._roomy = True

    def before(self, learning_rate: float) -> None:
        """Note what a step asks for."""
        if self._first:
            self._first, self._short = False, self._short_updates()
        self._samples += sum(len(request.x) for request in self.synapse.requests)
        if self._silent:
            self._note_pulses(learning_rate)

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
        if self._silent:
            self._check_pulses()
        if self.steps % _WINDOW_STEPS == 0:
            if self._late:
                self._check_slow()
            if self._roomy:
                self._check_trains()

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

    def _note_pulses(self, learning_rate: float) -> None:
        """Add up the most that a weight can have been asked for; only while no pulse has come."""
        products = torch.cat([request.x.abs().amax(1) * request.d.abs().amax(1) for request in self.synapse.requests])
        if len(products) and float(products.max()) > NO_ERROR:
            tile, rate = self.rule.taught(self.synapse.blocks[0]), learning_rate / self.synapse.output_scale
            self._asked_steps += 1
            self._asked_pulses += self.rule.most_pulses(tile, products, rate)

    def _check_pulses(self) -> None:
        if any(self.rule.taught(block).activity.pulses for block in self.synapse.blocks) or self._asked_pulses > _FEW_PULSES:
            self._silent = False
        elif self._asked_steps >= _WINDOW_STEPS:
            self._silent = False
            each = self._asked_pulses / self._asked_steps
            self._warn(
                f"the gradient has given no pulse in the first {self._asked_steps} steps; {type(self.rule).__name__} asks for at "
                f"most {each:.1g} pulses of a cell in a step, so that nothing is learned. {self.rule.quiet_fix}"
            )

    def _check_slow(self) -> None:
        blocks = self.synapse.blocks
        if any(block.slow.activity.pulses for block in blocks):
            self._late = False
            return
        waiting = [part for block in blocks if (part := self.rule.waiting(block)) is not None]
        if len(waiting) < len(blocks):
            return
        self._late = False
        if max(waiting) < _HARDLY_WAITING:
            self._warn(
                f"no pulse on the slow array in {self.steps} steps, and the digital memory of {type(self.rule).__name__} holds "
                f"at most {max(waiting):.1g} of the first one. Try a larger learning rate."
            )

    def _short_updates(self) -> int:
        """Updates so far that were cut short, on a mean block."""
        blocks = self.synapse.blocks
        return sum(self.rule.taught(block).activity.short_updates for block in blocks) // len(blocks)

    def _check_trains(self) -> None:
        before, samples = self._short, self._samples
        self._short, self._samples = self._short_updates(), 0
        share = (self._short - before) / samples if samples else 0.0
        if share < _ONLY_SHORT:
            return
        self._roomy = False
        self._warn(
            f"in the last {_WINDOW_STEPS} steps the trains of {100 * min(share, 1.0):.1f} % of the samples were too short for "
            f"what {type(self.rule).__name__} asked, so that every update was smaller than meant. {self.rule.short_fix}"
        )

    def _warn(self, text: str) -> None:
        warnings.warn(f"Layer '{self.name}': {text}", TrainingWarning, stacklevel=2)
