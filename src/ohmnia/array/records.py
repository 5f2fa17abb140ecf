"""Plain records that travel between layers: what a layer asks a rule to learn, and what a tile has done."""

from __future__ import annotations

from dataclasses import dataclass, fields

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """One use of a layer in a forward and a backward pass.

    Parameters
    ----------
    x
        Inputs, (samples, in).
    d
        dL/dy as autograd gives it, the mean over the mini-batch included, (samples, out).
    """

    x: Float[Tensor, "samples inputs"]
    d: Float[Tensor, "samples outputs"]


@dataclass(slots=True)
class Activity:
    """Counts of everything that costs energy or time; tiles count, `analysis` prices.

    Parameters
    ----------
    pulses, program_pulses
        Open-loop and closed-loop write pulses.
    verify_reads
        Reads of single cells in the closed loop.
    cell_reads
        Other reads of single cells.
    reads
        Vectors read through the array, forward, backward and column reads.
    dac_conversions, adc_conversions
        Conversions at the edge of the array.
    saturated_outputs
        Outputs that were limited to the converter's range after the last round of bound management.
    short_updates
        Samples whose update was smaller than asked, because the pulse train was too short for it; on the slow tile of a
        transfer rule, transfers to a cell that were limited to its longest train.
    failed_cells
        Cells that a closed loop gave up on.
    floored_cells
        Cells that relaxation would have taken to a conductance of zero or less.
    digital_macs
        Multiply-accumulates that a rule does with a digital matrix of the size of the array.
    """

    pulses: int = 0
    program_pulses: int = 0
    verify_reads: int = 0
    cell_reads: int = 0
    reads: int = 0
    dac_conversions: int = 0
    adc_conversions: int = 0
    saturated_outputs: int = 0
    short_updates: int = 0
    failed_cells: int = 0
    floored_cells: int = 0
    digital_macs: int = 0

    def add(self, other: Activity) -> None:
        """Add the counts of another record to this one."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def count_reads(self, vectors: int, inputs: int, outputs: int, saturated: int) -> None:
        """Count vectors read through an array of so many inputs and outputs."""
        self.reads += vectors
        self.dac_conversions += vectors * inputs
        self.adc_conversions += vectors * outputs
        self.saturated_outputs += saturated

    def count_writes(self, pulses: int, verify_reads: int, failed: int = 0) -> None:
        """Count a closed loop."""
        self.program_pulses += pulses
        self.verify_reads += verify_reads
        self.failed_cells += failed

    def as_dict(self) -> dict[str, int]:
        """Name to count."""
        return {field.name: int(getattr(self, field.name)) for field in fields(self)}
