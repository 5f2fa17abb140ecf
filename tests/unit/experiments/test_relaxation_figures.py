"""Figures of relaxation show what the experiment found."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from figures import line, shaded_from
from ohmnia.experiments.relaxation import relaxation
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def figures(technology: Technology) -> dict[str, Figure]:
    return {plot.name: plot.draw() for plot in relaxation(technology, levels=4, cells=60, long_cells=300).plots}


def test_levels_spread_in_ten_minutes(figures: dict[str, Figure]) -> None:
    first, second, third, fourth = figures["relaxation-levels"].axes
    assert len(first.get_lines()) == len(third.get_lines()) == 4
    before, after = line(second, "after programming")[1], line(second, "10 min later")[1]
    assert (after > 3 * before).all()
    assert line(fourth, "published −0.68 µS")[0][0] == pytest.approx(-0.68)
    assert fourth.get_xlim() == (-3, 3)


def test_one_level_beside_the_fit_and_the_measured_points(figures: dict[str, Figure]) -> None:
    distributions, mean, sigma = figures["relaxation-long"].axes
    assert {str(item.get_label()) for item in distributions.get_lines()} == {
        "programmed",
        "1 s",
        "1 h",
        "1 d",
        "2 d",
        "1 w",
        "10 y",
    }
    assert line(distributions, "10 y") and shaded_from(mean) == shaded_from(sigma) == [604800.0]
    assert line(mean, "measured")[1] == pytest.approx([49.76, 49.47, 49.38, 48.64, 48.34])
    age, fit = line(sigma, "published fit")
    np.testing.assert_allclose(fit, 0.41183 + 0.042011 * np.log(age), rtol=1e-3)


def test_memory_lies_on_the_diagonal(figures: dict[str, Figure]) -> None:
    left, right = figures["relaxation-memory"].axes
    ratio, correlation = line(left, "pairs of times")
    assert len(ratio) == 15
    # 300 cells, 4.5 standard errors.
    assert np.abs(correlation - ratio).max() < 4.5 / 300**0.5
    assert right.get_xlabel() == "conductance after 1 h (µS)"
