"""Statistics of levels against closed forms and against counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tolerances
from ohmnia.experiments._levels import (
    counted_overlaps,
    deviation_error,
    deviation_from,
    levels_apart,
    line_through,
    overlaps,
)

X = np.linspace(9.0, 88.2, 35)


def test_a_line_comes_back_with_the_spread_of_its_coefficients() -> None:
    error, rng = 0.02 * X, np.random.default_rng(1)
    exact = line_through(X, 0.5 + 0.1 * X, error)
    assert (exact.offset, exact.slope) == pytest.approx((0.5, 0.1))
    draws = [line_through(X, 0.5 + 0.1 * X + error * rng.normal(size=35), error) for _ in range(2000)]
    for name in ("offset", "slope"):
        spread = float(np.std([getattr(line, name) for line in draws]))
        expected = getattr(exact, f"{name}_error")
        assert abs(spread - expected) < tolerances.of_sigma(expected, 2000)


def test_the_error_of_a_deviation_of_uniform_cells() -> None:
    rng, cells = np.random.default_rng(2), 200
    sigmas = rng.uniform(-1, 1, (4000, cells)).std(1, ddof=1)
    expected = float(deviation_error(np.array([1 / math.sqrt(3)]), cells)[0])
    assert abs(float(sigmas.std()) - expected) < tolerances.of_sigma(expected, 4000)


def test_deviation_from_measured_levels() -> None:
    measured = np.array([1.0, 2.0, 4.0, 8.0])
    rms, error = deviation_from(measured * np.array([1.1, 0.9, 1.1, 0.9]), measured, 0.01 * measured)
    assert rms == pytest.approx(0.1)
    # Each of four equal terms moves the root by a quarter of its own 1 %, and they add in quadrature.
    assert error == pytest.approx(0.01 / 2)
    assert deviation_from(measured, measured, measured) == (0.0, 0.0)


def test_overlap_of_two_normals_is_the_area_that_they_share() -> None:
    rng = np.random.default_rng(3)
    cells, spacing, sigma = 200_000, 2.33, 0.70
    counted = counted_overlaps(np.stack([rng.normal(0, sigma, cells), rng.normal(spacing, sigma, cells)]))
    gaussian = overlaps(np.array([0.0, spacing]), np.array([sigma, sigma]))
    # 9.6 % at 0.70 uS, as printed.
    assert gaussian[0] == pytest.approx(0.096, abs=0.0005)
    half = float(gaussian[0]) / 2
    assert abs(counted[0] - gaussian[0]) < 2 * tolerances.of_share(half, cells)


def test_levels_apart() -> None:
    assert levels_apart(np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])) == 3
    assert levels_apart(np.array([[0.0, 1.0], [0.5, 3.0], [4.0, 5.0]])) == 1
    assert levels_apart(np.array([[0.0, 1.0]])) == 1
