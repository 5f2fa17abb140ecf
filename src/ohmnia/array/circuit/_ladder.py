"""Exact elimination of a resistive array, one column line at a time.

    Y_j = (D_j^-1 + Z)^-1                         a column line and its cells, seen from the row lines
    P_j = Y_j + P_{j+1} K_{j+1},   K_j = (1 + r P_j)^-1
    V_{j+1} = K_{j+1} (V_j + r f_{j+1}),   f_j = Y_j c_j + K_{j+1} f_{j+1}

with D_j the diagonal of the cells' conductances of column j (S), Z the impedance matrix of a column line between its taps
and its terminals (ohm), r a segment of a row line (ohm), P_j the admittance of everything from column j on (S), V_j the
voltages of the row lines at column j, c_j the voltage behind the terminals of column j (V), and f_j (A) the current that
the sources in that part send back. A row's own terminal is one more segment, beyond the first column. No resistance is ever
inverted, so each may be zero.

The row lines couple neighbouring columns by a multiple of the identity only: an array of m rows and n columns costs n
factorisations of m x m blocks, O(n m^3), instead of one of a 2 m n square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float64
from torch import Tensor

from ohmnia.array.circuit._column import admittances, looking
from ohmnia.array.circuit.wires import Line

# Below this r P, (1 - K) / r would lose more digits than the product P K does.
_SAFE = 1e-3
# Columns whose Y is made at once: enough for one call to be worth its overhead, few enough to be small.
_CHUNK = 32


def tap_impedance(line: Line, taps: int) -> Float64[Tensor, "taps taps"]:
    """Impedance matrix of a line between its taps, with the sources behind its terminals at zero (ohm)."""
    position = torch.arange(taps, dtype=torch.float64)
    low, high = torch.minimum(position[:, None], position), torch.maximum(position[:, None], position)
    start = line.terminal_ohm + line.segment_ohm * low
    end = line.terminal_ohm + line.segment_ohm * (taps - 1 - high)
    if line.side != "both":
        return start if line.side == "start" else end
    total = 2 * line.terminal_ohm + line.segment_ohm * (taps - 1)
    return start * end / total if total > 0 else torch.zeros_like(start)


def inverse_plus(matrix: Tensor, factor: float) -> Tensor:
    """(1 + factor * matrix)^-1 of symmetric, positive semi-definite matrices."""
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    if factor == 0:
        return eye.expand_as(matrix)
    return torch.cholesky_inverse(torch.linalg.cholesky(torch.add(eye, matrix, alpha=factor)))


class Ladder(NamedTuple):
    """An array whose row lines have their terminal at column 0 ("start") or at both ends.

    Attributes
    ----------
    cells
        Conductances (siemens), (..., rows, columns), float64.
    row, column
        The lines.
    """

    cells: Tensor
    row: Line
    column: Line

    @property
    def far_siemens(self) -> float:
        """Conductance from the last column to a far terminal; 0 without one."""
        return 1.0 / self.row.terminal_ohm if self.row.side == "both" else 0.0

    def toward(self, column: int) -> float:
        """Resistance of a row line between a column and what lies before it (ohm)."""
        return self.row.segment_ohm if column else self.row.terminal_ohm

    def impedance(self) -> Tensor:
        """Z, (rows, rows)."""
        return tap_impedance(self.column, self.cells.shape[-2]).to(self.cells.device)

    def admittances(self, backward: bool = False) -> Iterator[tuple[int, Tensor]]:
        """Column index and Y_j, from the first column to the last, or backward."""
        # A line with its terminal at the start is turned round.
        turned = self.column.side == "start"
        cells, line = (self.cells.flip(-2), self.column._replace(side="end")) if turned else (self.cells, self.column)
        view, starts = looking(cells, line), range(0, cells.shape[-1], _CHUNK)
        for start in reversed(starts) if backward else starts:
            chunk = admittances(cells, view, slice(start, start + _CHUNK))
            chunk = chunk.flip(-2, -1) if turned else chunk
            within = range(chunk.shape[-3])
            for k in reversed(within) if backward else within:
                yield start + k, chunk[..., k, :, :]

    def steps(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Column index, Y_j and K_j, from the last column to the first."""
        beyond: Tensor | None = None
        for j, own in self.admittances(backward=True):
            if beyond is None:
                beyond = torch.diag_embed(torch.full_like(self.cells[..., 0], self.far_siemens))
            total = own + beyond
            seen = inverse_plus(total, self.toward(j))
            yield j, own, seen
            beyond = behind(total, seen, self.toward(j))


def behind(total: Tensor, seen: Tensor, ohm: float) -> Tensor:
    """P K, the admittance of P behind a resistance."""
    if ohm == 0:
        return total
    if ohm * float(total.diagonal(dim1=-2, dim2=-1).amax(-1).min()) > _SAFE:
        return (torch.eye(total.shape[-1], dtype=total.dtype, device=total.device) - seen) / ohm
    return total @ seen


def transfer(ladder: Ladder) -> Float64[Tensor, "... rows columns"]:
    """Current out of each column line for one volt on each row line (siemens), in one pass and O(m^2) memory."""
    *batch, rows, columns = ladder.cells.shape
    out = torch.zeros(*batch, columns, rows, dtype=torch.float64, device=ladder.cells.device)
    far = ladder.far_siemens
    direct, back = torch.zeros_like(out), far * torch.eye(rows, dtype=torch.float64, device=out.device).expand(*batch, rows, rows)
    for j, own, seen in ladder.steps():
        out[..., j, :] = own.sum(-1)
        # Only the columns from j on have an output yet.
        out[..., j:, :] = out[..., j:, :] @ seen
        if far:
            direct[..., j:, :] += ladder.toward(j) * (out[..., j:, :] @ back)
            back = seen @ back
    return (out + direct).mT


def voltages(ladder: Ladder, rows: Tensor, columns: Tensor) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """Column index, and at that column the voltages of the row lines, the cells' currents and the cells' voltages.

    Parameters
    ----------
    ladder
        The array.
    rows, columns
        Voltages behind the terminals, (..., rows, samples) and (..., columns, samples).
    """
    seen, back = {}, {}
    current = ladder.far_siemens * rows
    for j, own, seen[j] in ladder.steps():
        back[j] = own.sum(-1, keepdim=True) * columns[..., j : j + 1, :] + current
        current = seen[j] @ back[j]
    impedance, before = ladder.impedance(), rows
    for j, own in ladder.admittances():
        before = seen.pop(j) @ (before + ladder.toward(j) * back.pop(j))
        across = before - columns[..., j : j + 1, :]
        through = own @ across
        yield j, before, through, across - impedance @ through
