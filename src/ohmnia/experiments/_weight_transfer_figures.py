"""Figures of weight transfer: distributions, error against the level, prediction from the open loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia._units import MICRO
from ohmnia.analysis._style import DEVICE, INK, TRANSFERRED, new_figure, styled
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._drawing import cumulative, shades
from ohmnia.experiments._levels import line_through

if TYPE_CHECKING:
    from ohmnia.experiments.weight_transfer import Transfer

_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 1))


@styled
def levels(found: list[Transfer]) -> Figure:
    """Cumulative distribution of each level against the conductance, a panel for each range (Fig. 3a, b)."""
    figure = new_figure(2.9)
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, transfer in zip(panels, found, strict=True):
        for target, error, color in zip(transfer.target, transfer.error, shades(len(transfer.target)), strict=True):
            cumulative(axes, (target + error[~np.isnan(error)]) / MICRO, color=color, linewidth=1.1)
        axes.set_title(f"Acceptance range {transfer.percent}")
        axes.set_xlabel("conductance (µS)")
    panels[0].set_ylabel("fraction of the cells")
    return figure


@styled
def deviation(bench: Bench, found: list[Transfer]) -> Figure:
    """Sigma against the level, beside measured points and both lines."""
    figure = new_figure(3.2)
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, transfer in zip(panels, found, strict=True):
        x = transfer.target / MICRO
        axes.plot(x, transfer.sigma / MICRO, ".", color=DEVICE, label=f"simulated, {transfer.error.shape[1]} cells a level")
        line = line_through(transfer.target, transfer.sigma, transfer.sigma_error)
        axes.plot(x, (line.offset + line.slope * transfer.target) / MICRO, color=DEVICE, label="line through them")
        if len(transfer.measured):
            look = {"color": INK, "markerfacecolor": "none", "markersize": 4}
            axes.plot(transfer.measured_at / MICRO, transfer.measured / MICRO, "o", label="measured", zorder=3, **look)
        slope, offset = (bench.published(f"sigma_{part}_{transfer.key}") for part in ("slope", "offset"))
        if slope is not None and offset is not None:
            values = (offset.si + slope.si * transfer.target) / MICRO
            axes.plot(x, values, color=INK, linestyle=_DASHED, linewidth=1.2, label="published line")
        axes.set_title(f"Acceptance range {transfer.percent}")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("level (µS)")
        axes.legend(loc="upper left")
    panels[0].set_ylabel("σ of the error (µS)")
    return figure


@styled
def prediction(bench: Bench, found: list[Transfer]) -> Figure:
    """Sigma and iterations: simulated in the closed loop, predicted from the open loop."""
    figure = new_figure(4.6)
    axes = figure.subplots(2, len(found), sharex=True, squeeze=False)
    for column, transfer in enumerate(found):
        upper, lower = axes[:, column]
        x = transfer.target / MICRO
        upper.plot(x, transfer.sigma / MICRO, ".", color=DEVICE, label="simulated")
        label = "predicted: range × level / √3"
        upper.plot(x, transfer.predicted_sigma / MICRO, color=TRANSFERRED, linestyle=_DASHED, label=label)
        upper.set_title(f"Acceptance range {transfer.percent}")
        _iterations(lower, bench, transfer)
        for panel in (upper, lower):
            panel.set_ylim(bottom=0)
            panel.legend(loc="upper left" if panel is upper else "upper right")
        lower.set_xlabel("level (µS)")
    axes[0, 0].set_ylabel("σ of the error (µS)")
    axes[1, 0].set_ylabel("mean iterations")
    figure.align_ylabels()
    return figure


def _iterations(axes: Axes, bench: Bench, found: Transfer) -> None:
    x, mean = found.target / MICRO, float(found.iterations.mean())
    axes.plot(x, found.iterations, ".", color=DEVICE, label=f"simulated, mean {mean:.1f}")
    if found.predicted_iterations is not None:
        label = f"predicted, mean {found.predicted_iterations.mean():.1f}"
        axes.plot(x, found.predicted_iterations, color=TRANSFERRED, linestyle=_DASHED, label=label)
    published = bench.published(f"iterations_{found.key}")
    if published is not None:
        label = f"published mean {published.si:g}"
        axes.axhline(published.si, color=INK, linestyle=_DOTTED, linewidth=1.2, label=label)
