"""The record of the wires."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array.circuit import Wires, named_wires
from ohmnia.technology import technology


def test_driver_and_sense_amplifier_change_sides() -> None:
    wires = Wires(row_ohm=1.0, column_ohm=2.0, drive_ohm=10.0, sense_ohm=100.0, lead_segments=3, row_side="both")
    assert wires.lines("rows") == ((1.0, 13.0, "both"), (2.0, 106.0, "end"))
    assert wires.lines("columns") == ((1.0, 103.0, "both"), (2.0, 16.0, "end"))


def test_another_kind_of_line_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="'rows', 'columns'"):
        Wires(row_ohm=1.0, column_ohm=1.0).lines("diagonals")


@pytest.mark.parametrize("bad", [{"row_ohm": -1.0}, {"row_side": "top"}, {"lead_segments": 0.5}, {"wire_ohm": 1.0}])
def test_what_is_no_wire_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Wires(**({"row_ohm": 1.0, "column_ohm": 1.0} | bad))  # type: ignore[arg-type]


def test_a_technology_names_its_wires_or_an_error_says_how_to_give_them() -> None:
    published = technology("cmo-hfox")
    assert named_wires(published) == Wires(row_ohm=0.35, column_ohm=0.35)
    other = published.model_copy(update={"id": "mine", "data": {}})
    with pytest.raises(StateError, match=r"'mine' names no wire_segment.*Wires\(row_ohm"):
        named_wires(other)
