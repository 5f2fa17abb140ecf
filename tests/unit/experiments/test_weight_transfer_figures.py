"""Figures of weight transfer show what the experiment found."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from figures import line
from ohmnia.experiments.weight_transfer import weight_transfer
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def figures(technology: Technology) -> dict[str, Figure]:
    return {plot.name: plot.draw() for plot in weight_transfer(technology, levels=5, cells=40).plots}


def test_a_distribution_for_every_level(figures: dict[str, Figure]) -> None:
    fine, coarse = figures["weight-transfer-levels"].axes
    for axes, acceptance in ((fine, 0.002), (coarse, 0.02)):
        curves = [np.asarray(item.get_xdata(), float) for item in axes.get_lines()]
        assert len(curves) == 5
        for target, values in zip(np.linspace(9, 88.2, 5), curves, strict=True):
            assert np.abs(values / target - 1).max() <= acceptance * 1.0001


def test_measured_points_and_both_lines(figures: dict[str, Figure]) -> None:
    for axes, slope, offset in zip(
        figures["weight-transfer-deviation"].axes, (0.00106879, 0.01129027), (0.000811, 0.0112185), strict=True
    ):
        x, y = line(axes, "published line")
        np.testing.assert_allclose(y, offset + slope * x, rtol=1e-3)
        assert len(line(axes, "measured")[0]) == 35
        assert len(line(axes, "simulated")[0]) == len(line(axes, "line through")[0]) == 5


def test_prediction_beside_simulation(figures: dict[str, Figure]) -> None:
    axes = figures["weight-transfer-prediction"].axes
    x, y = line(axes[1], "predicted")
    np.testing.assert_allclose(y, 0.02 * x / np.sqrt(3))
    assert line(axes[2], "published mean 89")[1][0] == 89.0
    assert line(axes[3], "published mean 11")[1][0] == 11.0
    assert axes[3].get_ylim()[0] == 0.0
