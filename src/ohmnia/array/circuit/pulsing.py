r"""The share of a pulse's voltage that reaches each cell and its transistor.

    f = f_array / (1 + G (1 - p_r) R_r + G (1 - p_c) R_c)

A pulse goes to a cell while others on its lines conduct. `f_array` is the voltage across the pair in the nodal solution of the
whole array with 1 V on every row line, 0 V on every column line, and the resistances of row lines times p_r, of column lines
times p_c: the mean drop by cells of which the share p conducts. It holds the cell's own current with this share too; the
divider adds the rest.

======= ============================================================================================== ====
symbol  meaning                                                                                        unit
======= ============================================================================================== ====
f       voltage across the cell and its transistor over that of the pulse                              1
G       conductance of the cell in series with its transistor, at the beginning of the call            S
R_r     resistance of the row line from its terminals to the cell, driver included; R_c: column line   ohm
p_r     share of the other cells of a row line that conduct at the same time; p_c: of a column line    1
======= ============================================================================================== ====

With gate coincidence a cell conducts where both of its lines fire: p_r is the share of the column lines that fire, q. With
half-voltage coincidence the other cells of a firing line conduct at half voltage, p_r = (1 + q) / 2. Pulses of a closed loop go
to one cell at a time behind closed transistors: p = 0. Both kinds of lines have the driver's resistance. The two planes of
interleaved pairs are pulsed in opposite directions, hence one after the other: with gates the other plane carries nothing, with
half voltages its cells on a firing line conduct at half voltage, and count in `f_array` with 1 / (1 + q) of their G.

Limits: exact where all cells conduct (p = 1) and where no other does (p = 0); in between to first order in the resistances, as
a mean over the cells that fire. All lines of a kind fire with their mean share; cells move little during one call.

References
----------
Chen, IEEE Trans. Electron Devices 60, 1318 (2013), for the nodal equations; Gokmen & Vlasov, Front. Neurosci. 10, 333 (2016),
for coincidence.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia.array.circuit._ladder import tap_impedance
from ohmnia.array.circuit.linear import solve
from ohmnia.array.circuit.pairs import joined, parted
from ohmnia.array.circuit.wires import Line, Wires

# Terminals of zero resistance at both ends of a line have no solution, so that no share is 0 there.
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

    Raises
    ------
    InvalidValueError
        As `effective_matrix`.
    """
    pair = planes.double() / (1.0 + wires.access_ohm * planes.double())
    if firing == (0.0, 0.0) or len(planes) == 1 or wires.pairs == "separate":
        return parted(_shares(joined(pair, wires), wires, firing), wires, len(planes))
    # Plus and minus cells are pulsed in opposite directions, hence one after the other.
    unshared = firing[1] if wires.pairs == "interleaved-columns" else firing[0]
    others = 1.0 / (1.0 + unshared) if wires.coincidence == "half-voltage" else 0.0
    shares = []
    for own in range(len(planes)):
        weighted = torch.where(torch.arange(len(pair))[:, None, None] == own, pair, others * pair)
        shares.append(parted(_shares(joined(weighted, wires), wires, firing), wires, len(planes))[own])
    return torch.stack(shares)


def _shares(arrays: Tensor, wires: Wires, firing: tuple[float, float]) -> Tensor:
    row, column = wires.model_copy(update={"sense_ohm": wires.drive_ohm}).lines()
    alone, (on_columns, on_rows) = firing == (0.0, 0.0), firing
    if wires.coincidence == "half-voltage" and not alone:
        on_rows, on_columns = (1 + on_rows) / 2, (1 + on_columns) / 2
    rows, columns = arrays.shape[1:]
    path = (1.0 - on_rows) * _path(row, columns)[None, :] + (1.0 - on_columns) * _path(column, rows)[:, None]
    share = 1.0 / (1.0 + arrays * path)
    return share if alone else share * torch.stack([_loaded(array, wires, on_rows, on_columns) for array in arrays])


def _loaded(array: Tensor, wires: Wires, on_rows: float, on_columns: float) -> Tensor:
    on_rows, on_columns = max(on_rows, _LEAST_LOAD), max(on_columns, _LEAST_LOAD)
    lighter = {
        "row_ohm": wires.row_ohm * on_rows,
        "column_ohm": wires.column_ohm * on_columns,
        "drive_ohm": wires.drive_ohm * on_rows,
        "sense_ohm": wires.drive_ohm * on_columns,
        "access_ohm": 0.0,  # `array` holds the transistors
    }
    one, none = torch.ones(1, len(array)), torch.zeros(1, array.shape[1])
    nodes = solve(array, wires.model_copy(update=lighter), one.double(), none.double())
    return (nodes.rows_volts - nodes.columns_volts)[0]


def _path(line: Line, cells: int) -> Float64[Tensor, " cells"]:
    """Resistance (ohm) from the terminals of a line to each of its cells."""
    return tap_impedance(line, cells).diagonal()
