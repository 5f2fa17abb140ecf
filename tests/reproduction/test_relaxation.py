"""Relaxation, small: overlap, error and memory of programmed cells, within what so few cells allow."""

from __future__ import annotations

import math

import pytest

import tolerances
from ohmnia.experiments.relaxation import relaxation
from ohmnia.technology import Technology

LEVELS, CELLS, LONG = 35, 200, 4000
# The published fit, uS.
MEAN, SIGMA, SLOPE = -0.08900206, 0.41183342, 0.04201137
AGES = {"1s": 1.0, "1h": 3600.0, "1d": 86400.0, "2d": 172800.0, "1w": 604800.0, "10y": 315576000.0}


@pytest.fixture(scope="module")
def rows(technology: Technology) -> dict[str, float]:
    found = relaxation(technology, seed=4, levels=LEVELS, cells=CELLS, long_cells=LONG)
    return {row.id.removeprefix("relaxation."): row.simulated for row in found.rows if row.simulated is not None}


def sigma_at(age: float, level: float) -> float:
    """Relaxation and the programming error, uniform in +-0.2 % of the level, in quadrature."""
    return math.hypot(SIGMA + SLOPE * math.log(age), 0.002 * level / math.sqrt(3))


def test_overlap_after_ten_minutes(rows: dict[str, float]) -> None:
    spacing, cells = (88.2 - 9.0) / 34, LEVELS * CELLS
    sigma = sigma_at(600.0, 48.6)
    expected = 100 * math.erfc(spacing / (2 * math.sqrt(2) * sigma))
    # d overlap / d ln sigma is .32; a level of 200 cells scatters by 5 %, whose square adds .1 points.
    tolerance = tolerances.ERRORS * 32 / math.sqrt(2 * cells) + 0.15
    assert abs(rows["overlap_10min"] - expected) < tolerance
    assert expected == pytest.approx(9.6, rel=0.15)
    assert abs(rows["overlap_10min_counted"] - expected) < 100 * 2 * tolerances.of_share(expected / 200, 2 * cells) + 0.1


def test_error_after_an_hour(rows: dict[str, float]) -> None:
    tolerance = tolerances.of_mean(sigma_at(3600.0, 48.6), LEVELS * CELLS)
    assert rows["error_1h"] == pytest.approx(MEAN * math.log(3600.0), abs=tolerance)


@pytest.mark.parametrize("name", AGES)
def test_one_level_over_the_years(rows: dict[str, float], name: str) -> None:
    age = AGES[name]
    sigma = sigma_at(age, 50.0)
    assert abs(rows[f"mean_{name}"] - 50.0 - MEAN * math.log(age)) < tolerances.of_mean(sigma, LONG)
    assert abs(rows[f"sigma_{name}"] - sigma) < tolerances.of_sigma(sigma, LONG)


def test_trajectories_remember(rows: dict[str, float]) -> None:
    assert rows["memory"] < tolerances.ERRORS / math.sqrt(LONG)
