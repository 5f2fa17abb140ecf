"""The effective matrix and the nodes against a nodal analysis that shares no code with the solver."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

import nodal
from ohmnia._errors import InvalidValueError
from ohmnia.array.circuit import Wires, effective_matrix, solve

SIDES = ("start", "end", "both")
BASE = Wires(row_ohm=0.35, column_ohm=2.0, drive_ohm=1.0, sense_ohm=50.0)
VARIANTS = itertools.cycle([{"lead_segments": 1}, {"lead_segments": 0, "access_ohm": 800.0}])
TOPOLOGIES = [
    BASE.model_copy(update={"row_side": a, "column_side": b, **next(VARIANTS)}) for a, b in itertools.product(SIDES, SIDES)
]
LIMITS = [
    Wires(row_ohm=0.0, column_ohm=0.0),
    Wires(row_ohm=0.0, column_ohm=3.0, lead_segments=0),
    Wires(row_ohm=3.0, column_ohm=0.0, lead_segments=0),
    Wires(row_ohm=1e-4, column_ohm=1e-4, drive_ohm=1e-5),
    Wires(row_ohm=1e3, column_ohm=1e4, sense_ohm=1e5),
    Wires(row_ohm=0.0, column_ohm=0.0, drive_ohm=5.0, sense_ohm=7.0, row_side="both", column_side="both"),
]
LARGER = [Wires(row_ohm=1.0, column_ohm=2.0), Wires(row_ohm=0.35, column_ohm=0.35, row_side="both", column_side="start")]


def name(wires: Wires) -> str:
    return f"{wires.row_side}-{wires.column_side}-{wires.row_ohm:g}-{wires.column_ohm:g}-{wires.lead_segments}"


def cells(*shape: int, seed: int = 0) -> Tensor:
    values = np.random.default_rng(seed).uniform(9e-6, 88e-6, shape)
    values[..., 0, 1] = 0.0
    return torch.from_numpy(values)


def error(found: Tensor, exact: np.ndarray) -> float:
    return float(np.abs(found.numpy() - exact).max() / np.abs(exact).max())


@pytest.mark.parametrize("drive", ["rows", "columns"])
@pytest.mark.parametrize("shape", [(6, 9), (9, 6)])
@pytest.mark.parametrize("wires", TOPOLOGIES + LIMITS, ids=name)
def test_effective_matrix_is_the_nodal_one(wires: Wires, shape: tuple[int, int], drive: str) -> None:
    conductance = cells(*shape)
    assert error(effective_matrix(conductance, wires, drive), nodal.effective(conductance.numpy(), wires, drive)) < 1e-9


@pytest.mark.parametrize("size", [16, 48])
@pytest.mark.parametrize("wires", LARGER, ids=name)
def test_effective_matrix_of_larger_arrays(wires: Wires, size: int) -> None:
    conductance = cells(size, size)
    assert error(effective_matrix(conductance, wires), nodal.effective(conductance.numpy(), wires)) < 1e-9


@pytest.mark.parametrize("drive", ["rows", "columns"])
@pytest.mark.parametrize("wires", TOPOLOGIES + LIMITS, ids=name)
def test_nodes_are_the_nodal_ones(wires: Wires, drive: str) -> None:
    conductance, rng = cells(5, 7), np.random.default_rng(1)
    v, c = rng.uniform(-1, 1, (3, 5)), rng.uniform(-1, 1, (3, 7))
    nodes = solve(conductance, wires, torch.from_numpy(v), torch.from_numpy(c), drive)
    network = nodal.Network(conductance.numpy(), wires, drive)
    volts, amperes = network.solve(v, c)
    assert error(nodes.rows_volts, volts[:35].T.reshape(3, 5, 7)) < 1e-9
    assert error(nodes.columns_volts, volts[35:70].T.reshape(3, 5, 7)) < 1e-9
    assert error(nodes.row_amperes, network.into("row", amperes)) < 1e-9
    assert error(nodes.column_amperes, -network.into("column", amperes)) < 1e-9
    exact = np.zeros((3, 5, 7))
    for (i, j), k in network.cells.items():
        exact[:, i, j] = amperes[k]
    assert error(nodes.cells_amperes, exact) < 1e-9
    assert error(nodes.cells_volts * conductance, exact) < 1e-9


def test_currents_balance_at_every_node() -> None:
    conductance, wires = cells(40, 40), Wires(row_ohm=0.35, column_ohm=2.0)
    rng = np.random.default_rng(2)
    nodes = solve(conductance, wires, torch.from_numpy(rng.uniform(0, 0.2, (4, 40))), torch.zeros(4, 40))
    through = nodes.cells_volts * conductance
    along = nodes.rows_volts.diff(dim=-1) / wires.row_ohm
    residual = along[..., 1:] - along[..., :-1] - through[..., 1:-1]
    down = nodes.columns_volts.diff(dim=-2) / wires.column_ohm
    other = down[..., 1:, :] - down[..., :-1, :] + through[..., 1:-1, :]
    largest = float(nodes.column_amperes.abs().max())
    assert max(float(residual.abs().max()), float(other.abs().max())) < 1e-10 * largest


@pytest.mark.parametrize("wires", TOPOLOGIES, ids=name)
def test_reciprocity(wires: Wires) -> None:
    # One volt on a row gives a column the current that one volt on the column gives the row, terminals unchanged.
    conductance = cells(12, 12)
    eye, none = torch.eye(12, dtype=torch.float64), torch.zeros(12, 12, dtype=torch.float64)
    forward = solve(conductance, wires, eye, none).column_amperes
    backward = -solve(conductance, wires, none, eye).row_amperes.T
    assert error(forward, backward.numpy()) < 1e-10
    # Turned by a right angle, rows and columns change places in the elimination.
    turned = Wires(
        row_ohm=wires.column_ohm,
        column_ohm=wires.row_ohm,
        drive_ohm=wires.sense_ohm,
        sense_ohm=wires.drive_ohm,
        row_side=wires.column_side,
        column_side=wires.row_side,
        lead_segments=wires.lead_segments,
        access_ohm=wires.access_ohm,
    )
    assert error(effective_matrix(conductance, wires), effective_matrix(conductance.T, turned).T.numpy()) < 1e-10


def test_another_terminal_resistance_is_another_network() -> None:
    wires = Wires(row_ohm=1.0, column_ohm=1.0, sense_ohm=50.0)
    assert not wires.reciprocal
    assert error(effective_matrix(cells(8, 6), wires), effective_matrix(cells(8, 6), wires, "columns").numpy()) > 1e-3


def test_ideal_wires_change_nothing() -> None:
    conductance = cells(7, 5)
    wires = Wires(row_ohm=0.0, column_ohm=0.0)
    assert torch.allclose(effective_matrix(conductance, wires), conductance, rtol=1e-13, atol=0)


def test_batches_are_independent_arrays() -> None:
    conductance, wires = cells(2, 3, 6, 8), Wires(row_ohm=1.0, column_ohm=2.0, row_side="both")
    effective = effective_matrix(conductance, wires)
    for index in itertools.product(range(2), range(3)):
        assert error(effective[index], effective_matrix(conductance[index], wires).numpy()) < 1e-13


def test_type_follows_the_input() -> None:
    effective = effective_matrix(cells(4, 4).float(), Wires(row_ohm=1.0, column_ohm=1.0))
    assert effective.dtype == torch.float32


@pytest.mark.parametrize("drive", ["rows", "columns"])
@pytest.mark.parametrize("wires", TOPOLOGIES[:5], ids=name)
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 2, 3)])
def test_gradient(wires: Wires, drive: str, shape: tuple[int, ...]) -> None:
    strong = wires.model_copy(update={"row_ohm": 2e3, "column_ohm": 3e3})
    units = (cells(*shape) * 1e6 + 5.0).requires_grad_()  # a step down from 0 would be no conductance

    def milli(value: Tensor) -> Tensor:
        return effective_matrix(value * 1e-6, strong, drive) * 1e6

    assert torch.autograd.gradcheck(milli, (units,))


@pytest.mark.parametrize("bad", [-1e-6, float("nan"), float("inf")])
def test_a_conductance_that_is_none_is_refused(bad: float) -> None:
    conductance = cells(4, 4)
    conductance[2, 2] = bad
    with pytest.raises(InvalidValueError, match="1 of 16 conductances"):
        effective_matrix(conductance, Wires(row_ohm=1.0, column_ohm=1.0))


def test_two_terminals_without_resistance_are_refused() -> None:
    wires = Wires(row_ohm=1.0, column_ohm=1.0, lead_segments=0, column_side="both")
    with pytest.raises(InvalidValueError, match="column lines have terminals of zero resistance"):
        effective_matrix(cells(4, 4), wires)
