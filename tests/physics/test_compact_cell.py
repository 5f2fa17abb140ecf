"""The compact cell against figures from two independent implementations (a circuit simulator and a stiff solver).

Ideal edges, heat = terminal V x I, width = flat top, no transistor, start at C = 7e24 / m^3.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")
STATES = torch.tensor([7e24, 1.64e25, 3.77e25], dtype=torch.float64)


@pytest.mark.parametrize(("volts", "micro"), [(0.2, (26.508, 54.982, 90.333)), (1e-3, (21.50, 45.76, 79.37))])
def test_conductance_of_the_states(volts: float, micro: tuple[float, ...]) -> None:
    found = PhysicalCells(MODEL, STATES).conductance(volts) * 1e6
    assert found.tolist() == pytest.approx(micro, rel=0.002)


@pytest.mark.parametrize(("volts", "kelvin"), [(1.35, (728.9, 866.7, 929.3)), (-1.3, (697.4, 828.6, 888.4))])
def test_temperature_of_the_states(volts: float, kelvin: tuple[float, ...]) -> None:
    assert PhysicalCells(MODEL, STATES).static(volts)[2].tolist() == pytest.approx(kelvin, abs=1.0)


COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 400)
TRAINS = {
    2.5e-6: (
        (37.77, 57.93, 85.60, 91.49, 93.40, 93.68, 93.08, 93.69, 104.80),
        (93.30, 73.66, 44.52, 34.25, 27.61, 21.49, 18.03, 15.23, 12.94),
        (57.43, 73.77),
    ),
    1e-6: (
        (30.01, 34.78, 57.93, 81.72, 90.25, 93.40, 93.76, 93.33, 92.43),
        (93.74, 92.03, 66.38, 47.36, 36.44, 27.47, 22.73, 19.04, 16.06),
        (62.24, 69.07),
    ),
}


def picked(after: Tensor) -> list[float]:
    return [float(after[count - 1, 0]) * 1e6 for count in COUNTS]


@pytest.mark.parametrize("width", sorted(TRAINS))
def test_pulse_trains(width: float) -> None:
    cells, (up, down, ends) = PhysicalCells(MODEL, 7e24, (1,)), TRAINS[width]
    assert picked(cells.train(torch.full((400,), 1.35), width)) == pytest.approx(up, rel=0.01)
    assert picked(cells.train(torch.full((400,), -1.3), width)) == pytest.approx(down, rel=0.01)
    after_up, after_down = cells.symmetry_point(1.35, -1.3, width)
    assert (float(after_down) * 1e6, float(after_up) * 1e6) == pytest.approx(ends, rel=0.01)


@pytest.mark.parametrize(("rate", "ratio"), [(10.0, 49.1), (100.0, 17.6), (1e3, 9.43)])
def test_third_loop_of_a_sweep(rate: float, ratio: float) -> None:
    cells = PhysicalCells(MODEL, 7e24, (1,))
    for _ in range(3):
        cells.sweep((0.0, 1.3, 0.0), rate, 0.1)
        low = cells.conductance()
        cells.sweep((0.0, -1.5, 0.0), rate, 0.1)
        high = cells.conductance()
    assert float(low / high) == pytest.approx(ratio, rel=0.02)


def crossing(rate: float, end: float, share: float) -> float:
    """Voltage at which ln G at the read has gone a share of its way, on the way out, in the third cycle."""
    cells = PhysicalCells(MODEL, 7e24, (1,))
    for _ in range(2):
        cells.sweep((0.0, 1.3, 0.0, -1.5, 0.0), rate, 0.1)
    if end < 0:
        cells.sweep((0.0, 1.3, 0.0), rate, 0.1)
    logs, steps = [float(cells.conductance().log())], 300
    for k in range(steps):
        cells.ramp(end * k / steps, end * (k + 1) / steps, abs(end) / steps / rate)
        logs.append(float(cells.conductance().log()))
    cells.sweep((end, 0.0), rate, 0.1)
    goal = logs[0] + share * (float(cells.conductance().log()) - logs[0])
    return end * next(k for k, value in enumerate(logs) if (value - goal) * end >= 0) / steps


def test_switching_voltages_at_100_volts_a_second() -> None:
    assert crossing(100.0, 1.3, 0.1) == pytest.approx(1.256, rel=0.02)
    assert crossing(100.0, -1.5, 0.5) == pytest.approx(-1.20, rel=0.02)
