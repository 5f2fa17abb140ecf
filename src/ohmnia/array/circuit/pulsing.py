"""The share of a pulse's voltage that reaches each cell.

    share = f_others f_own,    f_own = 1 / (1 + G R)

`f_own` is the divider of the cell (with its transistor) and the lines from its terminals, R. `f_others` is what the currents of
the other cells on these lines take: the nodal solution of the present conductances with all lines driven, in which each line's
resistances count by the fraction of its other cells that conduct at the same time. That is exact to first order in the
resistances; the cells that fire are a mean, not those of one slot.

With gate coincidence a cell conducts where both of its lines fire: on a row line with n cells the fraction is the share p of the
column lines that fire. With half-voltage coincidence the others conduct at half voltage: (1 + p) / 2. Closed-loop pulses go to
one cell at a time behind closed transistors: f_own alone. Both lines have the driver's resistance.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia.array.circuit.linear import solve
from ohmnia.array.circuit.pairs import joined, parted
from ohmnia.array.circuit.wires import Line, Wires

_LEAST_LOAD = 1e-9


@torch.no_grad()
def pulse_shares(
    planes: Float[Tensor, "planes rows columns"], wires: Wires, firing: tuple[float, float] = (0.0, 0.0)
) -> Float64[Tensor, "planes rows columns"]:
    """Share of a pulse's voltage across each cell and its transistor, 0 to 1.

    Parameters
    ----------
    planes
        Conductances of the cells (siemens).
    wires
        What surrounds them.
    firing
        Share of the row lines and of the column lines that fire at the same time as a cell's own; (0, 0): no others.
    """
    arrays = joined(planes.double(), wires)
    pair = arrays / (1.0 + wires.access_ohm * arrays)
    row, column = wires.model_copy(update={"sense_ohm": wires.drive_ohm}).lines()
    rows, columns = pair.shape[1:]
    path = _path(row, columns)[None, :] + _path(column, rows)[:, None]
    share = 1.0 / (1.0 + pair * path)
    if max(firing) > 0:
        loads = _loads(wires, firing, (rows, columns), len(planes) // len(arrays))
        share = share * torch.stack([_crowded(array, wires, loads) for array in arrays])
    return parted(share, wires, len(planes))


def _loads(wires: Wires, firing: tuple[float, float], shape: tuple[int, int], interleaved: int) -> tuple[float, float]:
    """Mean fraction of the cells of a row line and of a column line that conduct besides one that is pulsed."""
    rows, columns = firing
    # Plus and minus cells are pulsed in opposite directions, hence one after the other.
    if wires.pairs == "interleaved-columns":
        columns /= interleaved
    else:
        rows /= interleaved
    if wires.coincidence == "half-voltage":
        rows, columns = (1 + rows) / 2, (1 + columns) / 2
    return columns * (shape[1] - 1) / shape[1], rows * (shape[0] - 1) / shape[0]


def _crowded(array: Tensor, wires: Wires, loads: tuple[float, float]) -> Tensor:
    on_rows, on_columns = (max(load, _LEAST_LOAD) for load in loads)
    lighter = {
        "row_ohm": wires.row_ohm * on_rows,
        "column_ohm": wires.column_ohm * on_columns,
        "drive_ohm": wires.drive_ohm * on_rows,
        "sense_ohm": wires.drive_ohm * on_columns,
    }
    one, none = torch.ones(1, len(array)), torch.zeros(1, array.shape[1])
    nodes = solve(array, wires.model_copy(update=lighter), one.double(), none.double())
    return (nodes.rows_volts - nodes.columns_volts)[0]


def _path(line: Line, cells: int) -> Float64[Tensor, " cells"]:
    """Resistance (ohm) from the terminals of a line to each of its cells."""
    steps = torch.arange(cells, dtype=torch.float64)
    start, end = (line.terminal_ohm + line.segment_ohm * number for number in (steps, steps.flip(0)))
    if line.side == "both":
        return start * end / (start + end)
    return start if line.side == "start" else end
