"""Figures of relaxation: levels after minutes and an hour, one level over years, memory of the trajectories."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia._units import HOUR, MICRO, WEEK
from ohmnia.analysis._style import (
    DEVICE,
    INK,
    MUTED,
    PALETTE,
    TRANSFERRED,
    mark_extrapolation,
    new_figure,
    styled,
    time_axis,
    time_name,
)
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._drawing import cumulative, shades
from ohmnia.experiments._relaxed import LONG_AGES, TEN_MINUTES, Relaxed
from ohmnia.experiments._relaxed import memory as pairs
from ohmnia.measured import Curve

_DASHED = (0, (4, 2))


@styled
def levels(bench: Bench, short: Relaxed) -> Figure:
    """Distributions and deviations after 10 minutes, traces and errors of an hour (Fig. 4a-c)."""
    figure = new_figure(5.2)
    (first, second), (third, fourth) = figure.subplots(2, 2, width_ratios=[1.25, 1])
    after = short.conductance_siemens[TEN_MINUTES] / MICRO
    for row, color in zip(after, shades(len(after)), strict=True):
        cumulative(first, row, color=color, linewidth=1.1)
    first.set_title("10 min after programming")
    first.set_xlabel("conductance (µS)")
    first.set_ylabel("fraction of the cells")
    x = short.target_siemens / MICRO
    for values, label, color in ((short.programmed_siemens / MICRO, "after programming", MUTED), (after, "10 min later", DEVICE)):
        second.plot(x, values.std(1), ".", color=color, label=label)
    second.set_ylim(0, 1)
    second.set_title("Deviation of each level")
    second.set_xlabel("level (µS)")
    second.set_ylabel("σ (µS)")
    second.legend(loc="upper right")
    for row, color in zip(short.conductance_siemens[:, :, 0].T / MICRO, shades(len(after)), strict=True):
        third.plot(short.age_seconds, row, color=color, linewidth=1.0)
    time_axis(third, short.age_seconds, 0.15)
    third.set_title("One cell of each level")
    third.set_xlabel("time since programming (log scale)")
    third.set_ylabel("conductance (µS)")
    _errors(fourth, bench, short)
    return figure


def _errors(axes: Axes, bench: Bench, short: Relaxed) -> None:
    error = short.error_siemens[-1].ravel() / MICRO
    axes.hist(error, np.linspace(-3, 3, 49).tolist(), density=True, color=DEVICE, alpha=0.35)
    axes.axvline(float(error.mean()), color=DEVICE, label=f"mean {error.mean():.2f} µS".replace("-", "−"))
    published = bench.published("error_1h")
    if published is not None:
        value = published.si / MICRO
        axes.axvline(value, color=INK, linestyle=_DASHED, linewidth=1.2, label=f"published {value:.2f} µS".replace("-", "−"))
    axes.set_xlim(-3, 3)
    axes.set_ylim(top=1.5 * axes.get_ylim()[1])
    axes.set_title("Error after 1 h")
    axes.set_xlabel("error (µS)")
    axes.set_ylabel("density (1/µS)")
    axes.legend(loc="upper right")


@styled
def long(bench: Bench, found: Relaxed, curve: Curve | None) -> Figure:
    """Distributions of one level at each time, their means and deviations (Fig. 4d, e)."""
    figure = new_figure(3.2)
    first, second, third = figure.subplots(1, 3, width_ratios=[1.3, 1, 1])
    cells = found.conductance_siemens.reshape(len(found.age_seconds), -1) / MICRO
    cumulative(first, found.programmed_siemens.ravel() / MICRO, color=MUTED, linewidth=1.1, label="programmed")
    last = None if curve is None else max(curve.columns["age"])
    for age, values, color in zip(found.age_seconds, cells, shades(len(cells)), strict=True):
        dash = "-" if last is None or age <= last else _DASHED
        cumulative(first, values, color=color, linestyle=dash, linewidth=1.2, label=time_name(float(age)))
    middle = float(found.target_siemens[0]) / MICRO
    first.set_xlim(middle - 7, middle + 4)
    first.set_xlabel("conductance (µS)")
    first.set_ylabel("fraction of the cells")
    first.legend(loc="upper left")
    _over_time(second, bench, found, curve, "mean", cells.mean(1))
    _over_time(third, bench, found, curve, "sigma", cells.std(1))
    second.set_ylabel("mean (µS)")
    third.set_ylabel("σ (µS)")
    third.set_ylim(bottom=0)
    return figure


def _over_time(axes: Axes, bench: Bench, found: Relaxed, curve: Curve | None, kind: str, values: np.ndarray) -> None:
    axes.plot(found.age_seconds, values, "s", color=DEVICE, label="simulated")
    fit = {age: bench.published(f"{kind}_{name}") for name, age in LONG_AGES.items()}
    known = [(age, number.si / MICRO) for age, number in fit.items() if number is not None]
    if known:
        axes.plot(*zip(*known, strict=True), color=INK, linestyle=_DASHED, linewidth=1.2, label="published fit", zorder=1)
    if curve is not None:
        points = np.array(curve.columns[kind]) / MICRO
        look = {"color": INK, "markerfacecolor": "none", "label": "measured", "zorder": 4}
        axes.plot(curve.columns["age"], points, "o", **look)
    time_axis(axes, found.age_seconds, 0.3)
    axes.set_xlabel("time (log scale)")
    if kind == "mean":
        axes.margins(y=0.12)
    mark_extrapolation(axes, None if curve is None else max(curve.columns["age"]), label=False)
    axes.legend(loc="upper right" if kind == "mean" else "lower right")


@styled
def memory(found: Relaxed) -> Figure:
    """Correlation of two times against the ratio of their deviations; single cells beside it."""
    figure = new_figure(3.0)
    left, right = figure.subplots(1, 2)
    correlation, ratio = pairs(found)
    left.plot([0, 1], [0, 1], color=INK, linestyle=_DASHED, linewidth=1.2, label="random walk in log time")
    left.axhline(0, color=MUTED, linewidth=1.0, label="no memory")
    left.plot(ratio, correlation, "o", color=DEVICE, label="pairs of times")
    left.set_xlim(0, 1)
    left.set_ylim(-0.05, 1)
    left.set_xlabel("σ(t₁) / σ(t₂)")
    left.set_ylabel("correlation of the cells")
    left.legend(loc="upper left")
    cells = found.conductance_siemens.reshape(len(found.age_seconds), -1) / MICRO
    early, late = (int(np.argmin(np.abs(np.log(found.age_seconds / age)))) for age in (HOUR, WEEK))
    right.plot(cells[early, :1000], cells[late, :1000], ".", color=PALETTE["second"], markersize=2.5, alpha=0.6)
    ends = [float(cells[early].min()), float(cells[early].max())]
    right.plot(ends, ends, color=TRANSFERRED, linestyle=_DASHED, linewidth=1.0, label="unchanged")
    right.set_xlabel(f"conductance after {time_name(float(found.age_seconds[early]))} (µS)")
    right.set_ylabel(f"after {time_name(float(found.age_seconds[late]))} (µS)")
    right.legend(loc="upper left")
    return figure
