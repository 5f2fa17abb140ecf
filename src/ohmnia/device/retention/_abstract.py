"""The interface of a retention law: how a written conductance moves while nobody touches it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor


class AbstractRetentionLaw(ABC):
    """A Gaussian process in the age of a cell, given by the law of its increments."""

    __slots__ = ()

    @abstractmethod
    def increments(
        self, age_seconds: Float[Tensor, " epochs"], seconds: float
    ) -> tuple[Float[Tensor, " epochs"], Float[Tensor, " epochs"]]:
        """Mean and standard deviation (siemens) of the change from `age` to `age + seconds`."""
