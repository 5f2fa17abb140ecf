"""The admittance of column lines against the dense inverse of its definition."""

from __future__ import annotations

import pytest
import torch

from ohmnia.array.circuit._column import column_admittance
from ohmnia.array.circuit._ladder import tap_impedance
from ohmnia.array.circuit.wires import Line, Side

CELLS = torch.tensor([[1e-3, 2e-3, 5e-4, 9e-4], [3e-4, 1e-9, 4e-3, 2e-3]], dtype=torch.float64)


@pytest.mark.parametrize("side", ["start", "end", "both"])
@pytest.mark.parametrize(("segment", "terminal"), [(30.0, 100.0), (1e-3, 1e-2), (1e5, 1e6), (0.0, 50.0), (40.0, 0.0), (0.0, 0.0)])
def test_is_the_inverse_sum(segment: float, terminal: float, side: Side) -> None:
    if side == "both" and terminal == 0:
        terminal = 1e-6
    line = Line(segment, terminal, side)
    impedance = tap_impedance(line, 4)
    found = column_admittance(CELLS.T, line)
    for cells, own in zip(CELLS, found, strict=True):
        exact = cells[:, None] * torch.linalg.inv(torch.eye(4, dtype=torch.float64) + impedance * cells)
        assert float((own - exact).abs().max()) < 1e-12 * float(cells.max())


def test_a_cell_without_conductance_has_no_current() -> None:
    cells = torch.tensor([1e-3, 0.0, 2e-3], dtype=torch.float64)
    found = column_admittance(cells[:, None], Line(30.0, 10.0, "end"))[0]
    assert not found[1].any() and not found[:, 1].any()
    # Its line still carries the others' current: 30 ohm more to the terminal for the first cell.
    both = column_admittance(cells[[0, 2], None], Line(60.0, 10.0, "end"))[0]
    torch.testing.assert_close(found[[0, 2]][:, [0, 2]], both, rtol=1e-12, atol=0)


def test_long_lines_do_not_overflow() -> None:
    cells = torch.full((400,), 1e-3, dtype=torch.float64)
    found = column_admittance(cells[:, None], Line(1e5, 1e5, "end"))[0]
    assert bool(found.isfinite().all())
    assert bool((found.diagonal() > 0).all())
