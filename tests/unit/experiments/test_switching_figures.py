"""Figures of switching show what the experiment found."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from figures import line, texts
from ohmnia.experiments.switching import switching
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def figures(technology: Technology) -> dict[str, Figure]:
    return {plot.name: plot.draw() for plot in switching(technology, cells=8, arrays=3).plots}


def test_traces_on_a_log_axis(figures: dict[str, Figure]) -> None:
    upper, lower = figures["switching-traces"].axes[:2]
    assert upper.get_yscale() == lower.get_yscale() == "log"
    pulses, mean = line(lower, "mean of 8 cells")
    assert (pulses[0], pulses[-1]) == (1, 2100)
    assert mean[399] > 90 > mean[1600] > 9
    assert {"$G_{max}$", "$G_{min}$", "$G_{sp}$"} <= set(texts(figures["switching-traces"]))
    (inset,) = lower.child_axes
    assert inset.get_title(loc="left") == "pulse 1200"
    assert sum(patch.get_height() for patch in inset.patches) == 8


def test_histograms_beside_the_published_means(figures: dict[str, Figure]) -> None:
    states, skew, noise, ranges = figures["switching-merits"].axes
    for axes, value in ((states, 22), (skew, 61), (noise, 90)):
        assert line(axes, f"published {value}")[0][0] == pytest.approx(value)
    assert len(ranges.get_lines()) == 3
    assert all(len(item.get_xdata()) == 8 for item in ranges.get_lines())
