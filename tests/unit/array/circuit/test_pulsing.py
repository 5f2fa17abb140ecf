"""The share of a pulse that reaches a cell, against closed forms and a solution of every pattern of firing lines."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

import nodal
from helpers import values
from ohmnia.array.circuit import Wires, pulse_shares
from ohmnia.array.circuit.pairs import joined

WIRES = Wires(row_ohm=2.0, column_ohm=3.0, drive_ohm=10.0)
SIDES = [("start", "end"), ("both", "end"), ("end", "both")]
PAIRS = ["separate", "interleaved-columns", "interleaved-rows"]


def planes(count: int = 1, rows: int = 8, columns: int = 6) -> torch.Tensor:
    return 5e-5 * (1.0 + 0.8 * values(1, count, rows, columns)).double()


def changed(wires: Wires, **fields: object) -> Wires:
    return Wires.model_validate(wires.model_dump() | fields)


def test_one_cell_is_a_divider() -> None:
    cell = torch.tensor([[[8e-5]]], dtype=torch.float64)
    ohm = WIRES.row_ohm + WIRES.column_ohm + 2 * WIRES.drive_ohm
    for firing in ((0.0, 0.0), (0.3, 0.6), (1.0, 1.0)):
        # In the circuit of a mean the share p of the cell's own current is solved, and the rest is the divider's.
        tolerance = 1e-9 if firing[0] in (0.0, 1.0) else (8e-5 * ohm) ** 2
        assert float(pulse_shares(cell, WIRES, firing)) == pytest.approx(1 / (1 + 8e-5 * ohm), abs=tolerance)


def test_a_cell_with_a_transistor_is_a_divider_of_the_pair() -> None:
    cell, pair = torch.tensor([[[8e-5]]], dtype=torch.float64), 1 / (1 / 8e-5 + 2000.0)
    found = pulse_shares(cell, changed(WIRES, access_ohm=2000.0))
    assert float(found) == pytest.approx(1 / (1 + pair * (WIRES.row_ohm + WIRES.column_ohm + 2 * WIRES.drive_ohm)), rel=1e-12)


@pytest.mark.parametrize("firing", [(0.0, 0.0), (0.3, 0.4)])
def test_without_resistance_everything_arrives(firing: tuple[float, float]) -> None:
    share = pulse_shares(planes(), Wires(row_ohm=0.0, column_ohm=0.0), firing)
    assert float((share - 1).abs().max()) < 1e-12


def heavy(sides: tuple[str, str], coincidence: str) -> Wires:
    """Wires that take more than half of the voltage: nothing is of first order."""
    ohms = {"row_ohm": 200.0, "column_ohm": 300.0, "drive_ohm": 50.0, "sense_ohm": 5e4, "access_ohm": 2000.0}
    return Wires.model_validate(ohms | {"row_side": sides[0], "column_side": sides[1], "coincidence": coincidence})


def across(array: np.ndarray, wires: Wires, rows_volts: np.ndarray, columns_volts: np.ndarray) -> np.ndarray:
    """Voltage between the lines at each crossing, with the driver behind every terminal."""
    nodes, _ = nodal.Network(array, changed(wires, sense_ohm=wires.drive_ohm)).solve(rows_volts[None], columns_volts[None])
    return (nodes[: array.size] - nodes[array.size : 2 * array.size]).reshape(array.shape)


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("coincidence", ["gate", "half-voltage"])
def test_all_lines_firing_is_the_solution_of_the_whole_array(sides: tuple[str, str], coincidence: str) -> None:
    wires, cells = heavy(sides, coincidence), planes(rows=16, columns=12)
    exact = across(cells[0].numpy(), wires, np.ones(16), np.zeros(12))
    assert exact.min() < 0.5
    np.testing.assert_allclose(pulse_shares(cells, wires, (1.0, 1.0))[0], exact, rtol=1e-9)


@pytest.mark.parametrize("sides", SIDES)
def test_a_cell_alone_is_the_solution_of_its_lines(sides: tuple[str, str]) -> None:
    wires, cells = heavy(sides, "gate"), planes(rows=4, columns=3)
    found = pulse_shares(cells, wires)[0]
    for i, j in np.ndindex(4, 3):
        only = np.zeros((4, 3))
        only[i, j] = cells[0, i, j]
        assert float(found[i, j]) == pytest.approx(across(only, wires, np.ones(4), np.zeros(3))[i, j], rel=1e-9)


# --- some lines fire --------------------------------------------------------------------------------------------------

ROWS, COLUMNS, P, Q = 4, 3, 0.4, 0.7


def every_pattern(array: np.ndarray, wires: Wires, may_fire: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Mean voltage across each cell where both lines fire, over all patterns of firing lines with their probabilities."""
    total, weight = np.zeros(array.shape), np.zeros(array.shape)
    for pattern in itertools.product((False, True), repeat=int(may_fire[0].sum() + may_fire[1].sum())):
        fires, bits = [], iter(pattern)
        chance = 1.0
        for lines, p in zip(may_fire, (P, Q), strict=True):
            fires.append(np.array([bool(may) and next(bits) for may in lines]))
            chance *= math.prod(p if fire else 1 - p for fire, may in zip(fires[-1], lines, strict=True) if may)
        both = np.outer(*fires)
        if not both.any():
            continue
        if wires.coincidence == "gate":  # closed gates carry nothing; a column that rests is at the voltage of the rows
            cells, v, c = array * fires[0][:, None], np.ones(len(array)), 1.0 - fires[1]
        else:
            cells, v, c = array, 0.5 * fires[0], -0.5 * fires[1]
        total += chance * both * across(cells, wires, v, c)
        weight += chance * both
    return total / np.where(weight > 0, weight, np.nan)


@pytest.mark.parametrize("coincidence", ["gate", "half-voltage"])
@pytest.mark.parametrize("pairs", PAIRS)
def test_the_share_is_the_mean_over_all_patterns_to_first_order(pairs: str, coincidence: str) -> None:
    cells = planes(2, ROWS, COLUMNS).numpy()
    place = {"interleaved-columns": 1, "interleaved-rows": 0}.get(pairs)
    errors, losses = [], []
    for ohm in (20.0, 2.0):
        wires = Wires.model_validate({"row_ohm": ohm, "column_ohm": 2 * ohm, "pairs": pairs, "coincidence": coincidence})
        found = pulse_shares(torch.from_numpy(cells), wires, (P, Q)).numpy()
        for plane in (0, 1):
            array, fire = cells[plane], [np.ones(ROWS, bool), np.ones(COLUMNS, bool)]
            if place is not None:  # both planes lie in the array, and only the lines of one fire in its phases
                array = joined(torch.from_numpy(cells), wires)[0].numpy()
                fire[place] = np.arange(array.shape[place]) % 2 == plane
            exact = every_pattern(array, wires, (fire[0], fire[1]))[np.ix_(*fire)]
            errors.append(np.abs(found[plane] - exact).max())
            losses.append(np.abs(1 - exact).max())
    # A tenth of the resistance leaves a tenth of the loss, and a hundredth of what is of second order.
    assert losses[0] / losses[2] == pytest.approx(10.0, rel=0.1)
    assert max(errors[:2]) / max(errors[2:]) == pytest.approx(100.0, rel=0.1)


@pytest.mark.parametrize("pairs", PAIRS)
def test_pairs_keep_their_places(pairs: str) -> None:
    cells = planes(2)
    share = pulse_shares(cells, changed(WIRES, pairs=pairs))
    assert share.shape == cells.shape
    # Without others the divider alone: its path is that of the cell's place.
    path = (1 / share - 1) / cells
    step = {"separate": (3.0, 2.0), "interleaved-columns": (3.0, 4.0), "interleaved-rows": (6.0, 2.0)}[pairs]
    assert torch.allclose(path.diff(dim=1), torch.tensor(-step[0]).double())
    assert torch.allclose(path.diff(dim=2), torch.tensor(step[1]).double())
