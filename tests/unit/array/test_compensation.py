"""Scale and sum of the inputs: what was put in is found, line by line, on other vectors too."""

from __future__ import annotations

import torch

from helpers import values
from ohmnia.array import Compensation


def test_a_known_distortion_is_undone_on_other_vectors() -> None:
    weights = values(0, 5, 12).double()
    scale, offset = torch.linspace(0.5, 1.5, 5).double(), torch.linspace(-0.2, 0.3, 5).double()

    def read(x: torch.Tensor) -> torch.Tensor:
        return (x @ weights.T - offset * x.sum(1, keepdim=True)) / scale

    fit = values(1, 40, 12).double()
    found = Compensation.fitted(read(fit), fit, fit @ weights.T)
    assert torch.allclose(found.scale.double(), scale, rtol=1e-6)
    assert torch.allclose(found.offset.double(), offset, atol=1e-6)
    other = values(2, 30, 12)
    assert torch.allclose(found.applied(read(other.double()).float(), other), (other.double() @ weights.T).float(), atol=1e-5)


def test_the_fit_is_the_least_squares_one() -> None:
    x, now = values(3, 20, 4), values(4, 20, 2)
    goal = values(5, 20, 2)
    found = Compensation.fitted(now, x, goal)
    for line in range(2):
        table = torch.stack([now[:, line], x.sum(1)], 1).double()
        expected = torch.linalg.lstsq(table, goal[:, line : line + 1].double()).solution.flatten()
        assert torch.allclose(torch.stack([found.scale[line], found.offset[line]]).double(), expected, rtol=1e-5)
