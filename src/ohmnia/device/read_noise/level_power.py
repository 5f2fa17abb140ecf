r"""Read noise as a ratio to the conductance that falls with the level and grows with age (1/f noise).

    sigma = G min(q x**-p, q_max) sqrt(ln(max((t + t_r) / (2 t_r), 1))),   x = G_w / G_ref

======== =================================================== =====
symbol   meaning                                             unit
======== =================================================== =====
G, G_w   conductance now, and right after the last pulse     S
G_ref    conductance of the relative level 1                 S
q, q_max ratio at the level 1, and its limit                 1
p        exponent of the level                               1
t        age of the cell, time since its last pulse          s
t_r      length of a read pulse                              s
======== =================================================== =====

It is zero at a verify read, one read pulse after the write. It is drawn anew at every read.

References
----------
Nandakumar et al., ICECS (2019), doi 10.1109/ICECS46596.2019.8964852. Limits: where nobody remembers
the write, the level is that of the read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from torch import Tensor

from ohmnia._errors import require
from ohmnia.device.read_noise._abstract import AbstractReadNoiseLaw, growth


@final
@dataclass(frozen=True, slots=True)
class LevelPowerNoise(AbstractReadNoiseLaw):
    """Coefficients of the law.

    Parameters
    ----------
    reference_siemens
        G_ref.
    ratio, ratio_limit
        q, q_max.
    exponent
        p.
    read_pulse_seconds
        t_r.
    """

    reference_siemens: float
    ratio: float
    ratio_limit: float
    exponent: float
    read_pulse_seconds: float

    def __post_init__(self) -> None:
        require(self.reference_siemens > 0, "reference", self.reference_siemens, "a positive conductance")
        require(0 <= self.ratio <= self.ratio_limit, "ratio", self.ratio, "0 <= ratio <= ratio_limit")
        require(self.exponent >= 0, "exponent", self.exponent, "0 or more")
        require(self.read_pulse_seconds > 0, "read_pulse", self.read_pulse_seconds, "a positive time")

    def sigma(self, conductance: Tensor, age_seconds: Tensor, written: Tensor | None = None) -> Tensor:
        """Standard deviation of one read, siemens."""
        grown = growth(age_seconds, self.read_pulse_seconds).to(conductance.dtype)
        level = conductance if written is None else written
        ratio = (self.ratio * (level / self.reference_siemens) ** -self.exponent).clamp(max=self.ratio_limit)
        return conductance * ratio * grown
