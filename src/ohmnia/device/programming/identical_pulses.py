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

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range, require
from ohmnia.device.programming._abstract import AbstractProgrammingLaw, AcceptanceLaw, ProgramResult
from ohmnia.device.programming.acceptance import representative_cells, solve
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream, table_normal

# A late success is memoryless: a share exp(-n) of cells takes more than n times the mean number of pulses.
FAILED_SHARE = 1e-4


def closed_loop(
    conductance: Float[Tensor, " cells"],
    target: Float[Tensor, " cells"],
    parameters: Float[Tensor, "parameters cells"],
    acceptance: float,
    max_pulses: int,
    pulse: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    stream: Stream,
) -> ProgramResult:
    """The loop itself: pulse n of a cell draws the table normal of counters (cell, n).

    Parameters
    ----------
    conductance, target
        Siemens.
    parameters
        Of each cell under the loop's pulses.
    acceptance
        A fraction of the target.
    max_pulses
        Most pulses on a cell.
    pulse
        Conductance after one pulse for (conductance, direction, parameters, normal).
    stream
        Cycle-to-cycle noise.
    """
    g, goal = conductance.double().clone(), target.double()
    pulses = torch.zeros(g.shape, dtype=torch.int64)
    # Not ">": a conductance of NaN is outside, too.
    active = torch.nonzero(~((g - goal).abs() <= acceptance * goal)).flatten()
    for iteration in range(max_pulses):
        if not len(active):
            break
        xi = table_normal(stream, active, iteration)
        direction = torch.sign(goal[active] - g[active])
        g[active] = pulse(g[active], direction, parameters[:, active], xi)
        pulses[active] += 1
        active = active[~((g[active] - goal[active]).abs() <= acceptance * goal[active])]
    failed = torch.zeros(g.shape, dtype=torch.bool)
    failed[active] = True
    return ProgramResult(g.to(conductance.dtype), pulses, pulses + 1, failed)


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
        acceptance: float,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Pulse and verify every cell until it lies within `acceptance` of its target.

        Raises
        ------
        InvalidValueError
            The acceptance range is no fraction in (0, 0.5], or a target lies outside the bounds.
        """
        self.check(target, acceptance)
        wide = self.parameters(parameters, update)
        return closed_loop(conductance, target, wide, acceptance, int(self.max_pulses), update.pulse, stream)

    def kernel_coefficients(self) -> tuple[float, float, float, int]:
        """Bounds, step factor and most pulses, as the kernels take them."""
        return self.g_low_siemens, self.g_high_siemens, self.step_factor, int(self.max_pulses)

    def acceptance_law(self, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
        """Where the loop leaves a cell, solved for the targets of a window (siemens); kept for the next call.

        Raises
        ------
        InvalidValueError
            The range is no fraction, or the law cannot be solved; see `acceptance.solve`.
        """
        _check_acceptance(acceptance, "acceptance range")
        return _solved(self, acceptance, update, window)

    def check(self, target: Float[Tensor, " cells"], acceptance: float) -> None:
        """Refuse a range that is no fraction, and targets (siemens) that no pulse reaches."""
        _check_acceptance(acceptance, "acceptance range")
        if len(target) and not (self.g_low_siemens < float(target.min()) and float(target.max()) < self.g_high_siemens):
            valid = f"{self.g_low_siemens * 1e6:g} to {self.g_high_siemens * 1e6:g} uS, the bounds of the closed loop"
            extremes = f"{float(target.min()) * 1e6:.4g} to {float(target.max()) * 1e6:.4g} uS"
            raise out_of_range("target conductance", extremes, valid, "Scale the weights into the window.")


@lru_cache(maxsize=32)
def _solved(loop: IdenticalPulses, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
    cells = loop.parameters(representative_cells(update), update)
    law = solve((loop.g_low_siemens, loop.g_high_siemens), acceptance, cells, update, window)
    if loop.max_pulses < -math.log(FAILED_SHARE) * float(law.pulses.max()):
        raise InvalidValueError(
            f"The loop needs {float(law.pulses.max()):.0f} pulses on average at an acceptance range of {acceptance:g}; with at "
            f"most {loop.max_pulses:g}, cells may fail, which a sampled result cannot show. Program with mode = 'pulses'."
        )
    return law


def _check_acceptance(value: float, name: str) -> None:
    fix = "It is a fraction of the target: write 0.002 for 0.2 %."
    require(0 < value <= 0.5, name, value, "0 < range <= 0.5", fix)
