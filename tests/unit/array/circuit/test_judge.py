"""The solvers beside ngspice, and that the comparison can fail."""

from __future__ import annotations

import pytest

from judge import needs_ngspice
from ohmnia._errors import UnknownNameError
from ohmnia.array.circuit import Wires
from ohmnia.array.circuit import judge as library
from ohmnia.array.circuit.judge import KINDS, LIMITS, Comparison, compare_array, compare_train, example
from ohmnia.technology import cell_model

MODEL = cell_model()
WIRES = Wires(row_ohm=0.35, column_ohm=2.0, drive_ohm=5.0, sense_ohm=10.0)


@needs_ngspice
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sides", [("start", "end"), ("both", "start")])
def test_line_currents_are_those_of_ngspice(kind: str, sides: tuple[str, str]) -> None:
    found = compare_array(kind, 8, WIRES.model_copy(update={"row_side": sides[0], "column_side": sides[1]}), MODEL)
    assert found.passed
    assert found.difference <= LIMITS[kind]


@needs_ngspice
def test_pulse_train_of_the_exported_cell() -> None:
    assert compare_train(MODEL, 10).difference < 0.01


@needs_ngspice
def test_another_array_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    write, other = library.array_netlist, WIRES.model_copy(update={"row_ohm": 0.36})
    monkeypatch.setattr(library, "array_netlist", lambda cells, wires, v, c: write(cells, other, v, c))
    assert not compare_array("ohmic", 8, WIRES, MODEL).passed


def test_a_difference_at_the_limit_passes() -> None:
    assert Comparison("x", 0.01, 0.01).passed and not Comparison("x", 0.0101, 0.01).passed


def test_another_kind() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ohmic'"):
        example("ohmik", 4, MODEL)
