"""No read noise: for technologies that publish none apart from their other errors, and for set-ups without it.

sigma = 0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ohmnia.device.read_noise._abstract import AbstractReadNoiseLaw


@final
@dataclass(frozen=True, slots=True)
class NoReadNoise(AbstractReadNoiseLaw):
    """Reads that repeat exactly."""

    def sigma(self, conductance: Tensor, age_seconds: Tensor, written: Tensor | None = None) -> Tensor:
        """Zeros, siemens."""
        shape = torch.broadcast_shapes(conductance.shape, age_seconds.shape)
        return torch.zeros(shape, dtype=conductance.dtype)
