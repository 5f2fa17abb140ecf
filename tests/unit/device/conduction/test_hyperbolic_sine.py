"""The hopping law of a programmed cell."""

from __future__ import annotations

import math

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device.conduction import HyperbolicSine

LAW = HyperbolicSine(0.2, 0.2)
G = torch.tensor(50e-6, dtype=torch.float64)


def test_the_read_voltage_gives_the_conductance() -> None:
    assert float(LAW.currents(G, torch.tensor(0.2, dtype=torch.float64))[0]) == pytest.approx(50e-6 * 0.2, rel=1e-12)


def test_small_voltages_see_less() -> None:
    # sinh(1) = 1.1752: a cell conducts 15 % less at small voltages than at its read.
    amperes, slope = LAW.currents(G, torch.tensor([1e-6], dtype=torch.float64))
    assert float(amperes / 1e-6) == pytest.approx(50e-6 / math.sinh(1.0), rel=1e-9)
    assert float(slope) == pytest.approx(50e-6 / math.sinh(1.0), rel=1e-9)


def test_odd_and_finite_far_off() -> None:
    u = torch.tensor([0.1, 1.0, 6.5, 100.0, 1e4], dtype=torch.float64)
    amperes, slope = LAW.currents(G, u)
    assert torch.equal(LAW.currents(G, -u)[0], -amperes)
    assert bool(amperes.isfinite().all())
    assert bool((slope > 0).all())
    # Beyond 30 scales the slope stays.
    assert slope[3] == slope[4]


@pytest.mark.parametrize(("scale", "read"), [(0.0, 0.2), (0.2, 0.0), (0.2, 6.1)])
def test_coefficients_out_of_range(scale: float, read: float) -> None:
    with pytest.raises(InvalidValueError, match="out of range"):
        HyperbolicSine(scale, read)
