"""Figures of arrays with wires: exactness, time, and what wires take from currents and products."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ohmnia.array.circuit import Wires, effective_matrix, effective_pairs, ngspice, solve
from ohmnia.array.circuit.judge import KINDS, LIMITS, compare_array
from ohmnia.bench.circuit_figures import Figure, at_most, near
from ohmnia.random import Stream, uniform
from ohmnia.technology import cell_model

LOW, HIGH = 9e-6, 88.2e-6
MIDDLE, HALF = (HIGH + LOW) / 2, (HIGH - LOW) / 2
SIDES = ("start", "end", "both")
SECONDS = {64: 0.06, 128: 0.35, 256: 2.5}
# An iterating peer at 128 x 128 and 2 ohm, batch 8, on 2 cores; the aim is 200 times that speed.
PEER_SECONDS, SPEEDUP = 4.67, 200
LOSSES = {0.35: 4.5, 1.0: 11.7, 2.0: 21.0}
ERRORS = {
    "digital reference": {0.35: 0.288, 1.0: 0.787, 2.0: 1.352},
    "reference column": {0.35: 0.153, 1.0: 0.408, 2.0: 0.704},
    "scale and sum for each output": {0.35: 0.063, 1.0: 0.175, 2.0: 0.324},
    "differential pairs": {0.35: 0.081, 1.0: 0.220, 2.0: 0.407},
}


def array_figures(quick: bool) -> Iterator[Figure]:
    """Every figure of this module; `quick` leaves out what takes more than a second."""
    yield from _exactness((8, 16) if quick else (16, 32, 64))
    if not quick:
        yield from _times()
    yield from _losses()
    yield from _errors(1 if quick else 4)
    yield from _judge((4,) if quick else (8, 64))


def _uniform(name: str, *shape: int) -> Tensor:
    return uniform(Stream.root(0).child(name), torch.arange(int(np.prod(shape)))).reshape(shape)


def _cells(size: int) -> Tensor:
    return LOW + (HIGH - LOW) * _uniform(f"cells {size}", size, size)


def dense_matrix(cells: NDArray[np.float64], wires: Wires) -> NDArray[np.float64]:
    """Effective matrix by one dense float64 solve of all nodes, sharing nothing with the elimination.

    Parameters
    ----------
    cells
        Conductances (siemens), (rows, columns).
    wires
        With resistances above zero everywhere.
    """
    from scipy.linalg import cho_factor, cho_solve

    rows, columns = cells.shape
    node = np.arange(2 * rows * columns).reshape(2, rows, columns)
    matrix, sources = np.zeros((node.size, node.size)), np.zeros((node.size, rows))
    _stamp(matrix, node[0].ravel(), node[1].ravel(), cells.ravel())
    _stamp(matrix, node[0, :, :-1].ravel(), node[0, :, 1:].ravel(), 1 / wires.row_ohm)
    _stamp(matrix, node[1, :-1].ravel(), node[1, 1:].ravel(), 1 / wires.column_ohm)
    row, column = wires.lines()
    ends = {"start": [0], "end": [-1], "both": [0, -1]}
    for at in ends[row.side]:
        matrix[node[0, :, at], node[0, :, at]] += 1 / row.terminal_ohm
        sources[node[0, :, at], np.arange(rows)] += 1 / row.terminal_ohm
    for at in ends[column.side]:
        matrix[node[1, at], node[1, at]] += 1 / column.terminal_ohm
    volts = cho_solve(cho_factor(matrix, overwrite_a=True, check_finite=False), sources, check_finite=False)
    return np.sum([volts[node[1, at]] for at in ends[column.side]], 0).T / column.terminal_ohm


def _stamp(matrix: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64], siemens: float | NDArray[np.float64]) -> None:
    np.add.at(matrix, (a, a), siemens)
    np.add.at(matrix, (b, b), siemens)
    np.add.at(matrix, (a, b), -np.asarray(siemens))
    np.add.at(matrix, (b, a), -np.asarray(siemens))


def _difference(found: Tensor, exact: NDArray[np.float64] | Tensor) -> float:
    exact = torch.as_tensor(exact)
    return float((found - exact).abs().max() / exact.abs().max())


def _exactness(sizes: tuple[int, ...]) -> Iterator[Figure]:
    base = Wires(row_ohm=0.35, column_ohm=2.0, drive_ohm=5.0, sense_ohm=10.0)
    worst, cells = 0.0, _cells(sizes[0])
    for row, column in itertools.product(SIDES, SIDES):
        wires = base.model_copy(update={"row_side": row, "column_side": column})
        worst = max(worst, _difference(effective_matrix(cells, wires), dense_matrix(cells.numpy(), wires)))
    yield at_most(f"effective matrix against a dense solve, {sizes[0]} x {sizes[0]}, nine topologies, relative", worst, 1e-9)
    for size in sizes[1:]:
        cells = _cells(size)
        error = _difference(effective_matrix(cells, base), dense_matrix(cells.numpy(), base))
        yield at_most(f"effective matrix against a dense solve, {size} x {size}, relative", error, 1e-9)
    eye, none = torch.eye(sizes[-1], dtype=torch.float64), torch.zeros(sizes[-1], sizes[-1], dtype=torch.float64)
    forward, backward = solve(cells, base, eye, none).column_amperes, -solve(cells, base, none, eye).row_amperes.T
    yield at_most("reciprocity, of the largest current", _difference(forward, backward), 1e-10)
    yield at_most("Kirchhoff residual, of the largest current", kirchhoff(cells, base), 1e-10)


def kirchhoff(cells: Tensor, wires: Wires) -> float:
    """Largest sum of currents at an inner node, as a fraction of the largest current out of a line."""
    nodes = solve(cells, wires, _uniform("inputs", 1, len(cells)), torch.zeros(1, cells.shape[1], dtype=torch.float64))
    through = nodes.cells_volts * cells
    at_rows = nodes.rows_volts.diff(dim=2).diff(dim=2) / wires.row_ohm - through[:, :, 1:-1]
    at_columns = nodes.columns_volts.diff(dim=1).diff(dim=1) / wires.column_ohm + through[:, 1:-1]
    largest = float(nodes.column_amperes.abs().max())
    return max(float(at_rows.abs().max()), float(at_columns.abs().max())) / largest


def _best_of(work, repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _times() -> Iterator[Figure]:
    wires = Wires(row_ohm=0.35, column_ohm=0.35)
    for size, limit in SECONDS.items():
        cells = _cells(size)
        seconds = _best_of(lambda c=cells: effective_matrix(c, wires), 5 if size < 256 else 2)
        yield at_most(f"effective matrix {size} x {size}, seconds", seconds, limit)
    effective, x = effective_matrix(_cells(128), Wires(row_ohm=2.0, column_ohm=2.0)).float(), _uniform("x", 64, 128).float()
    seconds = _best_of(lambda: x @ effective, 50)
    yield at_most(
        "64 products with 128 x 128 at 2 ohm, seconds (a peer's 8 in 4.67 s, over 200)", seconds, PEER_SECONDS / SPEEDUP
    )


def _losses() -> Iterator[Figure]:
    cells = torch.stack([_cells(64), _cells(64).mT])
    for ohm, percent in LOSSES.items():
        effective = effective_matrix(cells, Wires(row_ohm=ohm, column_ohm=ohm))
        loss = 100 * (1 - float(effective.sum() / cells.sum()))
        yield near(f"current lost in 64 x 64 at {ohm:g} ohm, percent", loss, percent, 0.03)


def _errors(draws: int) -> Iterator[Figure]:
    for ohm in LOSSES:
        wires, sums = Wires(row_ohm=ohm, column_ohm=ohm), dict.fromkeys(ERRORS, 0.0)
        for draw in range(draws):
            for name, error in product_errors(wires, draw).items():
                sums[name] += error / draws
        for name, error in sums.items():
            yield near(f"RMSE of a product from wires, 64 x 64 at {ohm:g} ohm, {name}", error, ERRORS[name][ohm], 0.1)


def product_errors(wires: Wires, draw: int, size: int = 64) -> dict[str, float]:
    """RMSE of y = W^T x from wires alone, with W and x uniform in -1 … 1, for each way of reading the array."""
    weights, x, other = (2 * _uniform(f"{name} {draw}", *shape) - 1 for name, shape in _shapes(size))
    exact, effective = x @ weights, effective_matrix(MIDDLE + HALF * weights, wires)
    with_column = effective_matrix(
        torch.cat([MIDDLE + HALF * weights, torch.full((size, 1), MIDDLE, dtype=torch.float64)], 1), wires
    )
    plus, minus = (LOW + 2 * HALF * part.clamp(min=0) for part in (weights, -weights))
    read, again = ((v @ effective - MIDDLE * v.sum(1, keepdim=True)) / HALF for v in (x, other))
    fit = torch.linalg.lstsq(_terms(again, other), (other @ weights).T[..., None]).solution
    results = {
        "digital reference": read,
        "reference column": (x @ with_column[:, :-1] - x @ with_column[:, -1:]) / HALF,
        "scale and sum for each output": (_terms(read, x) @ fit)[..., 0].T,
        "differential pairs": x @ effective_pairs(plus, minus, wires) / (2 * HALF),
    }
    return {name: float((result - exact).square().mean().sqrt()) for name, result in results.items()}


def _shapes(size: int) -> list[tuple[str, tuple[int, int]]]:
    return [("weights", (size, size)), ("inputs", (500, size)), ("others", (500, size))]


def _terms(outputs: Tensor, x: Tensor) -> Tensor:
    """y and sum(x) of each output line, (outputs, samples, 2)."""
    return torch.stack([outputs, x.sum(1, keepdim=True).expand_as(outputs)]).permute(2, 1, 0)


def _judge(sizes: tuple[int, ...]) -> Iterator[Figure]:
    wires, model = Wires(row_ohm=0.35, column_ohm=0.35), cell_model()
    for size in sizes:
        for kind in KINDS if size < 64 else ("ohmic", "transistor-hopping"):
            name = f"currents against ngspice, {kind} cells, {size} x {size}, of the largest"
            difference = compare_array(kind, size, wires, model).difference if ngspice.installed() else None
            yield at_most(name, difference, LIMITS[kind])
