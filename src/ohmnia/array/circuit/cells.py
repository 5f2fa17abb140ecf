"""Cells between a row line and a column line: current and slopes at any pair of node voltages.

A cell law takes the voltages of its two nodes, not their difference, since a transistor's current depends on both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float64
from torch import Tensor

from ohmnia.device.conduction import HyperbolicSine, SquareLawTransistor

_ROUNDS = 100
_CLOSE = 1e-14


class CellCurrents(NamedTuple):
    """Linearised cells.

    Attributes
    ----------
    amperes
        From the row line to the column line.
    by_row, by_column
        Derivatives with respect to the voltage of the row node and of the column node (siemens); the second is not positive.
    """

    amperes: Tensor
    by_row: Tensor
    by_column: Tensor


class AbstractCells(ABC):
    """Cells of one array."""

    @abstractmethod
    def currents(
        self, row: Float64[Tensor, "samples rows columns"], column: Float64[Tensor, "samples rows columns"]
    ) -> CellCurrents:
        """Currents and slopes at node voltages (V)."""


@final
@dataclass(frozen=True, slots=True)
class OhmicCells(AbstractCells):
    """I = G (V_row - V_column); `conductance` (siemens) is (rows, columns)."""

    conductance: Tensor

    def currents(self, row: Tensor, column: Tensor) -> CellCurrents:
        """As `AbstractCells.currents`."""
        slope = self.conductance.double().expand_as(row)
        return CellCurrents(slope * (row - column), slope, -slope)


@final
@dataclass(frozen=True, slots=True)
class HoppingCells(AbstractCells):
    """Cells of a hyperbolic-sine law; `conductance` (siemens at the law's read voltage) is (rows, columns)."""

    conductance: Tensor
    law: HyperbolicSine

    def currents(self, row: Tensor, column: Tensor) -> CellCurrents:
        """As `AbstractCells.currents`."""
        amperes, slope = self.law.currents(self.conductance.double(), row - column)
        return CellCurrents(amperes, slope, -slope)


@final
@dataclass(frozen=True, slots=True)
class TransistorCells(AbstractCells):
    """A cell in series with its transistor: row line, cell, inner node, transistor, column line.

    Parameters
    ----------
    cells
        Without the transistor; its current must rise with the voltage across it.
    transistor
        One law for all.
    gate_volts
        Of each transistor, broadcast to (samples, rows, columns): a word line along a row is (rows, 1).
    """

    cells: AbstractCells
    transistor: SquareLawTransistor
    gate_volts: Tensor

    def currents(self, row: Tensor, column: Tensor) -> CellCurrents:
        """As `AbstractCells.currents`; the inner node is found by a bracketed Newton iteration."""
        gate = self.gate_volts.double().expand_as(row)
        inner = self.inner_volts(row, column)
        cell, channel = self.cells.currents(row, inner), self.transistor.currents(gate, inner, column)
        # The inner node follows the row by cell.by_row / total, and the column by -channel.by_source / total.
        total = (channel.by_drain - cell.by_column).clamp(min=torch.finfo(torch.float64).tiny)
        by_row = channel.by_drain * cell.by_row / total
        by_column = -channel.by_source * cell.by_column / total
        return CellCurrents(cell.amperes, by_row, by_column)

    def inner_volts(self, row: Tensor, column: Tensor) -> Tensor:
        """Voltage of the node between cell and transistor (V); the cell itself sees `row - inner`."""
        gate = self.gate_volts.double().expand_as(row)
        low, high = torch.minimum(row, column), torch.maximum(row, column)
        inner = torch.where(gate - self.transistor.threshold_volts > low, column, row)
        for _ in range(_ROUNDS):
            cell, channel = self.cells.currents(row, inner), self.transistor.currents(gate, inner, column)
            excess, slope = cell.amperes - channel.amperes, cell.by_column - channel.by_drain
            low, high = torch.where(excess > 0, inner, low), torch.where(excess < 0, inner, high)
            moved = inner - excess / slope.clamp(max=-torch.finfo(torch.float64).tiny)
            moved = torch.where((moved >= low) & (moved <= high), moved, (low + high) / 2)
            moved = torch.where(excess == 0, inner, moved)
            step = float((moved - inner).abs().max())
            inner = moved
            if step <= _CLOSE * max(1.0, float(inner.abs().max())):
                break
        return inner
