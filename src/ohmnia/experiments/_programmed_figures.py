"""Heat maps of the weight error: number of states against the offset of the reference, a panel for each rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia.analysis._style import new_figure, styled

_LEAST, _MOST = 1.0, 100.0


@styled
def maps(errors: Mapping[str, Float[np.ndarray, "states offsets"]], states: Sequence[float], offsets: Sequence[float]) -> Figure:
    """The errors (fractions) in percent, as colours on one logarithmic scale and as numbers (Fig. 4)."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    figure = new_figure(4.6)
    panels = figure.subplots(2, -(-len(errors) // 2), sharex=True, sharey=True, squeeze=False)
    norm, colors = LogNorm(_LEAST, _MOST), colormaps["viridis"]
    for axes, (name, values) in zip(panels.flat, errors.items(), strict=False):
        mesh = axes.pcolormesh(100 * values, norm=norm, cmap=colors, edgecolors="white", linewidth=0.5)
        _numbers(axes, 100 * values)
        axes.set_title(name)
        axes.set_xticks(np.arange(len(offsets)) + 0.5, [f"{offset:g}" for offset in offsets])
        axes.set_yticks(np.arange(len(states)) + 0.5, [f"{number:g}" for number in states])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel("offset of the reference, σ$_r$ (weight)")
    for axes in panels[:, 0]:
        axes.set_ylabel("states")
    bar = figure.colorbar(mesh, ax=panels, shrink=0.8, label="weight error (%)", ticks=[1, 3, 10, 30, 100])
    bar.ax.set_yticklabels(["1", "3", "10", "30", "100"])
    bar.minorticks_off()
    return figure


def _numbers(axes: Axes, values: Float[np.ndarray, "states offsets"]) -> None:
    for (row, column), value in np.ndenumerate(values):
        bright = value > np.sqrt(_LEAST * _MOST) * 1.5
        text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color="black" if bright else "white")
