"""The interface of a retention law: how a written conductance moves while nobody touches it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float, Float64
from torch import Tensor


@dataclass(frozen=True, slots=True)
class RestingCells:
    """Cells at the start of a wait.

    Parameters
    ----------
    conductance
        Siemens, now.
    written
        Siemens, right after the last pulse.
    age_seconds
        Time since the last pulse.
    own
        Standard normals that stay with a cell until its next pulse: what makes it drift more or less than others.
    xi
        Standard normals of this wait alone.
    """

    conductance: Float[Tensor, "*cells"]
    written: Float[Tensor, "*cells"]
    age_seconds: Float64[Tensor, "*cells"]
    own: Float64[Tensor, "*cells"]
    xi: Float64[Tensor, "*cells"]


class AbstractRetentionLaw(ABC):
    """Where a cell stands after a wait; two waits have the law of their sum."""

    __slots__ = ()

    @property
    def longest_seconds(self) -> float:
        """The greatest age that the law knows."""
        return math.inf

    @abstractmethod
    def relaxed(self, cells: RestingCells, seconds: float) -> Float64[Tensor, "*cells"]:
        """Conductances (siemens, not yet limited to positive ones) after `seconds` more."""


class AbstractAgeRelaxation(AbstractRetentionLaw):
    """A Gaussian process in the age of a cell alone, given by the law of its increments.

    The level of a cell does not enter, so that cells of one write share their two numbers.
    """

    __slots__ = ()

    @abstractmethod
    def increments(
        self, age_seconds: Float[Tensor, " epochs"], seconds: float
    ) -> tuple[Float[Tensor, " epochs"], Float[Tensor, " epochs"]]:
        """Mean and standard deviation (siemens) of the change from `age` to `age + seconds`."""

    def relaxed(self, cells: RestingCells, seconds: float) -> Float64[Tensor, "*cells"]:
        """Conductances after the wait: one increment for each cell."""
        mean, sigma = self.increments(cells.age_seconds.flatten(), seconds)
        shape = cells.conductance.shape
        return cells.conductance.double() + mean.reshape(shape) + sigma.reshape(shape) * cells.xi
