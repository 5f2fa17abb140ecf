"""Cell laws: slopes against differences, and the inner node of a cell with its transistor."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ohmnia.array.circuit import AbstractCells, HoppingCells, OhmicCells, TransistorCells
from ohmnia.device import build
from ohmnia.device.conduction import HyperbolicSine, SquareLawTransistor
from ohmnia.technology import cell_model

SINE = build(HyperbolicSine, cell_model(), "conduction")
TRANSISTOR = build(SquareLawTransistor, cell_model(), "transistor")
G = torch.tensor([[10e-6, 50e-6, 88e-6]], dtype=torch.float64)
GATES = torch.tensor([[1.0, 1.4, 3.3]], dtype=torch.float64)
CELLS = [OhmicCells(G), HoppingCells(G, SINE), TransistorCells(OhmicCells(G), TRANSISTOR, GATES)]
CELLS += [TransistorCells(HoppingCells(G, SINE), TRANSISTOR, GATES)]
POINTS = [(0.2, 0.0), (-0.3, 0.1), (1.5, -0.2), (-1.3, 0.4), (0.0, 0.7)]


def nodes(row: float, column: float) -> tuple[Tensor, Tensor]:
    return torch.full((1, 1, 3), row, dtype=torch.float64), torch.full((1, 1, 3), column, dtype=torch.float64)


@pytest.mark.parametrize("cells", CELLS, ids=lambda cells: type(cells).__name__)
@pytest.mark.parametrize("point", POINTS)
def test_slopes_are_differences(cells: AbstractCells, point: tuple[float, float]) -> None:
    row, column = nodes(*point)
    found, step = cells.currents(row, column), 1e-5
    by_row = (cells.currents(row + step, column).amperes - cells.currents(row - step, column).amperes) / (2 * step)
    by_column = (cells.currents(row, column + step).amperes - cells.currents(row, column - step).amperes) / (2 * step)
    torch.testing.assert_close(found.by_row, by_row, rtol=1e-5, atol=1e-11)
    torch.testing.assert_close(found.by_column, by_column, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("point", POINTS)
def test_one_current_flows_through_cell_and_transistor(point: tuple[float, float]) -> None:
    row, column = nodes(*point)
    inner_cells = HoppingCells(G, SINE)
    found = TransistorCells(inner_cells, TRANSISTOR, GATES).currents(row, column).amperes
    # The cell's law, inverted in closed form, gives the inner node.
    factor = G * SINE.read_volts / torch.sinh(torch.tensor(SINE.read_volts / SINE.scale_volts, dtype=torch.float64))
    inner = row - SINE.scale_volts * torch.asinh(found / factor)
    torch.testing.assert_close(TRANSISTOR.currents(GATES, inner, column).amperes, found, rtol=1e-9, atol=1e-17)
