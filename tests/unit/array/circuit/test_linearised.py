"""One Newton step: cells with two different slopes and sources, against all nodal equations at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from ohmnia.array.circuit._linearised import Linear, respond
from ohmnia.array.circuit.wires import Line

SIDES = ("start", "end", "both")


def laplacian(count: int, line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Conductance matrix of one line and what its source feeds into each node."""
    matrix, feed = np.zeros((count, count)), np.zeros(count)
    for k in range(count - 1):
        matrix[k : k + 2, k : k + 2] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / line.segment_ohm
    for at in {"start": [0], "end": [-1], "both": [0, -1]}[line.side]:
        matrix[at, at] += 1 / line.terminal_ohm
        feed[at] += 1 / line.terminal_ohm
    return matrix, feed


@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
@pytest.mark.parametrize(("row_side", "column_side"), list(itertools.product(SIDES, SIDES)))
def test_step_solves_the_nodal_equations(row_side: str, column_side: str, shape: tuple[int, int]) -> None:
    rng, (rows, columns) = np.random.default_rng(0), shape
    lines = Line(1.5, 2.0, row_side), Line(0.7, 3.0, column_side)  # type: ignore[arg-type]
    s, a, b = rng.uniform(0, 1, (3, 2, rows, columns))
    v, c = rng.uniform(-1, 1, (2, rows)), rng.uniform(-1, 1, (2, columns))
    point = respond(Linear(*map(torch.from_numpy, (s, a, b))), lines, torch.from_numpy(v), torch.from_numpy(c))
    (row, row_feed), (column, column_feed) = laplacian(columns, lines[0]), laplacian(rows, lines[1])
    along, down = np.kron(np.eye(rows), row), np.kron(column, np.eye(columns))
    for k in range(2):
        slope_a, slope_b = np.diag(a[k].ravel()), np.diag(b[k].ravel())
        matrix = np.block([[along + slope_a, -slope_b], [-slope_a, down + slope_b]])
        right = np.concatenate(
            [np.outer(v[k], row_feed).ravel() - s[k].ravel(), np.outer(column_feed, c[k]).ravel() + s[k].ravel()]
        )
        r, node = np.linalg.solve(matrix, right).reshape(2, rows, columns)
        for found, exact in zip(point, (r, node, s[k] + a[k] * r - b[k] * node), strict=True):
            assert np.abs(found[k].numpy() - exact).max() < 1e-12
