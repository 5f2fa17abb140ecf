"""The interface of a read-noise law."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Float64
from torch import Tensor


def growth(age_seconds: Tensor, read_pulse_seconds: float) -> Tensor:
    """sqrt(ln(max((t + t_r) / (2 t_r), 1))): 1/f noise integrated since the write; zero at a verify read."""
    reads = (age_seconds + read_pulse_seconds) / (2.0 * read_pulse_seconds)
    return torch.sqrt(torch.log(torch.clamp(reads, min=1.0)))


class AbstractReadNoiseLaw(ABC):
    """The standard deviation of one read of one cell."""

    __slots__ = ()

    @abstractmethod
    def sigma(self, conductance: Tensor, age_seconds: Tensor, written: Tensor | None = None) -> Tensor:
        """Standard deviation, siemens, at a conductance (siemens) and an age (seconds), broadcast.

        `written` is the conductance right after the last pulse, where it is remembered.
        """


class AbstractLogNoise(AbstractReadNoiseLaw):
    """A law of the form that the kernels know: sigma = scale(age) max(log10(G / uS), 0)."""

    __slots__ = ()

    @abstractmethod
    def scales(self, age_seconds: Float[Tensor, "*ages"]) -> Float64[Tensor, "*ages"]:
        """scale(age): standard deviation of a read at 10 uS, siemens."""
