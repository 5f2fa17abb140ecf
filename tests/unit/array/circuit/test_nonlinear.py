"""Non-linear arrays against a general root finder on all nodal equations, inner nodes included."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import root
from torch import Tensor

from ohmnia._errors import ConvergenceError, InvalidValueError
from ohmnia.array.circuit import (
    AbstractCells,
    CellCurrents,
    HoppingCells,
    OhmicCells,
    TransistorCells,
    Wires,
    solve,
    solve_nonlinear,
)
from ohmnia.device import build
from ohmnia.device.conduction import HyperbolicSine, SquareLawTransistor
from ohmnia.technology import cell_model

SINE = build(HyperbolicSine, cell_model(), "conduction")
TRANSISTOR = build(SquareLawTransistor, cell_model(), "transistor")
SHAPE = (3, 4)
SIDES = ("start", "end", "both")


def conductances(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(9e-6, 88e-6, shape))


def voltages(samples: int, lines: int, high: float = 1.2, seed: int = 1) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(-high, high, (samples, lines)))


def chain(volts: np.ndarray, source: float, segment: float, end: float, side: str) -> np.ndarray:
    """Current out of each node of one line into the line."""
    out = np.zeros(len(volts))
    along = (volts[:-1] - volts[1:]) / segment
    out[:-1] += along
    out[1:] -= along
    for at in {"start": [0], "end": [-1], "both": [0, -1]}[side]:
        out[at] += (volts[at] - source) / end
    return out


def reference(wires: Wires, v: np.ndarray, c: np.ndarray, cell, gate: np.ndarray) -> np.ndarray:
    """Cell currents of one sample, with the textbook branches of the transistor's law."""
    rows, columns = SHAPE
    gain, threshold = TRANSISTOR.gain_si, TRANSISTOR.threshold_volts

    def channel(g: float, drain: float, source: float) -> float:
        sign, low, drop = (1.0 if drain >= source else -1.0), min(drain, source), abs(drain - source)
        over = g - threshold - low
        if over <= 0:
            return 0.0
        return sign * gain * ((over - drop / 2) * drop if drop < over else over**2 / 2)

    def equations(x: np.ndarray) -> np.ndarray:
        r, k, inner = x.reshape(3, rows, columns)
        through = cell(r - inner)
        drain = np.array([[channel(gate[i], inner[i, j], k[i, j]) for j in range(columns)] for i in range(rows)])
        at_rows = through.copy()
        for i in range(rows):
            end = wires.drive_ohm + wires.lead_segments * wires.row_ohm
            at_rows[i] += chain(r[i], v[i], wires.row_ohm, end, wires.row_side)
        at_columns = -drain
        for j in range(columns):
            end = wires.sense_ohm + wires.lead_segments * wires.column_ohm
            at_columns[:, j] += chain(k[:, j], c[j], wires.column_ohm, end, wires.column_side)
        return 1e6 * np.stack([at_rows, at_columns, through - drain]).ravel()

    start = np.stack([np.repeat(v[:, None], columns, 1), np.repeat(c[None], rows, 0), np.repeat(c[None], rows, 0)]).ravel()
    found = root(equations, start, method="hybr", options={"xtol": 1e-14, "maxfev": 100000})
    assert np.abs(found.fun).max() < 1e-6, found.message
    r, _, inner = found.x.reshape(3, rows, columns)
    return cell(r - inner)


@pytest.mark.parametrize(("row_side", "column_side"), list(itertools.product(SIDES, SIDES)))
def test_transistors_and_hopping_cells(row_side: str, column_side: str) -> None:
    wires = Wires(row_ohm=100.0, column_ohm=200.0, drive_ohm=50.0, sense_ohm=500.0, row_side=row_side, column_side=column_side)  # type: ignore[arg-type]
    conductance, gate = conductances(*SHAPE), np.array([1.0, 1.4, 3.3])
    v, c = voltages(2, 3), voltages(2, 4, 0.3, 2)
    cells = TransistorCells(HoppingCells(conductance, SINE), TRANSISTOR, torch.from_numpy(gate)[:, None])
    found = solve_nonlinear(cells, wires, v, c)
    g, scale, read = conductance.numpy(), SINE.scale_volts, SINE.read_volts

    def law(u: np.ndarray) -> np.ndarray:
        return g * read * np.sinh(u / scale) / np.sinh(read / scale)

    for k in range(2):
        exact = reference(wires, v[k].numpy(), c[k].numpy(), law, gate)
        assert np.abs(found.cells_amperes[k].numpy() - exact).max() < 1e-8 * np.abs(exact).max()
    assert bool(found.converged.all())
    assert float(found.residual.max()) <= 1e-11


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
@pytest.mark.parametrize("side", SIDES)
def test_ohmic_cells_are_the_linear_array(side: str, shape: tuple[int, int]) -> None:
    wires = Wires(row_ohm=10.0, column_ohm=20.0, drive_ohm=3.0, sense_ohm=30.0, row_side=side, column_side=side)  # type: ignore[arg-type]
    conductance, v, c = conductances(*shape), voltages(3, shape[0]), voltages(3, shape[1])
    linear, found = solve(conductance, wires, v, c), solve_nonlinear(OhmicCells(conductance), wires, v, c)
    for name in ("rows_volts", "columns_volts", "cells_amperes", "row_amperes", "column_amperes"):
        torch.testing.assert_close(getattr(found, name), getattr(linear, name), rtol=1e-10, atol=1e-15)
    assert found.iterations == 1


def test_an_open_transistor_is_its_resistance() -> None:
    conductance, v, c = conductances(5, 4), voltages(2, 5, 1e-4), torch.zeros(2, 4)
    bare = Wires(row_ohm=5.0, column_ohm=5.0)
    cells = TransistorCells(OhmicCells(conductance), TRANSISTOR, torch.tensor([[3.0]]))
    linear = solve(conductance, bare.model_copy(update={"access_ohm": TRANSISTOR.on_ohm(3.0)}), v, c)
    found = solve_nonlinear(cells, bare, v, c)
    # The law departs from a resistance by V / (2 (V_G - V_T)).
    torch.testing.assert_close(found.column_amperes, linear.column_amperes, rtol=1e-4, atol=1e-14)


def test_a_closed_word_line_passes_nothing() -> None:
    gate = torch.tensor([[0.0], [3.3]])
    cells = TransistorCells(HoppingCells(conductances(2, 3), SINE), TRANSISTOR, gate)
    found = solve_nonlinear(cells, Wires(row_ohm=1.0, column_ohm=1.0), torch.full((1, 2), 0.5), torch.zeros(1, 3))
    assert float(found.cells_amperes[:, 0].abs().max()) < 1e-18
    assert float(found.cells_amperes[:, 1].min()) > 1e-6


def test_no_voltage_no_current() -> None:
    cells, none = HoppingCells(conductances(3, 3), SINE), torch.zeros(1, 3)
    found = solve_nonlinear(cells, Wires(row_ohm=1.0, column_ohm=1.0), none, none)
    assert not found.cells_amperes.any()
    assert bool(found.converged.all())


def test_steep_cells_need_the_damping() -> None:
    # 5 V over a sine of 0.19 V: 1e5 times the ohmic current, and lines that take nearly all of the voltage.
    cells = HoppingCells(conductances(4, 4), SINE)
    wires = Wires(row_ohm=500.0, column_ohm=500.0)
    found = solve_nonlinear(cells, wires, torch.full((1, 4), 5.0), torch.zeros(1, 4))
    across = found.rows_volts - found.columns_volts
    law = SINE.currents(cells.conductance, across)[0]
    torch.testing.assert_close(found.cells_amperes, law, rtol=1e-8, atol=1e-16)
    assert found.iterations < 40


def test_what_has_not_converged_is_refused_or_marked() -> None:
    cells, wires = HoppingCells(conductances(3, 3), SINE), Wires(row_ohm=500.0, column_ohm=500.0)
    v, c = torch.tensor([[1e-6] * 3, [3.0] * 3]), torch.zeros(2, 3)
    with pytest.raises(ConvergenceError, match="1 of 2 operating points .* after 2 Newton steps.*raise most_iterations"):
        solve_nonlinear(cells, wires, v, c, most_iterations=2)
    found = solve_nonlinear(cells, wires, v, c, most_iterations=2, on_failure="mark")
    assert found.converged.tolist() == [True, False]
    assert bool(found.rows_volts[1].isnan().all()) and bool(found.column_amperes[0].isfinite().all())


def test_cells_without_a_current_are_refused() -> None:
    class Broken(AbstractCells):
        def currents(self, row: Tensor, column: Tensor) -> CellCurrents:
            return CellCurrents(row * torch.nan, torch.ones_like(row), -torch.ones_like(row))

    with pytest.raises(ConvergenceError):
        solve_nonlinear(Broken(), Wires(row_ohm=1.0, column_ohm=1.0), torch.ones(1, 2), torch.zeros(1, 2))


def test_linear_transistors_do_not_mix_with_non_linear_cells() -> None:
    cells, two = OhmicCells(conductances(2, 2)), torch.zeros(1, 2)
    with pytest.raises(InvalidValueError, match="access_ohm must be 0"):
        solve_nonlinear(cells, Wires(row_ohm=1.0, column_ohm=1.0, access_ohm=800.0), two, two)
    with pytest.raises(InvalidValueError, match="'raise', 'mark'"):
        solve_nonlinear(cells, Wires(row_ohm=1.0, column_ohm=1.0), two, two, on_failure="ignore")
