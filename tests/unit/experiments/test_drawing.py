"""Parts of figures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from figures import line
from ohmnia.experiments._drawing import cumulative, shades


def test_the_empirical_distribution_reaches_one_at_the_largest_value() -> None:
    axes = Figure().subplots()
    cumulative(axes, np.array([3.0, 1.0, 2.0, 2.5]), label="cells")
    x, y = line(axes, "cells")
    np.testing.assert_array_equal(x, [1.0, 2.0, 2.5, 3.0])
    np.testing.assert_array_equal(y, [0.25, 0.5, 0.75, 1.0])


def test_shades_run_from_dark_to_light() -> None:
    colors = shades(12)
    light = [0.3 * red + 0.6 * green + 0.1 * blue for red, green, blue, _ in colors]
    assert light == sorted(light)
    assert len(set(colors)) == 12
    assert len(shades(1)) == 1
