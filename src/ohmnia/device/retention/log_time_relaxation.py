r"""Relaxation in log time, with coherent trajectories.

    G(t) = G_written + mu(t) + B(V(t)),  t = age of the cell, B Brownian motion

    t >= 1 s:  mu = m ln(t / s),  V = (s0 + s1 ln(t / s))**2
    t <  1 s:  mu = 0,            V = s0**2 ln(1 + t / tau) / ln(1 + 1 s / tau)

so that corr(G(t1), G(t2)) = sqrt(V(t1) / V(t2)) for t1 < t2, and two waits have the law of their sum.

======== =================================================== =====
symbol   meaning                                             unit
======== =================================================== =====
m        slope of the mean, negative                         S
s0       standard deviation at 1 s                           S
s1       slope of the standard deviation                     S
tau      onset of relaxation                                 s
======== =================================================== =====

References
----------
m, s0, s1: fit to cells at 50 uS, 1 s to 1 week, Falcone et al. (2025), Fig. 4; 10 years is an extrapolation.
Limits: the level does not enter; below 1 s nothing is published and the branch is an assumption, continuous at 1 s; that
trajectories are a Brownian motion in V is an assumption (only marginals are published).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device.retention._abstract import AbstractAgeRelaxation

_KNEE_SECONDS = 1.0


@final
@dataclass(frozen=True, slots=True)
class LogTimeRelaxation(AbstractAgeRelaxation):
    """Coefficients of the law.

    Parameters
    ----------
    mean_slope_siemens
        m, for each factor e in time.
    sigma_siemens
        s0.
    sigma_slope_siemens
        s1, for each factor e in time.
    onset_seconds
        tau.
    """

    mean_slope_siemens: float
    sigma_siemens: float
    sigma_slope_siemens: float
    onset_seconds: float

    def __post_init__(self) -> None:
        require(self.sigma_siemens >= 0, "sigma", self.sigma_siemens, "0 or more")
        require(self.sigma_slope_siemens >= 0, "sigma_slope", self.sigma_slope_siemens, "0 or more")
        require(self.onset_seconds > 0, "onset", self.onset_seconds, "a positive time")

    def mean(self, age_seconds: Float[Tensor, "*ages"]) -> Float[Tensor, "*ages"]:
        """mu(t), siemens."""
        return self.mean_slope_siemens * torch.log(torch.clamp(age_seconds.double(), min=_KNEE_SECONDS))

    def sigma(self, age_seconds: Float[Tensor, "*ages"]) -> Float[Tensor, "*ages"]:
        """sqrt(V(t)), siemens."""
        age = age_seconds.double()
        early = self.sigma_siemens * torch.sqrt(
            torch.log1p(torch.clamp(age, max=_KNEE_SECONDS) / self.onset_seconds) / self._norm
        )
        late = self.sigma_siemens + self.sigma_slope_siemens * torch.log(torch.clamp(age, min=_KNEE_SECONDS))
        return torch.where(age < _KNEE_SECONDS, early, late)

    @property
    def _norm(self) -> float:
        return math.log1p(_KNEE_SECONDS / self.onset_seconds)

    def increments(
        self, age_seconds: Float[Tensor, " epochs"], seconds: float
    ) -> tuple[Float[Tensor, " epochs"], Float[Tensor, " epochs"]]:
        """Mean and standard deviation of the change from `age` to `age + seconds`.

        Both use the logarithm of the ratio of times, so that a short wait on an old cell keeps its digits.
        """
        start = age_seconds.double()
        wait = torch.full_like(start, seconds)
        below = torch.minimum(wait, torch.clamp(_KNEE_SECONDS - start, min=0.0))
        variance = self.sigma_siemens**2 * torch.log1p(below / (self.onset_seconds + torch.clamp(start, max=1.0))) / self._norm
        above, rest = torch.clamp(start, min=_KNEE_SECONDS), wait - below
        log_ratio = torch.log1p(rest / above)
        rise = self.sigma_slope_siemens * log_ratio
        sigma_start = self.sigma_siemens + self.sigma_slope_siemens * torch.log(above)
        variance = variance + rise * (2.0 * sigma_start + rise)
        return self.mean_slope_siemens * log_ratio, torch.sqrt(variance)
