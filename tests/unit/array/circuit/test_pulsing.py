"""The share of a pulse that reaches a cell, against closed forms and the full solution."""

from __future__ import annotations

import pytest
import torch

from helpers import values
from ohmnia.array.circuit import Wires, pulse_shares, solve

WIRES = Wires(row_ohm=2.0, column_ohm=3.0, drive_ohm=10.0)


def planes(count: int = 1, rows: int = 8, columns: int = 6) -> torch.Tensor:
    return 5e-5 * (1.0 + 0.8 * values(1, count, rows, columns)).double()


def test_one_cell_is_a_divider() -> None:
    cell = torch.tensor([[[8e-5]]], dtype=torch.float64)
    ohm = WIRES.row_ohm + WIRES.column_ohm + 2 * WIRES.drive_ohm
    for firing in ((0.0, 0.0), (1.0, 1.0)):
        assert float(pulse_shares(cell, WIRES, firing)) == pytest.approx(1 / (1 + 8e-5 * ohm), rel=1e-8)


@pytest.mark.parametrize("firing", [(0.0, 0.0), (0.3, 0.4)])
def test_without_resistance_everything_arrives(firing: tuple[float, float]) -> None:
    share = pulse_shares(planes(), Wires(row_ohm=0.0, column_ohm=0.0), firing)
    assert float((share - 1).abs().max()) < 1e-12


def test_all_lines_firing_is_the_full_solution_to_first_order() -> None:
    # A hundredth of the resistance leaves the second order at a hundredth of the first.
    wires = Wires(row_ohm=0.02, column_ohm=0.03)
    cells = planes(rows=16, columns=12)
    nodes = solve(cells[0], wires, torch.ones(1, 16).double(), torch.zeros(1, 12).double())
    loss = 1 - nodes.cells_volts[0]
    found = 1 - pulse_shares(cells, wires, (1.0, 1.0))[0]
    # The cell's own current is counted once at its place and left out of the others' on average: 1 / n of the loss.
    assert float((found - loss).abs().max() / loss.max()) < 1 / 12 + 1 / 16


@pytest.mark.parametrize("firing", [(0.0, 0.0), (0.5, 0.5)])
def test_the_share_falls_with_the_distance_from_the_drivers(firing: tuple[float, float]) -> None:
    share = pulse_shares(torch.full((1, 8, 6), 5e-5, dtype=torch.float64), WIRES, firing)[0]
    assert (share.diff(dim=1) < 0).all()  # along a row line, away from its driver at column 0
    assert (share.diff(dim=0) > 0).all()  # along a column line, towards its driver at the last row


def test_more_lines_and_half_selected_cells_take_more() -> None:
    few, many = (pulse_shares(planes(), WIRES, (p, p)) for p in (0.1, 0.6))
    half = pulse_shares(planes(), WIRES.model_copy(update={"coincidence": "half-voltage"}), (0.1, 0.1))
    assert (many < few).all()
    assert (half < few).all()


@pytest.mark.parametrize("pairs", ["separate", "interleaved-columns", "interleaved-rows"])
def test_pairs_keep_their_places(pairs: str) -> None:
    wires = Wires.model_validate(WIRES.model_dump() | {"pairs": pairs})
    cells = planes(2)
    share = pulse_shares(cells, wires)
    assert share.shape == cells.shape
    # Without others the divider alone: its path is that of the cell's place.
    path = (1 / share - 1) / cells
    step = {"separate": (3.0, 2.0), "interleaved-columns": (3.0, 4.0), "interleaved-rows": (6.0, 2.0)}[pairs]
    assert torch.allclose(path.diff(dim=1), torch.tensor(-step[0]).double())
    assert torch.allclose(path.diff(dim=2), torch.tensor(step[1]).double())
