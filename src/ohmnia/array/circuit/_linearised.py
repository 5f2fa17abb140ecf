"""One Newton step of an array: cells i = s + a R - b C between row nodes R and column nodes C, wires exact.

The elimination is that of `_ladder`, with blocks that need not be symmetric, since a transistor's slopes differ:

    i_j = Y_j R_j + t_j,    Y_j = (1 + B_j Z)^-1 A_j,    t_j = (1 + B_j Z)^-1 (s_j - b_j c_j)
    f_j = K_{j+1} f_{j+1} - t_j

with A_j and B_j the diagonals of a and b of column j (S), s_j the source currents (A), and the symbols of `_ladder`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ohmnia.array.circuit._ladder import behind, tap_impedance
from ohmnia.array.circuit.wires import Line


class Point(NamedTuple):
    """Node voltages (V) and cell currents (A), each (samples, rows, columns)."""

    rows: Tensor
    columns: Tensor
    amperes: Tensor


class Linear(NamedTuple):
    """Cells of one iterate: s (A), a and b (S), each (samples, rows, columns)."""

    source: Tensor
    by_row: Tensor
    by_column: Tensor


def respond(cells: Linear, lines: tuple[Line, Line], rows: Tensor, columns: Tensor) -> Point:
    """Solve for terminal voltages `rows` (samples, rows) and `columns` (samples, columns); the block is the shorter side."""
    if cells.source.shape[-2] > cells.source.shape[-1]:
        turned = Linear(-cells.source.mT, cells.by_column.mT, cells.by_row.mT)
        point = respond(turned, (lines[1], lines[0]), columns, rows)
        return Point(point.columns.mT, point.rows.mT, -point.amperes.mT)
    if lines[0].side == "end":
        flipped = Linear(*(part.flip(-1) for part in cells))
        point = respond(flipped, (lines[0]._replace(side="start"), lines[1]), rows, columns.flip(-1))
        return Point(*(part.flip(-1) for part in point))
    return _march(cells, lines, rows[..., None], columns)


def _march(cells: Linear, lines: tuple[Line, Line], rows: Tensor, columns: Tensor) -> Point:
    row, column = lines
    size, count = cells.source.shape[-2:]
    impedance = tap_impedance(column, size).to(rows.device)
    eye = torch.eye(size, dtype=torch.float64, device=rows.device)
    far = 1.0 / row.terminal_ohm if row.side == "both" else 0.0
    beyond, current = far * eye, far * rows
    kept: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for j in reversed(range(count)):
        toward = row.segment_ohm if j else row.terminal_ohm
        a, b = cells.by_row[..., j], cells.by_column[..., j]
        inverse = torch.linalg.inv(eye + b[..., :, None] * impedance)
        own = inverse * a[..., None, :]
        offset = inverse @ (cells.source[..., j] - b * columns[..., j : j + 1])[..., None]
        total = own + beyond
        seen = torch.linalg.inv(eye + toward * total)
        back = current - offset
        kept.append((own, offset, seen, back))
        beyond, current = behind(total, seen, toward), seen @ back
    result = torch.empty(3, *cells.source.shape, dtype=torch.float64, device=rows.device)
    before = rows
    for j in range(count):
        own, offset, seen, back = kept.pop()
        before = seen @ (before + (row.segment_ohm if j else row.terminal_ohm) * back)
        through = own @ before + offset
        at_column = columns[..., None, j : j + 1] + impedance @ through
        result[..., j] = torch.stack([before, at_column, through])[..., 0]
    return Point(*result)
