r"""Structural drift of phase-change memory: a power law in time, with an exponent for each cell.

    G(t) = G_w (1 + t / t_0)**-nu,   nu = |m(x) + s(x) z|,   x = G_w / G_ref
    m(x) = a_m ln x + b_m, limited to [m_low, m_high];   s(x) = a_s ln x + b_s, limited to [s_low, s_high]

z is drawn for each write and stays with the cell, so that its trajectory is one curve.

========== ================================================== =====
symbol     meaning                                            unit
========== ================================================== =====
G_w        conductance right after the write                  S
G_ref      conductance of the relative level 1                S
t          age of the cell                                    s
t_0        time of the first read, when drift begins          s
nu, m, s   drift exponent, its mean and standard deviation    1
z          standard normal, one for each cell and write       1
========== ================================================== =====

References
----------
Nandakumar et al., ICECS (2019), doi 10.1109/ICECS46596.2019.8964852. Limits: the exponent follows the level that was
written, not the target; years are an extrapolation of hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device.level_polynomial import relative_level
from ohmnia.device.retention._abstract import AbstractRetentionLaw, RestingCells

_LOWEST_LEVEL = 1e-7


@final
@dataclass(frozen=True, slots=True)
class PowerLawDrift(AbstractRetentionLaw):
    """Coefficients of the law.

    Parameters
    ----------
    reference_siemens
        G_ref.
    onset_seconds
        t_0.
    mean_slope, mean_offset, mean_low, mean_high
        a_m, b_m, m_low, m_high.
    sigma_slope, sigma_offset, sigma_low, sigma_high
        a_s, b_s, s_low, s_high.
    """

    reference_siemens: float
    onset_seconds: float
    mean_slope: float
    mean_offset: float
    mean_low: float
    mean_high: float
    sigma_slope: float
    sigma_offset: float
    sigma_low: float
    sigma_high: float

    def __post_init__(self) -> None:
        require(self.reference_siemens > 0, "reference", self.reference_siemens, "a positive conductance")
        require(self.onset_seconds > 0, "onset", self.onset_seconds, "a positive time")
        require(0 <= self.mean_low <= self.mean_high, "mean_low", self.mean_low, "0 <= mean_low <= mean_high")
        require(0 <= self.sigma_low <= self.sigma_high, "sigma_low", self.sigma_low, "0 <= sigma_low <= sigma_high")

    def exponent(self, written: Float[Tensor, "*cells"], own: Float64[Tensor, "*cells"]) -> Float64[Tensor, "*cells"]:
        """Drift exponent of cells by what was written (siemens) and by their own standard normals."""
        level = torch.log(relative_level(written, self.reference_siemens).clamp(min=_LOWEST_LEVEL))
        mean = (self.mean_slope * level + self.mean_offset).clamp(self.mean_low, self.mean_high)
        sigma = (self.sigma_slope * level + self.sigma_offset).clamp(self.sigma_low, self.sigma_high)
        return (mean + sigma * own).abs()

    def relaxed(self, cells: RestingCells, seconds: float) -> Float64[Tensor, "*cells"]:
        """Conductances after the wait, each on its own curve."""
        grown = torch.log1p(seconds / (self.onset_seconds + cells.age_seconds))
        return cells.conductance.double() * torch.exp(-self.exponent(cells.written, cells.own) * grown)
