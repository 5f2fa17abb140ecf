"""The interface of a read-noise law."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class AbstractReadNoiseLaw(ABC):
    """The standard deviation of one read of one cell."""

    __slots__ = ()

    @abstractmethod
    def sigma(self, conductance: Tensor, age_seconds: Tensor) -> Tensor:
        """Standard deviation, siemens, at a conductance (siemens) and an age (seconds), broadcast."""
