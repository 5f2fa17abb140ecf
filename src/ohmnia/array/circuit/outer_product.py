"""A fully parallel outer product on physical cells with transistors and wires, slot by slot and phase by phase.

Each line carries a train of bits with a sign. A slot has four phases, one for each pair of signs; in a phase the firing
rows and the firing columns meet, and a cell where both fire gets one pulse: up where the signs agree, down where not.

| scheme | a firing row | a firing column | all others |
|---|---|---|---|
| "half-voltage" | half the pulse on the row line | minus half on the column line | 0 V; every gate is open |
| "gate" | opens its word line | takes the column line to the other rail | no voltage across the cell, or a closed gate |

With half voltages a cell on one firing line sees half a pulse and conducts; with gates it does not. During a phase the
cells move and so do the voltages: the network is solved at the middle of each of `network_steps` parts (midpoint rule).

References
----------
Gokmen & Vlasov, Front. Neurosci. 10, 333 (2016), for coincidence; the two schemes as in IBM's 10 x 10 netlist, which is in
the bibliography as ibmreram2025.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from ohmnia._errors import InvalidValueError, require, unknown_name
from ohmnia.array.circuit.cells import TransistorCells
from ohmnia.array.circuit.nonlinear import solve_nonlinear
from ohmnia.array.circuit.physical import PhysicalCells
from ohmnia.array.circuit.wires import Wires
from ohmnia.device.conduction import SquareLawTransistor
from ohmnia.random import Stream, uniform

SCHEMES = ("half-voltage", "gate")
_TOLERANCE = 1e-7


@final
@dataclass(frozen=True, slots=True)
class Coincidence:
    """How a pulse reaches a cell.

    Parameters
    ----------
    scheme
        "half-voltage" or "gate".
    set_volts, reset_volts
        Sizes of a pulse up and of a pulse down, both positive.
    width_seconds
        Of a pulse.
    open_gate_volts
        Of an open word line; a closed one is at 0 V.
    network_steps
        Parts of a pulse.
    """

    scheme: str = "gate"
    set_volts: float = 1.35
    reset_volts: float = 1.3
    width_seconds: float = 2.5e-6
    open_gate_volts: float = 3.3
    network_steps: int = 2

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise unknown_name("scheme", self.scheme, SCHEMES)
        for name in ("set_volts", "reset_volts", "width_seconds", "network_steps"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")


class OuterProduct(NamedTuple):
    """What an outer product has done.

    Attributes
    ----------
    ups, downs
        Coincidences asked for, (rows, columns).
    change_siemens
        Of the conductance at 0.2 V, (rows, columns).
    least_selected, most_unselected
        Smallest |change of ln C| of a cell that was selected in a phase, largest of one that was not.
    selected_siemens, disturbed_siemens
        Mean |change| of a selected cell in a phase, and of a cell on exactly one firing line.
    line_amperes
        Largest current that a line's driver delivered.
    worst_share
        Smallest share of the pulse that reached a selected cell and its transistor.
    """

    ups: Tensor
    downs: Tensor
    change_siemens: Tensor
    least_selected: float
    most_unselected: float
    selected_siemens: float
    disturbed_siemens: float
    line_amperes: float
    worst_share: float

    @property
    def map_is_logical(self) -> bool:
        """Whether every selected cell moved more than every other one."""
        return self.least_selected > self.most_unselected

    @property
    def disturb(self) -> float:
        """Change of a half-selected cell over that of a selected one."""
        return self.disturbed_siemens / self.selected_siemens


class _Phase(NamedTuple):
    rows: Tensor
    columns: Tensor
    up: bool

    @property
    def selected(self) -> Tensor:
        return self.rows[:, None] & self.columns

    @property
    def half_selected(self) -> Tensor:
        return self.rows[:, None] ^ self.columns


def bits(values: Float64[Tensor, " lines"], slots: int, stream: Stream) -> Int[Tensor, "slots lines"]:
    """Stochastic trains: in each slot a line fires with probability |value| / max|value|; +1 or -1 is its sign."""
    counters = torch.arange(slots * len(values)).reshape(slots, len(values))
    chance = values.abs() / values.abs().max().clamp(min=torch.finfo(torch.float64).tiny)
    return ((uniform(stream, counters) < chance) * values.sign()).to(torch.int64)


def outer_product(
    cells: PhysicalCells,
    transistor: SquareLawTransistor,
    wires: Wires,
    row_bits: Int[Tensor, "slots rows"],
    column_bits: Int[Tensor, "slots columns"],
    coincidence: Coincidence,
) -> OuterProduct:
    """Pulse the cells, in place; cells where the signs agree go up.

    Parameters
    ----------
    cells
        (rows, columns).
    transistor
        In series with each cell; word lines run along the rows.
    wires
        What surrounds them.
    row_bits, column_bits
        -1, 0 or 1 in each slot.
    coincidence
        Scheme and pulses.

    Raises
    ------
    InvalidValueError
        Bits that do not fit the array.
    ConvergenceError
        As `solve_nonlinear`.
    """
    shape = tuple(cells.log_density.shape)
    if len(row_bits) != len(column_bits) or shape != (row_bits.shape[1], column_bits.shape[1]):
        sizes = f"{tuple(row_bits.shape)} and {tuple(column_bits.shape)}"
        raise InvalidValueError(
            f"Bits of the shapes {sizes} do not fit {shape} cells; they need (slots, rows) and (slots, columns)."
        )
    before, log = cells.conductance(), _Log(shape)
    for phase in _phases(row_bits, column_bits):
        _Network(cells, transistor, wires, coincidence, phase, log).apply()
    return log.result(cells.conductance() - before)


def _phases(row_bits: Tensor, column_bits: Tensor) -> list[_Phase]:
    signs = list(itertools.product((1, -1), (1, -1)))
    pairs = [(r == a, c == b, a == b) for r, c in zip(row_bits, column_bits, strict=True) for a, b in signs]
    return [_Phase(*pair) for pair in pairs]


class _Log:
    """What the phases add up to."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.ups, self.downs = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
        self.least, self.most, self.share, self.amperes = float("inf"), 0.0, 1.0, 0.0
        self.sums = {"selected": [0.0, 0], "half": [0.0, 0]}

    def add(self, phase: _Phase, log_change: Tensor, change: Tensor) -> None:
        count = self.ups if phase.up else self.downs
        count += phase.selected
        for name, mask in (("selected", phase.selected), ("half", phase.half_selected)):
            self.sums[name][0] += float(change.abs()[mask].sum())
            self.sums[name][1] += int(mask.sum())
        moved = log_change.abs()
        if bool(phase.selected.any()):
            self.least = min(self.least, float(moved[phase.selected].min()))
        if not bool(phase.selected.all()):
            self.most = max(self.most, float(moved[~phase.selected].max()))

    def result(self, change: Tensor) -> OuterProduct:
        means = {name: total / max(count, 1) for name, (total, count) in self.sums.items()}
        return OuterProduct(
            self.ups,
            self.downs,
            change,
            self.least,
            self.most,
            means["selected"],
            means["half"],
            self.amperes,
            self.share,
        )


@dataclass(slots=True)
class _Network:
    """One phase: terminal voltages and gates, and the cells between them."""

    cells: PhysicalCells
    transistor: SquareLawTransistor
    wires: Wires
    coincidence: Coincidence
    phase: _Phase
    log: _Log

    def apply(self) -> None:
        needed = self.phase.selected if self.coincidence.scheme == "gate" else self.phase.selected | self.phase.half_selected
        start, conductance = self.cells.log_density, self.cells.conductance()
        if bool(needed.any()):
            part = self.coincidence.width_seconds / self.coincidence.network_steps
            for _ in range(self.coincidence.network_steps):
                held = self.cells.log_density
                self.cells.hold(self.across(), part / 2)
                middle = self.across()
                self.cells.log_density = held
                self.cells.hold(middle, part)
        self.log.add(self.phase, self.cells.log_density - start, self.cells.conductance() - conductance)

    def across(self) -> Tensor:
        """Voltage across each cell without its transistor, (rows, columns)."""
        rows, columns, gate = self.terminals()
        whole = TransistorCells(self.cells, self.transistor, gate[:, None])
        point = solve_nonlinear(whole, self.wires, rows[None], columns[None], tolerance=_TOLERANCE)
        pair, selected = (point.rows_volts - point.columns_volts)[0], self.phase.selected
        if bool(selected.any()):
            self.log.share = min(self.log.share, float(pair[selected].abs().min()) / self.size)
        lines = torch.cat([point.row_amperes[0], point.column_amperes[0]])
        self.log.amperes = max(self.log.amperes, float(lines.abs().max()))
        return (point.rows_volts - whole.inner_volts(point.rows_volts, point.columns_volts))[0]

    @property
    def size(self) -> float:
        return self.coincidence.set_volts if self.phase.up else self.coincidence.reset_volts

    def terminals(self) -> tuple[Tensor, Tensor, Tensor]:
        """Voltages of row lines, column lines and word lines."""
        rows, columns = self.phase.rows.double(), self.phase.columns.double()
        if self.coincidence.scheme == "half-voltage":
            half = self.size / 2 if self.phase.up else -self.size / 2
            return half * rows, -half * columns, torch.full_like(rows, self.coincidence.open_gate_volts)
        gate = self.coincidence.open_gate_volts * rows
        if self.phase.up:
            return torch.full_like(rows, self.size), self.size * (1.0 - columns), gate
        return torch.zeros_like(rows), self.size * columns, gate
