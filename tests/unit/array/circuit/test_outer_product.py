"""Outer products on physical cells: which cells move, by how much, and what half-selected cells get."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array.circuit import PhysicalCells, Wires
from ohmnia.array.circuit.outer_product import SCHEMES, Coincidence, OuterProduct, bits, outer_product
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.conduction import SquareLawTransistor
from ohmnia.random import Stream
from ohmnia.technology import cell_model
from tolerances import of_share

MODEL = build(HoppingCell, cell_model(), "compact")
TRANSISTOR = build(SquareLawTransistor, cell_model(), "transistor")
WIRES = Wires(row_ohm=2.0, column_ohm=2.0)
ROWS = torch.tensor([[1, 0, -1, 1], [0, 0, 0, 0], [-1, 1, 0, 0]])
COLUMNS = torch.tensor([[1, -1, 0], [1, 1, 1], [0, 1, 1]])
START = 1.64e25


def pulsed(coincidence: Coincidence, wires: Wires = WIRES, rows: Tensor = ROWS) -> tuple[PhysicalCells, OuterProduct]:
    cells = PhysicalCells(MODEL, START, (4, 3))
    return cells, outer_product(cells, TRANSISTOR, wires, rows, COLUMNS, coincidence)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_map_is_the_logical_one(scheme: str) -> None:
    cells, found = pulsed(Coincidence(scheme))
    ups = sum(((r[:, None] * c) > 0).long() for r, c in zip(ROWS, COLUMNS, strict=True))
    downs = sum(((r[:, None] * c) < 0).long() for r, c in zip(ROWS, COLUMNS, strict=True))
    assert torch.equal(found.ups, ups) and torch.equal(found.downs, downs)
    assert found.map_is_logical
    change = cells.log_density - PhysicalCells(MODEL, START, (4, 3)).log_density
    assert bool((change[(ups > 0) & (downs == 0)] > 0.01).all())
    assert bool((change[(downs > 0) & (ups == 0)] < -0.01).all())
    assert float(change[(ups + downs) == 0].abs().max()) < 1e-6


def test_a_pulse_through_an_open_switch_without_wires_is_that_of_the_cell() -> None:
    # A transistor of a million times the width takes a millionth of the voltage.
    wide = SquareLawTransistor(2.0, TRANSISTOR.length_metres, TRANSISTOR.threshold_volts, TRANSISTOR.transconductance_si)
    cells, alone = PhysicalCells(MODEL, START, (1, 1)), PhysicalCells(MODEL, START, (1, 1))
    one = torch.ones(1, 1, dtype=torch.int64)
    outer_product(cells, wide, Wires(row_ohm=0.0, column_ohm=0.0), one, one, Coincidence())
    alone.pulse(1.35, 2.5e-6)
    torch.testing.assert_close(cells.log_density, alone.log_density, rtol=0, atol=2e-5)


def test_half_selected_cells_are_hardly_disturbed() -> None:
    # Measured on such cells: below .005; the model's rates at half voltage are seven decades down.
    _, half = pulsed(Coincidence("half-voltage"))
    _, gate = pulsed(Coincidence("gate"))
    assert 0 < half.disturb < 1e-6
    assert gate.disturb < half.disturb


def test_half_selected_cells_load_the_lines() -> None:
    rows = torch.ones(3, 4, dtype=torch.int64)
    share = {scheme: pulsed(Coincidence(scheme), Wires(row_ohm=20.0, column_ohm=20.0), rows)[1] for scheme in SCHEMES}
    assert share["half-voltage"].worst_share < share["gate"].worst_share < 1.0
    assert share["half-voltage"].line_amperes > share["gate"].line_amperes


def test_the_midpoint_rule_is_of_second_order() -> None:
    wires = Wires(row_ohm=50.0, column_ohm=50.0)
    ends = [pulsed(Coincidence(network_steps=n), wires)[0].log_density for n in (1, 2, 4)]
    first, second = (float((a - b).abs().max()) for a, b in itertools.pairwise(ends))
    assert first / second == pytest.approx(4, rel=0.3)


def test_bits_fire_in_proportion() -> None:
    values, slots = torch.tensor([1.0, -0.5, 0.0, 0.25], dtype=torch.float64), 20000
    found = bits(values, slots, Stream.root(1))
    assert found[:, 0].tolist() == [1] * slots
    assert not found[:, 2].any()
    assert abs(float((found[:, 1] == -1).double().mean()) - 0.5) < of_share(0.5, slots)
    assert abs(float((found[:, 3] == 1).double().mean()) - 0.25) < of_share(0.25, slots)


def test_what_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'gate'"):
        Coincidence("gates")
    with pytest.raises(InvalidValueError, match="width_seconds"):
        Coincidence(width_seconds=0.0)
    with pytest.raises(InvalidValueError, match="do not fit"):
        pulsed(Coincidence(), rows=torch.zeros(3, 5, dtype=torch.int64))
