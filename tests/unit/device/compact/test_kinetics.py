"""Switching times."""

from __future__ import annotations

import pytest

from ohmnia._errors import InvalidValueError
from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell, switching_seconds
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")


@pytest.mark.parametrize(("volts", "start", "end"), [(1.35, 7e24, 3e25), (1.2, 7e24, 2e25), (-1.3, 3.77e25, 1e25)])
def test_a_pulse_of_that_length_gets_there(volts: float, start: float, end: float) -> None:
    cells = PhysicalCells(MODEL, start, (1,))
    cells.hold(volts, switching_seconds(MODEL, volts, start, end))
    assert float(cells.density) == pytest.approx(end, rel=1e-6)


def test_half_the_voltage_is_seven_decades_slower() -> None:
    # The published rates of ln C at C = 7e24: 5.7e-3 / s at 0.675 V, 1.238e5 / s at 1.35 V.
    slow, fast = (switching_seconds(MODEL, volts, 7e24, 7.001e24) for volts in (0.675, 1.35))
    assert slow / fast == pytest.approx(1.238e5 / 5.7e-3, rel=0.02)


def test_the_wrong_sign() -> None:
    with pytest.raises(InvalidValueError, match="a positive voltage raises C"):
        switching_seconds(MODEL, -1.3, 7e24, 2e25)
