"""The interface of a programming law: how a closed loop brings a cell to its target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

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
        e at evenly spaced probabilities. Start s lies at (s / (starts - 1))**2 of the way from the range down to the lowest
        bound; start s + starts, up to the highest bound.
    pulses
        Mean number of pulses.
    """

    first_siemens: float
    step_siemens: float
    quantiles: Float[Tensor, "targets both points"]
    pulses: Float[Tensor, "targets both"]


class AbstractProgrammingLaw(ABC):
    """How a batch of cells is written.

    `acceptance_range` is the technology's own, a fraction of the target; None where there is none to choose.
    `needs_pulses` says whether it writes with pulses of the update law.
    """

    __slots__ = ()
    acceptance_range: float | None
    needs_pulses: ClassVar[bool] = True

    @abstractmethod
    def program(
        self,
        conductance: Float[Tensor, " cells"],
        target: Float[Tensor, " cells"],
        parameters: Float[Tensor, "parameters cells"],
        acceptance: float | None,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Write every cell; a closed loop ends within `acceptance` (a fraction; None: its own) of the target."""


class AbstractClosedLoop(AbstractProgrammingLaw):
    """Program-verify with identical pulses, a loop that the kernels know.

    `target_rows` is its voltage table: rising upper limits of the targets of each row but the last, and the bounds that the
    pulses of each row reach, all in siemens.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def target_rows(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Limits, lower bounds, upper bounds."""

    @abstractmethod
    def parameters(
        self, parameters: Float[Tensor, "parameters *cells"], target: Float[Tensor, "*cells"], update: AbstractUpdateLaw
    ) -> Float[Tensor, "parameters *cells"]:
        """Each cell's open-loop parameters under the pulses towards its target (siemens)."""

    @abstractmethod
    def check(self, target: Float[Tensor, " cells"], acceptance: float) -> None:
        """Refuse a range that is no fraction, and targets (siemens) that no pulse reaches."""

    @abstractmethod
    def kernel_coefficients(self) -> tuple[float, int]:
        """Step factor and most pulses."""

    @abstractmethod
    def acceptance_law(self, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
        """Where the loop leaves a cell, for targets in a window (siemens)."""
