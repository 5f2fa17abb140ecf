"""Parts of figures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from figures import line
from ohmnia.experiments._drawing import cumulative


def test_the_empirical_distribution_reaches_one_at_the_largest_value() -> None:
    axes = Figure().subplots()
    cumulative(axes, np.array([3.0, 1.0, 2.0, 2.5]), label="cells")
    x, y = line(axes, "cells")
    np.testing.assert_array_equal(x, [1.0, 2.0, 2.5, 3.0])
    np.testing.assert_array_equal(y, [0.25, 0.5, 0.75, 1.0])
