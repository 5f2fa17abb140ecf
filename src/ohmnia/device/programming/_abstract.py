"""The interface of a programming law: how a closed loop brings a cell to its target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """What a closed loop did to each cell.

    Parameters
    ----------
    conductance
        Siemens, (cells,).
    pulses, reads
        Pulses and verify reads of each cell, int64 (cells,).
    failed
        Cells that were outside the acceptance range after the last allowed pulse.
    """

    conductance: Float[Tensor, " cells"]
    pulses: Int[Tensor, " cells"]
    reads: Int[Tensor, " cells"]
    failed: Bool[Tensor, " cells"]


@dataclass(frozen=True, slots=True)
class AcceptanceLaw:
    """Where a closed loop leaves a cell, over a grid of targets and starts; e = (G / target - 1) / acceptance.

    Parameters
    ----------
    first_siemens, step_siemens
        Target k is first + k * step.
    quantiles
        e at evenly spaced probabilities. Start s lies at (s / (starts - 1))**2 of the way from the range down to the lower
        bound; start s + starts, up to the upper bound.
    pulses
        Mean number of pulses.
    """

    first_siemens: float
    step_siemens: float
    quantiles: Float[Tensor, "targets both points"]
    pulses: Float[Tensor, "targets both"]


class AbstractProgrammingLaw(ABC):
    """A closed loop over a batch of cells; `acceptance_range` is the technology's own, a fraction of the target."""

    __slots__ = ()
    acceptance_range: float

    @abstractmethod
    def program(
        self,
        conductance: Float[Tensor, " cells"],
        target: Float[Tensor, " cells"],
        parameters: Float[Tensor, "parameters cells"],
        acceptance: float,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Pulse and verify every cell until it lies within `acceptance` (a fraction) of its target."""

    @abstractmethod
    def check(self, target: Float[Tensor, " cells"], acceptance: float) -> None:
        """Refuse a range that is no fraction, and targets (siemens) that no pulse reaches."""

    @abstractmethod
    def kernel_coefficients(self) -> tuple[float, float, float, int]:
        """The loop as the kernels take it: bounds (siemens), step factor, most pulses."""

    @abstractmethod
    def acceptance_law(self, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
        """Where the loop leaves a cell, for targets in a window (siemens)."""
