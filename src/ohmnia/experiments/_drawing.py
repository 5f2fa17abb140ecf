"""Parts that several figures share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes


def cumulative(axes: Axes, values: Float[np.ndarray, " cells"], **style: object) -> None:
    """The empirical distribution of some values as a step curve."""
    ordered = np.sort(values)
    axes.step(ordered, (np.arange(len(ordered)) + 1) / len(ordered), where="post", **style)  # pyright: ignore[reportArgumentType]
    axes.set_ylim(0, 1.02)


def shades(number: int) -> list[tuple[float, ...]]:
    """Colours of many ordered curves, dark to light; the brightest yellow is left out."""
    from matplotlib import colormaps

    return [tuple(colormaps["viridis"](0.9 * k / max(number - 1, 1))) for k in range(number)]
