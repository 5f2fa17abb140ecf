"""Closed-loop program-verify with identical pulses (Falcone et al. 2025, Fig. 3 and flow chart).

    read G;  |G - G_t| <= a G_t: done;  G < G_t: one SET pulse;  G > G_t: one RESET pulse;  repeat

Each pulse is a pulse of the open-loop update law, with that cell's own step, skew and noise, but between the bounds that
the closed loop's voltages reach. The target picks the voltages from a table, and so the bounds: a row holds for targets up
to its limit, the last row beyond it, too. The number of states is kept, so that the full steps scale with the span between
the bounds, times `step_factor`. A verify read comes 1 us after its pulse, where the read-noise law is zero.

======== ============================================== =====
symbol   meaning                                        unit
======== ============================================== =====
G, G_t   conductance and its target                     S
a        acceptance range as a fraction of the target   1
======== ============================================== =====

The programming error and the number of iterations are not put in: they follow from the open-loop figures of merit.
Limits: step factor and bounds of the voltages that the open loop does not use are assumptions; the cell starts wherever
it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range, require
from ohmnia.device.programming._abstract import AbstractClosedLoop, AcceptanceLaw, ProgramResult
from ohmnia.device.programming.acceptance import solve
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


# A coefficient that may be a row of numbers in a technology's file.
ROW = {"row": True}


@final
@dataclass(frozen=True, slots=True)
class IdenticalPulses(AbstractClosedLoop):
    """Coefficients of the closed loop.

    Parameters
    ----------
    g_low_siemens, g_high_siemens
        Bounds that the closed loop's pulses reach: one number, or one for each row of the voltage table.
    step_factor
        Ratio of a closed-loop step to an open-loop step, on top of the wider span.
    max_pulses
        Pulses after which a cell counts as failed.
    acceptance_range
        The default acceptance range, a fraction of the target.
    target_limit_siemens
        Rising upper limits of the targets of each row of the voltage table; empty: one row for all targets.
    """

    g_low_siemens: float | tuple[float, ...] = field(metadata=ROW)
    g_high_siemens: float | tuple[float, ...] = field(metadata=ROW)
    step_factor: float
    max_pulses: float
    acceptance_range: float
    target_limit_siemens: tuple[float, ...] = field(default=(), metadata=ROW)

    def __post_init__(self) -> None:
        limits = self.target_limit_siemens
        require(limits == tuple(sorted(set(limits))), "target_limit", limits, "rising limits")
        for low, high in zip(*self._bounds(), strict=True):
            require(0 < low < high, "g_low", low, "0 < g_low < g_high")
        require(self.step_factor > 0, "step_factor", self.step_factor, "a positive number")
        require(self.max_pulses >= 1, "max_pulses", self.max_pulses, "1 or more")
        _check_acceptance(self.acceptance_range, "acceptance_range")

    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Lower and upper bounds, one for each row of the voltage table."""
        return self._rows(self.g_low_siemens, "g_low"), self._rows(self.g_high_siemens, "g_high")

    def _rows(self, value: float | tuple[float, ...], name: str) -> tuple[float, ...]:
        rows = max(len(self.target_limit_siemens), 1)
        values = value if isinstance(value, tuple) else (value,) * rows
        fix = "Give one number, or as many as 'target_limit' has."
        require(len(values) == rows, f"number of values of {name}", len(values), f"1 or {rows}", fix)
        return values

    def bounds(self, target: Float[Tensor, "*cells"]) -> tuple[Float[Tensor, "*cells"], Float[Tensor, "*cells"]]:
        """Bounds (siemens) that the pulses towards each target reach: the row of the voltage table that its target picks."""
        limits = torch.tensor(self.target_limit_siemens[:-1], dtype=torch.float64)
        row = torch.bucketize(target.double().contiguous(), limits)
        low, high = (torch.tensor(values, dtype=torch.float64)[row] for values in self._bounds())
        return low, high

    def parameters(
        self,
        parameters: Float[Tensor, "parameters *cells"],
        target: Float[Tensor, "*cells"],
        update: AbstractUpdateLaw,
    ) -> Float[Tensor, "parameters *cells"]:
        """The open-loop parameters of each cell, widened to the closed loop's bounds for its target."""
        return update.widened(parameters, *self.bounds(target), self.step_factor)

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
        self.check(target, acceptance)
        wide = self.parameters(parameters, target.double(), update)
        return closed_loop(conductance, target, wide, acceptance, int(self.max_pulses), update.pulse, stream)

    @property
    def target_rows(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """The voltage table: limits of the targets of each row but the last, lower and upper bounds, siemens."""
        return self.target_limit_siemens[:-1], *self._bounds()

    def kernel_coefficients(self) -> tuple[float, int]:
        """Step factor and most pulses."""
        return self.step_factor, int(self.max_pulses)

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
        low, high = self.bounds(target)
        if not bool(((low < target) & (target < high)).all()):
            lowest, highest = self._bounds()
            valid = f"{lowest[0] * 1e6:g} to {highest[-1] * 1e6:g} uS, the bounds of the closed loop"
            extremes = f"{float(target.min()) * 1e6:.4g} to {float(target.max()) * 1e6:.4g} uS"
            raise out_of_range("target conductance", extremes, valid, "Scale the weights into the window.")


@lru_cache(maxsize=32)
def _solved(loop: IdenticalPulses, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
    law = solve(loop, acceptance, update, window)
    if loop.max_pulses < -math.log(FAILED_SHARE) * float(law.pulses.max()):
        raise InvalidValueError(
            f"The loop needs {float(law.pulses.max()):.0f} pulses on average at an acceptance range of {acceptance:g}; with at "
            f"most {loop.max_pulses:g}, cells may fail, which a sampled result cannot show. Program with mode = 'pulses'."
        )
    return law


def _check_acceptance(value: float, name: str) -> None:
    fix = "It is a fraction of the target: write 0.002 for 0.2 %."
    require(0 < value <= 0.5, name, value, "0 < range <= 0.5", fix)
