r"""Relaxation whose width is published at a few times, as polynomials of the level.

    G(t) = G_w + B(sigma(t, x)**2 - sigma(t_1, x)**2),   x = G_w / G_ref, B Brownian motion
    sigma(t_k, x) = max over j <= k of sum_i c_ij x**i,   linear in ln t between the times; no motion before t_1

The widths are those of the whole error since the write: what is there at t_1 belongs to programming.

======== ================================================== =====
symbol   meaning                                            unit
======== ================================================== =====
G_w      conductance right after the write                  S
G_ref    conductance of the relative level 1                S
t_1...   published times                                    s
c_ij     coefficients of power i at time t_j                S
======== ================================================== =====

References
----------
Times and coefficients: those of the technology file. Limits: a random walk never narrows, so that a width below an
earlier one is raised to it; the level is that of the write, not that of the target; beyond the last time nothing is
published, and a longer wait is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float64
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range, require
from ohmnia.device.level_polynomial import polynomial, relative_level, require_deviation
from ohmnia.device.retention._abstract import AbstractRetentionLaw, RestingCells

_SLACK = 1e-9


@final
@dataclass(frozen=True, slots=True)
class TabulatedRelaxation(AbstractRetentionLaw):
    """Coefficients of the law; each power is a row of one coefficient for each time.

    Parameters
    ----------
    reference_siemens
        G_ref.
    times_seconds
        t_1, t_2, ..., rising.
    power_0_siemens, power_1_siemens, power_2_siemens, power_3_siemens, power_4_siemens
        c_0j to c_4j; a power that is left out is zero.
    """

    reference_siemens: float
    times_seconds: tuple[float, ...]
    power_0_siemens: tuple[float, ...]
    power_1_siemens: tuple[float, ...] = ()
    power_2_siemens: tuple[float, ...] = ()
    power_3_siemens: tuple[float, ...] = ()
    power_4_siemens: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require(self.reference_siemens > 0, "reference", self.reference_siemens, "a positive conductance")
        times = self.times_seconds
        rising = len(times) > 0 and times[0] > 0 and all(early < late for early, late in pairwise(times))
        require(rising, "times", times, "positive and rising times")
        for power, row in enumerate(self._rows):
            if len(row) != len(times):
                raise InvalidValueError(f"power_{power} has {len(row)} values; it needs one for each of the {len(times)} times.")
        for index in range(len(times)):
            require_deviation(self.coefficients(index), f"width at {times[index]:g} s")

    @property
    def _rows(self) -> tuple[tuple[float, ...], ...]:
        rows = (self.power_1_siemens, self.power_2_siemens, self.power_3_siemens, self.power_4_siemens)
        return (self.power_0_siemens, *(row or (0.0,) * len(self.times_seconds) for row in rows))

    @property
    def longest_seconds(self) -> float:
        """The last published time."""
        return self.times_seconds[-1]

    def coefficients(self, index: int) -> tuple[float, ...]:
        """The published polynomial of a time, lowest power first."""
        return tuple(row[index] for row in self._rows)

    def sigma(self, age_seconds: Float64[Tensor, "*cells"], level: Float64[Tensor, "*cells"]) -> Float64[Tensor, "*cells"]:
        """Width at ages and relative levels, siemens; that of t_1 before t_1."""
        ages = torch.log(age_seconds.clamp(min=self.times_seconds[0]))
        width = polynomial(self.coefficients(0), level)
        result = width
        logs = torch.log(torch.tensor(self.times_seconds, dtype=torch.float64))
        for index in range(1, len(logs)):
            wider = torch.maximum(width, polynomial(self.coefficients(index), level))
            share = ((ages - logs[index - 1]) / (logs[index] - logs[index - 1])).clamp(0.0, 1.0)
            result, width = result + share * (wider - width), wider
        return result

    def relaxed(self, cells: RestingCells, seconds: float) -> Float64[Tensor, "*cells"]:
        """Conductances after the wait.

        Raises
        ------
        InvalidValueError
            A cell would become older than the last published time.
        """
        later = cells.age_seconds + seconds
        if later.numel() and float(later.max()) > self.longest_seconds * (1 + _SLACK):
            fix = "Nothing is published beyond; age the cells less, or add a time to a technology file of your own."
            raise out_of_range("age after the wait", f"{float(later.max()):g} s", f"up to {self.longest_seconds:g} s", fix)
        level = relative_level(cells.written, self.reference_siemens)
        before, after = self.sigma(cells.age_seconds, level), self.sigma(later, level)
        grown = ((after - before) * (after + before)).clamp(min=0.0)
        return cells.conductance.double() + torch.sqrt(grown) * cells.xi
