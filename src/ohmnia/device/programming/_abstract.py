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
