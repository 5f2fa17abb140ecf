"""A column line and its cells as seen from the row lines: Y = (D^-1 + Z)^-1 for each column, O(m^2).

The line is a ladder of segments (series) and cells (shunt), so that a current into one node makes voltages that follow by
ratios of neighbouring impedances:

    A_0 = g_0 + 1/t,      A_k = g_k + A_{k-1} / (1 + r A_{k-1})        admittance away from the terminal, own cell included
    B_{m-1} = t,          B_k = r + B'_{k+1},   B'_k = B_k / (1 + g_k B_k)   impedance towards the terminal
    M_kk = B_k / (1 + A_k B_k),   M_kl = M_{k,l-1} B'_l / (r + B'_l) for l > k,   Y = D - D M D

with g_k the cells (S), r a segment and t a terminal (ohm); 1/t in A_0 only where both ends have a terminal. The direction is
that of a line with its terminal at the end; one with its terminal at the start is turned round. No resistance is inverted.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float64
from torch import Tensor

from ohmnia.array.circuit.wires import Line


class Looking(NamedTuple):
    """A_k, B_k and B'_k of every node, each (..., rows, columns); ratios of responses of neighbours, (..., rows - 1, columns)."""

    away: Tensor
    toward: Tensor
    ratio: Tensor


def looking(cells: Float64[Tensor, "... rows columns"], line: Line) -> Looking:
    """What every node of every column sees in both directions of a line with its terminal at the end, or at both.

    Parameters
    ----------
    cells
        Conductances (siemens), zero or more.
    line
        The column line of all of them.
    """
    size, r, t = cells.shape[-2], line.segment_ohm, line.terminal_ohm
    away, toward, loaded = torch.empty_like(cells), torch.empty_like(cells), torch.empty_like(cells)
    away[..., 0, :] = cells[..., 0, :] + (1.0 / t if line.side == "both" else 0.0)
    for k in range(1, size):
        away[..., k, :] = cells[..., k, :] + away[..., k - 1, :] / (1.0 + r * away[..., k - 1, :])
    toward[..., -1, :] = t
    for k in reversed(range(size)):
        if k < size - 1:
            toward[..., k, :] = r + loaded[..., k + 1, :]
        loaded[..., k, :] = toward[..., k, :] / (1.0 + cells[..., k, :] * toward[..., k, :])
    before = toward[..., :-1, :]
    # Where nothing lies towards the terminal, the node before it is held as well, and its response is zero.
    ratio = torch.where(before > 0, loaded[..., 1:, :] / before.clamp(min=torch.finfo(cells.dtype).tiny), 0.0)
    return Looking(away, toward, ratio)


def admittances(
    cells: Float64[Tensor, "... rows columns"], view: Looking, columns: slice
) -> Float64[Tensor, "... some rows rows"]:
    """Y (siemens) of some of the columns."""
    own, size = cells[..., columns].mT, cells.shape[-2]
    away, toward, ratio = (part[..., columns].mT.contiguous() for part in view)
    point = toward / (1.0 + away * toward)
    # Lower half of M, row by row, then of D M D.
    y = own.new_zeros(*own.shape, size)
    y[..., 0, 0] = point[..., 0]
    for k in range(1, size):
        torch.mul(y[..., k - 1, :k], ratio[..., k - 1 : k], out=y[..., k, :k])
        y[..., k, k] = point[..., k]
    y.mul_(own[..., :, None]).mul_(own[..., None, :]).neg_()
    y.add_(y.tril(-1).mT)
    y.diagonal(dim1=-2, dim2=-1).add_(own)
    return y


def column_admittance(cells: Float64[Tensor, "... rows columns"], line: Line) -> Float64[Tensor, "... columns rows rows"]:
    """Y (siemens) of all columns, for a terminal at any side; sources behind the terminals are zero."""
    if line.side == "start":
        return column_admittance(cells.flip(-2), line._replace(side="end")).flip(-2, -1)
    return admittances(cells, looking(cells, line), slice(None))
