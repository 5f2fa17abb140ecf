"""The compiled compact cell against the plain law of the device layer, and against a stiff solver of another library."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.kernels import CompactLaw, integrate, static
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")
LAW = CompactLaw(*MODEL.kernel_coefficients())
LOG_DENSITY = np.log(np.logspace(23.2, 26.2, 30))


@pytest.mark.parametrize("volts", [0.0, 1e-9, 1e-4, 0.2, -0.65, 1.35, -1.3, 1.6])
def test_static_is_the_law(volts: float) -> None:
    v = np.full_like(LOG_DENSITY, volts)
    amperes, _, kelvin = static(LAW, v, LOG_DENSITY)
    exact = MODEL.static(torch.from_numpy(v), torch.from_numpy(LOG_DENSITY).exp())
    # The bisection resolves V / R_s / 2^100; the kernel's own tolerance is 1e-12.
    np.testing.assert_allclose(amperes, exact.amperes, rtol=1e-10, atol=1e-20)
    np.testing.assert_allclose(kelvin, exact.kelvin, rtol=1e-11)


@pytest.mark.parametrize("volts", [1e-3, 0.2, -0.65, 1.35])
def test_slope_is_the_difference(volts: float) -> None:
    v, step = np.full_like(LOG_DENSITY, volts), 1e-6
    slope = static(LAW, v, LOG_DENSITY)[1]
    above, below = (static(LAW, v + sign * step, LOG_DENSITY)[0] for sign in (1, -1))
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-5)


def test_slope_without_voltage() -> None:
    zero, small = (static(LAW, np.full_like(LOG_DENSITY, v), LOG_DENSITY) for v in (0.0, 1e-6))
    np.testing.assert_allclose(zero[1], small[0] / 1e-6, rtol=1e-7)


def exact(start: float, end: float, seconds: float, log_density: float) -> float:
    def rate(t: float, y: np.ndarray) -> np.ndarray:
        v = torch.full((1,), start + (end - start) * t / seconds, dtype=torch.float64)
        return MODEL.static(v, torch.from_numpy(y).exp()).log_rate.numpy()

    return float(solve_ivp(rate, (0.0, seconds), [log_density], method="LSODA", rtol=1e-10, atol=1e-12).y[0, -1])


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [(1.35, 1.35, 2.5e-6), (-1.3, -1.3, 2.5e-6), (0.0, 1.35, 1e-7), (1.2, 1.3, 1e-3), (-0.9, -1.4, 5e-3)],
)
@pytest.mark.parametrize("density", [7e24, 3.77e25])
def test_integration_is_that_of_a_stiff_solver(start: float, end: float, seconds: float, density: float) -> None:
    y = np.array([np.log(density)])
    assert integrate(LAW, y, np.array([seconds]), np.array([[start]]), np.array([[end]])) == 0
    assert y[0] == pytest.approx(exact(start, end, seconds, np.log(density)), abs=2e-6)


def test_a_tighter_tolerance_comes_closer() -> None:
    errors, goal = [], exact(1.35, 1.35, 2e-5, np.log(7e24))
    for tolerance in (1e-3, 1e-5, 1e-7):
        y = np.array([np.log(7e24)])
        integrate(LAW, y, np.array([2e-5]), np.full((1, 1), 1.35), np.full((1, 1), 1.35), tolerance)
        errors.append(abs(y[0] - goal))
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_cells_do_not_see_each_other() -> None:
    volts = np.linspace(-1.3, 1.35, 30)[None]
    together = LOG_DENSITY.copy()
    integrate(LAW, together, np.array([1e-6]), volts, volts)
    for k in (0, 13, 29):
        alone = LOG_DENSITY[k : k + 1].copy()
        integrate(LAW, alone, np.array([1e-6]), volts[:, k : k + 1], volts[:, k : k + 1])
        assert alone[0] == together[k]
