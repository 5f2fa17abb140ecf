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
