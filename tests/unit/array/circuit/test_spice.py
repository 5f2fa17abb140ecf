"""Netlists: every element once, resistances of zero, and what has no netlist."""

from __future__ import annotations

import re

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.array.circuit import HoppingCells, OhmicCells, PhysicalCells, TransistorCells, Wires
from ohmnia.array.circuit.spice import array_netlist, cell_subcircuit, train_netlist
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.conduction import HyperbolicSine, SquareLawTransistor
from ohmnia.technology import cell_model

MODEL = cell_model()
G = torch.tensor([[1e-5, 0.0, 5e-5], [2e-5, 3e-5, 4e-5]], dtype=torch.float64)
V, C = torch.tensor([0.1, 0.2]), torch.zeros(3)


def elements(netlist: str) -> dict[str, list[str]]:
    lines = [line.split() for line in netlist.splitlines() if line and line[0] not in "*.+"]
    names = [line[0] for line in lines]
    assert len(names) == len(set(names)), "an element stands twice"
    return {line[0]: line[1:] for line in lines}


def test_every_segment_cell_and_terminal_stands_once() -> None:
    wires = Wires(row_ohm=1.0, column_ohm=2.0, drive_ohm=3.0, row_side="both", access_ohm=800.0)
    found = elements(array_netlist(OhmicCells(G), wires, V, C))
    assert found["rwr0_0"] == ["r0_0", "r0_1", "1"]
    assert found["rwc2_0"] == ["c0_2", "c1_2", "2"]
    assert found["rtr1_start"] == ["sr1", "r1_0", "4"] and found["rtr1_end"] == ["sr1", "r1_2", "4"]
    assert found["rtc0_end"] == ["sc0", "c1_0", "2"] and "rtc0_start" not in found
    assert found["rg1_2"][:2] == ["r1_2", "c1_2"] and float(found["rg1_2"][2]) == pytest.approx(1 / 4e-5 + 800)
    assert "rg0_1" not in found
    kinds = [re.match(r"[a-z]+", name)[0] for name in found]  # type: ignore[index]
    assert (kinds.count("rg"), kinds.count("rwr"), kinds.count("rwc"), kinds.count("vr"), kinds.count("vc")) == (5, 4, 3, 2, 3)


def test_wires_without_resistance_are_sources_of_zero() -> None:
    found = elements(array_netlist(OhmicCells(G), Wires(row_ohm=0.0, column_ohm=1.0), V, C))
    assert found["vwr0_0"] == ["r0_0", "r0_1", "0"]
    assert found["vtr0_start"] == ["sr0", "r0_0", "0"]


def test_transistors_stand_between_cell_and_column() -> None:
    law, sine = build(SquareLawTransistor, MODEL, "transistor"), build(HyperbolicSine, MODEL, "conduction")
    cells = TransistorCells(HoppingCells(G, sine), law, torch.tensor([[1.0], [3.3]]))
    netlist = array_netlist(cells, Wires(row_ohm=1.0, column_ohm=1.0), V, C)
    found = elements(netlist)
    assert found["bg1_0"][:2] == ["r1_0", "x1_0"]
    assert found["m1_0"][:5] == ["x1_0", "g1_0", "c1_0", "0", "access"]
    assert float(found["vg1_0"][2]) == pytest.approx(3.3, rel=1e-7)
    assert netlist.count(".model") == 1


def test_what_has_no_netlist() -> None:
    cells = PhysicalCells(build(HoppingCell, MODEL, "compact"), 7e24, (2, 3))
    with pytest.raises(InvalidValueError, match="PhysicalCells has no netlist"):
        array_netlist(cells, Wires(row_ohm=1.0, column_ohm=1.0), V, C)


def test_subcircuit_is_in_electronvolt() -> None:
    text = cell_subcircuit(build(HoppingCell, MODEL, "compact"), 7e24, "own")
    assert text.startswith(".subckt own top bottom") and text.endswith(".ends")
    assert "1.18" in text or "1.1799999999999999" in text
    assert not re.search(r"e-(19|20|23)\b", text)


def test_reads_lie_in_the_middle_of_their_pulse() -> None:
    netlist, reads = train_netlist(build(HoppingCell, MODEL, "compact"), 7e24, [1.35, -1.3], 1e-6, 1e-9)
    points = [tuple(map(float, line[2:].rstrip(")").split())) for line in netlist.splitlines() if line.startswith("+ ")]
    assert [time for time, _ in points] == sorted({time for time, _ in points})
    tops = [
        points[k][0] + 5e-8 for k, (_, volts) in enumerate(points) if volts == pytest.approx(0.2) and points[k + 1][1] == volts
    ]
    assert reads == pytest.approx(tops)
