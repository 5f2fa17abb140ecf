r"""Read noise that grows with the logarithm of the conductance and with age (1/f and telegraph noise).

    sigma = K max(log10(G / uS), 0) sqrt(ln(max((t + t_r) / (2 t_r), 1)))

======== =================================================== =====
symbol   meaning                                             unit
======== =================================================== =====
K        amplitude                                           S
G        conductance                                         S
t        age of the cell, time since its last pulse          s
t_r      length of a read pulse                              s
======== =================================================== =====

It is zero at a verify read, one read pulse after the write. It is drawn anew at every read.

References
----------
Lombardo et al., DRC (2024), doi 10.1109/DRC61706.2024.10643760. Limits: 8 to 90 uS; the published plot and the published
coefficient differ by a factor of about 1.7, and the coefficient is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import require
from ohmnia._units import MICRO
from ohmnia.device.read_noise._abstract import AbstractLogNoise, growth


@final
@dataclass(frozen=True, slots=True)
class LogConductanceNoise(AbstractLogNoise):
    """Coefficients of the law.

    Parameters
    ----------
    amplitude_siemens
        K.
    read_pulse_seconds
        t_r.
    """

    amplitude_siemens: float
    read_pulse_seconds: float

    def __post_init__(self) -> None:
        require(self.amplitude_siemens >= 0, "amplitude", self.amplitude_siemens, "0 or more")
        require(self.read_pulse_seconds > 0, "read_pulse", self.read_pulse_seconds, "a positive time")

    def sigma(self, conductance: Tensor, age_seconds: Tensor, written: Tensor | None = None) -> Tensor:
        """Standard deviation of one read, siemens."""
        return self.scales(age_seconds).to(conductance.dtype) * torch.clamp(torch.log10(conductance / MICRO), min=0.0)

    def scales(self, age_seconds: Float[Tensor, "*ages"]) -> Float64[Tensor, "*ages"]:
        """Standard deviation of a read at 10 uS, siemens."""
        return self.amplitude_siemens * growth(age_seconds.double(), self.read_pulse_seconds)
