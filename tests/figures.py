"""What is drawn on a figure, for tests."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle


def line(axes: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Data of the one line whose label begins so."""
    found = [item for item in axes.get_lines() if str(item.get_label()).startswith(label)]
    assert len(found) == 1, [item.get_label() for item in axes.get_lines()]
    return np.asarray(found[0].get_xdata(), float), np.asarray(found[0].get_ydata(), float)


def texts(figure: Figure) -> list[str]:
    """Every text that is drawn."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def shaded_from(axes: Axes) -> list[float]:
    """Left ends of the full-height shaded spans."""
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_height() == 1.0]
    return [patch.get_x() for patch in spans]
