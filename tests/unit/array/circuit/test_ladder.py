"""The blocks of the elimination, each against its definition."""

from __future__ import annotations

import torch

from ohmnia.array.circuit._ladder import Ladder, inverse_plus, tap_impedance, transfer, voltages
from ohmnia.array.circuit.wires import Line


def test_tap_impedance_of_each_side() -> None:
    start = tap_impedance(Line(2.0, 10.0, "start"), 3)
    assert start.tolist() == [[10, 10, 10], [10, 12, 12], [10, 12, 14]]
    assert torch.equal(tap_impedance(Line(2.0, 10.0, "end"), 3), start.flip(0, 1))
    # From the middle tap, 12 ohm to either side.
    assert tap_impedance(Line(2.0, 10.0, "both"), 3)[1, 1] == 6.0


def test_inverse_plus_without_a_factor_is_one() -> None:
    assert torch.equal(inverse_plus(torch.ones(2, 2, dtype=torch.float64), 0.0), torch.eye(2, dtype=torch.float64))


def test_both_passes_agree() -> None:
    cells = torch.rand(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ladder = Ladder(cells, Line(0.3, 0.5, "both"), Line(0.2, 0.7, "end"))
    eye = torch.eye(5, dtype=torch.float64)
    columns = {j: through.sum(0) for j, _, through, _ in voltages(ladder, eye, torch.zeros(4, 5, dtype=torch.float64))}
    assert torch.allclose(torch.stack([columns[j] for j in range(4)], -1), transfer(ladder), rtol=1e-12, atol=0)
