"""Closed-loop program-verify with identical pulses (Falcone et al. 2025, Fig. 3 and flow chart).

    read G;  |G - G_t| <= a G_t: done;  G < G_t: one SET pulse;  G > G_t: one RESET pulse;  repeat

Each pulse is a pulse of the open-loop update law, with that cell's own step, skew and noise, but between the wider
bounds that the closed loop's higher voltages reach. The number of states is kept, so that the full steps scale with the
span between the bounds, times `step_factor`. A verify read comes 1 us after its pulse, where the read-noise law is zero.

======== ============================================== =====
symbol   meaning                                        unit
======== ============================================== =====
G, G_t   conductance and its target                     S
a        acceptance range as a fraction of the target   1
======== ============================================== =====

The programming error and the number of iterations are not put in: they follow from the open-loop figures of merit.
Limits: bounds and step factor are assumptions; the cell starts wherever it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import out_of_range, require
from ohmnia.device.programming._abstract import AbstractProgrammingLaw, ProgramResult
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream, normal


@final
@dataclass(frozen=True, slots=True)
class IdenticalPulses(AbstractProgrammingLaw):
    """Coefficients of the closed loop.

    Parameters
    ----------
    g_low_siemens, g_high_siemens
        Bounds that the closed loop's pulses reach.
    step_factor
        Ratio of a closed-loop step to an open-loop step, on top of the wider span.
    max_pulses
        Pulses after which a cell counts as failed.
    acceptance_range
        The default acceptance range, a fraction of the target.
    """

    g_low_siemens: float
    g_high_siemens: float
    step_factor: float
    max_pulses: float
    acceptance_range: float

    def __post_init__(self) -> None:
        require(0 < self.g_low_siemens < self.g_high_siemens, "g_low", self.g_low_siemens, "0 < g_low < g_high")
        require(self.step_factor > 0, "step_factor", self.step_factor, "a positive number")
        require(self.max_pulses >= 1, "max_pulses", self.max_pulses, "1 or more")
        _check_acceptance(self.acceptance_range, "acceptance_range")

    def parameters(
        self, parameters: Float[Tensor, "parameters *cells"], update: AbstractUpdateLaw
    ) -> Float[Tensor, "parameters *cells"]:
        """The open-loop parameters of each cell, widened to the closed loop's bounds."""
        return update.widened(parameters, self.g_low_siemens, self.g_high_siemens, self.step_factor)

    def program(
        self,
        conductance: Float[Tensor, " cells"],
        target: Float[Tensor, " cells"],
        parameters: Float[Tensor, "parameters cells"],
        acceptance: float | None,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Pulse and verify every cell until it lies within `acceptance` (None: the technology's own) of its target.

        Raises
        ------
        InvalidValueError
            The acceptance range is no fraction in (0, 0.5], or a target lies outside the bounds.
        """
        acceptance = self.acceptance_range if acceptance is None else acceptance
        self._check(target, acceptance)
        g, goal = conductance.double().clone(), target.double()
        wide = self.parameters(parameters, update)
        pulses = torch.zeros(g.shape, dtype=torch.int64)
        # Not ">": a conductance of NaN is outside, too.
        active = torch.nonzero(~((g - goal).abs() <= acceptance * goal)).flatten()
        for iteration in range(int(self.max_pulses)):
            if not len(active):
                break
            xi = normal(stream, active, iteration)
            direction = torch.sign(goal[active] - g[active])
            g[active] = update.pulse(g[active], direction, wide[:, active], xi)
            pulses[active] += 1
            active = active[~((g[active] - goal[active]).abs() <= acceptance * goal[active])]
        failed = torch.zeros(g.shape, dtype=torch.bool)
        failed[active] = True
        return ProgramResult(g.to(conductance.dtype), pulses, pulses + 1, failed)

    def _check(self, target: Tensor, acceptance: float) -> None:
        _check_acceptance(acceptance, "acceptance range")
        if len(target) and not (self.g_low_siemens < float(target.min()) and float(target.max()) < self.g_high_siemens):
            valid = f"{self.g_low_siemens * 1e6:g} to {self.g_high_siemens * 1e6:g} uS, the bounds of the closed loop"
            extremes = f"{float(target.min()) * 1e6:.4g} to {float(target.max()) * 1e6:.4g} uS"
            raise out_of_range("target conductance", extremes, valid, "Scale the weights into the window.")


def _check_acceptance(value: float, name: str) -> None:
    fix = "It is a fraction of the target: write 0.002 for 0.2 %."
    require(0 < value <= 0.5, name, value, "0 < range <= 0.5", fix)
