"""The wires of an array: segments, terminals and what stands behind them.

An array has row lines and column lines; one cell joins each pair. The lines of one kind are driven (inputs), those of the
other kind are sensed (outputs). A line is a chain of equal segments between neighbouring cells, with a terminal at its
start (index 0), at its end, or at both. Between a terminal and the first cell lie `lead_segments` more segments. Behind the
terminal stands a resistance: of the driver on a driven line, of the sense amplifier on a sensed one, down to a virtual
ground. A finite load is a large sense resistance.

In a 1T1R array the row lines are the source lines and the column lines the bit lines, or the other way round; the word
lines carry no direct current, and an open transistor is a resistance in series with its cell, `access_ohm`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, final

from pydantic import Field

from ohmnia._errors import InvalidValueError, StateError
from ohmnia._validation import Strict
from ohmnia.technology import Technology

Side = Literal["start", "end", "both"]
Coincidence = Literal["gate", "half-voltage"]
Pairs = Literal["interleaved-columns", "interleaved-rows", "separate"]


class Line(NamedTuple):
    """All lines of one kind.

    Attributes
    ----------
    segment_ohm
        Between neighbouring cells.
    terminal_ohm
        From the outermost cell to the ideal source behind the terminal.
    side
        Where the terminal is.
    """

    segment_ohm: float
    terminal_ohm: float
    side: Side


@final
class Wires(Strict):
    """Resistances around the cells of an array, in ohm.

    Parameters
    ----------
    row_ohm, column_ohm
        One segment of a row line and of a column line.
    drive_ohm, sense_ohm
        Of a driver, and of a sense amplifier or a load.
    lead_segments
        Further segments between each terminal and the first cell.
    row_side, column_side
        Terminals of the row lines and of the column lines: "start" (index 0), "end" or "both".
    access_ohm
        In series with each cell: an open transistor.
    pairs
        Differential pairs: "interleaved-columns" puts plus and minus cell on neighbouring columns, which are subtracted
        behind the sense amplifiers; "interleaved-rows" puts them on neighbouring rows driven with opposite voltages, so
        that they subtract on the column line; "separate" uses two arrays.
    coincidence
        How an open-loop pulse finds its cell: "gate", where a row opens transistors and a cell on one firing line carries no
        current, or "half-voltage", where such a cell gets half of the pulse, conducts, and moves a little.
    """

    row_ohm: float = Field(ge=0)
    column_ohm: float = Field(ge=0)
    drive_ohm: float = Field(default=0.0, ge=0)
    sense_ohm: float = Field(default=0.0, ge=0)
    lead_segments: int = Field(default=1, ge=0)
    row_side: Side = "start"
    column_side: Side = "end"
    access_ohm: float = Field(default=0.0, ge=0)
    pairs: Pairs = "separate"
    coincidence: Coincidence = "gate"

    def lines(self, drive: str = "rows") -> tuple[Line, Line]:
        """Row lines and column lines, when the lines of one kind are driven and the others sensed.

        Parameters
        ----------
        drive
            "rows" or "columns".

        Raises
        ------
        InvalidValueError
            Another word.
        """
        if drive not in ("rows", "columns"):
            raise InvalidValueError(f"drive = '{drive}' is no kind of line; valid: 'rows', 'columns'.")
        ends = (self.drive_ohm, self.sense_ohm) if drive == "rows" else (self.sense_ohm, self.drive_ohm)
        row = Line(self.row_ohm, ends[0] + self.lead_segments * self.row_ohm, self.row_side)
        return row, Line(self.column_ohm, ends[1] + self.lead_segments * self.column_ohm, self.column_side)

    @property
    def reciprocal(self) -> bool:
        """Whether driving the columns gives the transpose of driving the rows."""
        return self.drive_ohm == self.sense_ohm


def named_wires(technology: Technology) -> Wires:
    """Wires of the segment resistance that a technology names, all else as `Wires` has it.

    Raises
    ------
    StateError
        It names none.
    """
    segment = technology.data.get("wire_segment")
    if segment is None:
        raise StateError(
            f"The technology '{technology.id}' names no wire_segment, so that its exact wires are unknown; give "
            "wires=Wires(row_ohm=..., column_ohm=...), or add [data] wire_segment to a technology file of your own."
        )
    return Wires(row_ohm=segment.si, column_ohm=segment.si)
