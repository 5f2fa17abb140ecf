"""Figures of arrays: the dense solve against nodal analysis, and errors of products in their limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nodal
from ohmnia.array.circuit import Wires
from ohmnia.bench.circuit_arrays import array_figures, dense_matrix, kirchhoff, product_errors


@pytest.mark.parametrize("sides", [("start", "end"), ("both", "start"), ("end", "both")])
def test_dense_solve_is_the_nodal_analysis(sides: tuple[str, str]) -> None:
    cells = np.random.default_rng(0).uniform(1e-5, 9e-5, (4, 6))
    wires = Wires(row_ohm=3.0, column_ohm=5.0, drive_ohm=2.0, sense_ohm=7.0, row_side=sides[0], column_side=sides[1])  # type: ignore[arg-type]
    np.testing.assert_allclose(dense_matrix(cells, wires), nodal.effective(cells, wires), rtol=1e-10)


def test_ideal_wires_make_no_error() -> None:
    errors = product_errors(Wires(row_ohm=0.0, column_ohm=0.0), 0, 12)
    assert max(errors.values()) < 1e-12


def test_errors_grow_with_the_wires() -> None:
    low, high = (product_errors(Wires(row_ohm=ohm, column_ohm=ohm), 0, 16) for ohm in (1.0, 4.0))
    assert all(high[name] > 2 * low[name] for name in low)
    assert low["differential pairs"] < low["reference column"] < low["digital reference"]


def test_residual_of_an_exact_solution() -> None:
    assert kirchhoff(torch.full((8, 9), 5e-5, dtype=torch.float64), Wires(row_ohm=1.0, column_ohm=2.0)) < 1e-11


def test_without_ngspice_its_figures_have_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = [figure for figure in array_figures(quick=True) if "ngspice" in figure.figure]
    assert found and all(figure.value is None and figure.ok is None for figure in found)
