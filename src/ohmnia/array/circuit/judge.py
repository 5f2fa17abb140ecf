"""The solvers beside ngspice: the same arrays, cells and stimuli, and the largest difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from ohmnia._errors import unknown_name
from ohmnia.array.circuit import ngspice
from ohmnia.array.circuit.cells import AbstractCells, HoppingCells, OhmicCells, TransistorCells
from ohmnia.array.circuit.nonlinear import solve_nonlinear
from ohmnia.array.circuit.physical import PhysicalCells
from ohmnia.array.circuit.spice import READ_VOLTS, array_netlist, train_netlist
from ohmnia.array.circuit.wires import Wires
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.conduction import HyperbolicSine, SquareLawTransistor
from ohmnia.random import Stream, uniform
from ohmnia.technology import CellModel

KINDS = ("ohmic", "hopping", "transistor", "transistor-hopping")
LIMITS = {"ohmic": 1e-6, "hopping": 1e-4, "transistor": 1e-4, "transistor-hopping": 1e-4, "train": 0.01}
LOW_SIEMENS, HIGH_SIEMENS = 9e-6, 88.2e-6
GATE_VOLTS, SET_VOLTS, RESET_VOLTS = 1.4, 1.35, -1.3
EDGE_SECONDS = 1e-9


class Comparison(NamedTuple):
    """One case beside ngspice.

    Attributes
    ----------
    case
        What was compared.
    difference
        Largest difference: of the line currents, relative to the largest one; of a cell's conductances, relative.
    limit
        What it has to stay below.
    """

    case: str
    difference: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the difference is within the limit."""
        return self.difference <= self.limit


def example(kind: str, size: int, model: CellModel, seed: int = 0) -> tuple[AbstractCells, torch.Tensor]:
    """Cells of a square array, uniform in the window, and inputs uniform in 0 … 0.2 V.

    Parameters
    ----------
    kind
        "ohmic", "hopping", "transistor" or "transistor-hopping".
    size
        Rows and columns.
    model
        Numbers of conduction and transistor.
    seed
        Of conductances and inputs.

    Raises
    ------
    UnknownNameError
        Another kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind of cells", kind, KINDS)
    stream = Stream.root(seed)
    share = uniform(stream.child("cells"), torch.arange(size * size)).reshape(size, size)
    conductance = LOW_SIEMENS + (HIGH_SIEMENS - LOW_SIEMENS) * share
    inputs = READ_VOLTS * uniform(stream.child("inputs"), torch.arange(size))
    cells: AbstractCells = OhmicCells(conductance)
    if "hopping" in kind:
        cells = HoppingCells(conductance, build(HyperbolicSine, model, "conduction"))
    if "transistor" in kind:
        gate = torch.full((1, 1), GATE_VOLTS, dtype=torch.float64)
        cells = TransistorCells(cells, build(SquareLawTransistor, model, "transistor"), gate)
    return cells, inputs


def compare_array(kind: str, size: int, wires: Wires, model: CellModel, seed: int = 0) -> Comparison:
    """Line currents of a square array at one operating point.

    Raises
    ------
    StateError
        ngspice is missing or fails.
    """
    cells, inputs = example(kind, size, model, seed)
    ground = torch.zeros(size, dtype=torch.float64)
    point = solve_nonlinear(cells, wires, inputs[None], ground[None])
    netlist = array_netlist(cells, wires, inputs, ground)
    return Comparison(f"{kind} {size} x {size}", ngspice.largest_difference(point, 0, netlist), LIMITS[kind])


def compare_train(model: CellModel, pulses: int = 20, width_seconds: float = 2.5e-6) -> Comparison:
    """Conductance of one physical cell after each pulse: `pulses` of +1.35 V, then as many of -1.3 V.

    Raises
    ------
    StateError
        ngspice is missing or fails.
    """
    cell = build(HoppingCell, model, "compact")
    volts, start = _volts(pulses), cell.density_low_per_m3
    netlist, reads = train_netlist(cell, start, volts, width_seconds, EDGE_SECONDS)
    times, current = ngspice.transient(netlist, _command(reads), ["i(vp)"])
    other = -np.interp(reads, times, current[:, 0]) / READ_VOLTS
    own = PhysicalCells(cell, start, (1,)).train(torch.tensor(volts), width_seconds, EDGE_SECONDS)[:, 0].numpy()
    case = f"cell, {2 * pulses} pulses of {width_seconds * 1e6:g} us"
    return Comparison(case, float(np.abs(own / other - 1).max()), LIMITS["train"])


def train_deck(model: CellModel, pulses: int = 20, width_seconds: float = 2.5e-6) -> tuple[str, str]:
    """Netlist of `compare_train`, and the command that runs it."""
    cell = build(HoppingCell, model, "compact")
    netlist, reads = train_netlist(cell, cell.density_low_per_m3, _volts(pulses), width_seconds, EDGE_SECONDS)
    return netlist, _command(reads)


def _volts(pulses: int) -> list[float]:
    return [SET_VOLTS] * pulses + [RESET_VOLTS] * pulses


def _command(reads: list[float]) -> str:
    return f"tran 10n {reads[-1] + 1e-7:.9g} 0 50n uic"


def compare_all(size: int, wires: Wires, model: CellModel, pulses: int = 20) -> Iterator[Comparison]:
    """Every kind of cells in an array of a size, then a pulse train."""
    for kind in KINDS:
        yield compare_array(kind, size, wires, model)
    yield compare_train(model, pulses)
