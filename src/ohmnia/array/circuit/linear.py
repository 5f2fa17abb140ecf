"""Linear arrays: the effective matrix of a programmed state, and the voltage at every node.

Wires and ohmic cells make an array a linear map, so the currents out of the sensed lines are one product,

    I = v G_eff,        G_eff = G with ideal wires,

and the nodal equations are solved once for a state, not once for an input. The derivative follows from the same two
solutions (Tellegen's theorem): dI_j / dG_kl = -u_kl w_kl, where u is the voltage across the cell k, l with 1 V on the
driven line, and w that with 1 V on the sensed line j instead.

References
----------
Chen, IEEE Trans. Electron Devices 60, 1318 (2013), for the nodal equations of an array. The elimination is in `_ladder`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia._threads import one_thread
from ohmnia.array.circuit._ladder import Ladder, transfer, voltages
from ohmnia.array.circuit.wires import Line, Wires


@final
class Nodes(NamedTuple):
    """A solved array for a batch of terminal voltages.

    Attributes
    ----------
    rows_volts, columns_volts
        At each crossing, of the row line and of the column line, (samples, rows, columns).
    cells_volts, cells_amperes
        From the row line to the column line, (samples, rows, columns).
    row_amperes
        Into each row line from its terminals, (samples, rows).
    column_amperes
        Out of each column line into its terminals, (samples, columns).
    """

    rows_volts: Tensor
    columns_volts: Tensor
    cells_volts: Tensor
    cells_amperes: Tensor
    row_amperes: Tensor
    column_amperes: Tensor


def effective_matrix(
    conductance: Float[Tensor, "*batch rows columns"], wires: Wires, drive: str = "rows"
) -> Float[Tensor, "*batch rows columns"]:
    """Effective conductances (siemens): current out of each sensed line for one volt on each driven line.

    Differentiable once in `conductance`. Computed in float64 on the tensor's own device, returned in its type.

    Parameters
    ----------
    conductance
        Of the cells (siemens), at least zero; batches are independent arrays.
    wires
        What surrounds them.
    drive
        "rows": inputs on row lines, outputs on column lines, I = v G_eff. "columns": the other way round, I = G_eff v.

    Raises
    ------
    InvalidValueError
        A negative, infinite or missing conductance, or a topology without a solution.

    Examples
    --------
    >>> wires = Wires(row_ohm=0.35, column_ohm=0.35)
    >>> effective = effective_matrix(conductance, wires)  # once for a state
    >>> currents = inputs @ effective  # for every batch
    """
    lines = wires.lines(drive)
    cells = _cells(conductance, wires, lines)
    return _Effective.apply(cells, *lines).to(conductance.dtype)  # type: ignore[union-attr]


@torch.no_grad()
def solve(
    conductance: Float[Tensor, "rows columns"],
    wires: Wires,
    rows_volts: Float[Tensor, "samples rows"],
    columns_volts: Float[Tensor, "samples columns"],
    drive: str = "rows",
) -> Nodes:
    """Every node of an array whose lines all have a source behind their terminals.

    Parameters
    ----------
    conductance
        Of the cells (siemens).
    wires
        What surrounds them.
    rows_volts, columns_volts
        Behind the terminals of the lines; zeros are a virtual ground.
    drive
        Which lines have the driver's resistance; the others have the sense amplifier's.

    Raises
    ------
    InvalidValueError
        As `effective_matrix`.
    """
    row, column = lines = wires.lines(drive)
    cells = _cells(conductance, wires, lines)
    order, ladder = _oriented(cells, row, column)
    v, c = rows_volts.double().T, columns_volts.double().T
    found = cells.new_empty(3, *cells.shape, v.shape[-1])
    with one_thread():
        for j, *values in voltages(ladder, v, c[order]):
            found[:, :, j] = torch.stack(values)
    at_rows, amperes, across = found[:, :, order].movedim(-1, 1)
    # An access transistor takes its share of the voltage across the pair.
    resistor = across - wires.access_ohm * amperes
    return Nodes(at_rows, at_rows - across, resistor, amperes, amperes.sum(-1), amperes.sum(-2))


class _Effective(torch.autograd.Function):
    """Cells to effective matrix; saves the cells alone, and solves twice in the backward pass."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, row: Line, column: Line) -> Tensor:
        ctx.save_for_backward(cells)
        ctx.lines = row, column
        with one_thread():
            if cells.shape[-2] > cells.shape[-1]:  # the block is the shorter side; the network is reciprocal
                order, ladder = _oriented(cells.mT, column, row)
                return transfer(ladder)[..., order].mT.contiguous()
            order, ladder = _oriented(cells, row, column)
            return transfer(ladder)[..., order].contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (cells,) = ctx.saved_tensors
        row, column = ctx.lines
        *_batch, rows, columns = cells.shape
        with one_thread():
            if rows > columns:
                return _sensitivity(cells.mT, column, row, gradient.mT).mT, None, None
            return _sensitivity(cells, row, column, gradient), None, None


def _sensitivity(cells: Tensor, row: Line, column: Line, gradient: Tensor) -> Tensor:
    """Sum over inputs of the product of both solutions: sources on each row, and `gradient` on the columns instead."""
    *batch, rows, columns = cells.shape
    order, ladder = _oriented(cells, row, column)
    unit = torch.eye(rows, dtype=cells.dtype, device=cells.device).expand(*batch, rows, rows)
    none = torch.zeros_like(unit)
    v = torch.cat([unit, none], -1)
    c = torch.cat([cells.new_zeros(*batch, columns, rows), gradient.mT[..., order, :]], -1)
    result = torch.empty_like(cells)
    for j, _, _, across in voltages(ladder, v, c):
        result[..., j] = -(across[..., :rows] * across[..., rows:]).sum(-1)
    return result[..., order]


def _oriented(cells: Tensor, row: Line, column: Line) -> tuple[Tensor, Ladder]:
    """Column order in which the terminal of the row lines comes first, and the ladder in that order."""
    order = torch.arange(cells.shape[-1], device=cells.device)
    if row.side == "end":
        order = order.flip(0)
    return order, Ladder(cells[..., order], row._replace(side="start" if row.side == "end" else row.side), column)


def _cells(conductance: Tensor, wires: Wires, lines: tuple[Line, Line]) -> Tensor:
    """Conductance from line to line, after the checks."""
    bad = int((~(conductance >= 0) | torch.isinf(conductance)).sum())
    if bad or not conductance.numel():
        fault = f"{bad} of {conductance.numel()} conductances are negative, infinite or NaN"
        raise InvalidValueError(f"{fault}; an array needs cells of 0 siemens or more. Check the programming step.")
    check_lines(lines)
    cells = conductance.double()
    return cells / (1.0 + wires.access_ohm * cells) if wires.access_ohm else cells


def check_lines(lines: tuple[Line, Line]) -> None:
    """Refuse a topology without a solution.

    Raises
    ------
    InvalidValueError
        Terminals of zero resistance at both ends of a line.
    """
    for name, line in zip(("row", "column"), lines, strict=True):
        if line.side == "both" and line.terminal_ohm == 0:
            raise InvalidValueError(
                f"The {name} lines have terminals of zero resistance at both ends. Give the driver or the sense amplifier a "
                "resistance (1e-6 ohm is enough), or set lead_segments = 1."
            )
