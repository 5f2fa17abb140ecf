"""Figures of a run's network: learning, accuracy over time, the life of single cells. Object-oriented matplotlib only."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia._errors import InvalidValueError
from ohmnia._units import MICRO
from ohmnia.analysis._style import (
    DEVICE,
    HAIRLINE,
    INK,
    LEARNED,
    MUTED,
    PALETTE,
    PAPER,
    TRANSFERRED,
    end_labels,
    mark_extrapolation,
    new_figure,
    set_time_ticks,
    styled,
    time_axis,
    time_ticks,
)
from ohmnia.analysis.metrics import duration_words, metric, series, standard_error
from ohmnia.lifecycle.record import Results

_DASHED = (0, (4, 2))
_LEAST_RANGE_POINTS = 5.0
_FEW = 10
_SERIES = (
    ("infer", "learned", "compensated", LEARNED, "o"),
    ("infer", "learned", "raw", LEARNED, "o"),
    ("transfer", "transferred", "compensated", TRANSFERRED, "s"),
    ("transfer", "transferred", "raw", TRANSFERRED, "s"),
)
_FOLLOWED = (
    (DEVICE, "-"),
    (PALETTE["third"], (0, (5, 1))),
    (PALETTE["second"], (0, (1, 0.8))),
    (PALETTE["fourth"], (0, (4, 1, 1, 1))),
)


@styled
def learning_curves(results: Results) -> Figure:
    """Held-out accuracy and training loss of chip and floating point, on the first and on the changed task."""
    figure = new_figure(4.6)
    axes = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=[1.25, 1])
    change = results.scenario.relearn
    changed = f"digits turned by {change.degrees:g}°" if change.task == "rotate" else "classes renamed"
    _accuracy_panel(axes[0, 0], results, ("learn", "float"), None)
    _accuracy_panel(axes[0, 1], results, ("relearn", "relearn_float"), ("relearn_before", "relearn_fp_before"))
    _loss_panel(axes[1, 0], results, ("learn", "float"))
    _loss_panel(axes[1, 1], results, ("relearn", "relearn_float"))
    axes[0, 0].set_title("First task: handwritten digits")
    axes[0, 1].set_title(f"Aged chip learns again: {changed}")
    axes[0, 0].set_ylabel("held-out accuracy (%)")
    axes[1, 0].set_ylabel("training loss (nat)")
    axes[0, 0].set_ylim(0, 102)
    for panel in axes[1]:
        _epoch_axis(panel)
    figure.align_ylabels()
    return figure


def _epoch_axis(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, steps=[1, 2, 5, 10]))


def _marker(values: np.ndarray) -> str:
    """A marker for each point where they are few."""
    return "o" if len(values) <= _FEW else ""


def _accuracy_panel(axes: Axes, results: Results, names: tuple[str, str], before: tuple[str, str] | None) -> None:
    looks = ((LEARNED, "-", "chip", 2.0), (INK, _DASHED, "floating point", 1.3))
    first, last = [100.0], []
    for k, (color, dash, label, width) in enumerate(looks):
        values = 100 * series(results, f"{names[k]}.accuracy")
        epochs = np.arange(1, len(values) + 1)
        if before is not None:
            start = 100 * metric(results.metrics, f"{before[k]}_accuracy")
            values, epochs = np.concatenate([[start], values]), np.arange(len(values) + 1)
            first.append(start)
        last.append(values[-1])
        look = {"color": color, "linestyle": dash, "linewidth": width, "marker": _marker(values), "zorder": 3 - k}
        axes.plot(epochs, values, label=f"{label}: {values[-1]:.1f} % at the end", **look)
        if before is not None and k == 0:
            axes.plot(epochs[:1], values[:1], "o", color=color, clip_on=False, zorder=4)
            axes.annotate(f"{values[0]:.1f} % before", (0, values[0]), (7, -3), textcoords="offset points", color=color, va="top")
    free = "upper right" if min(last) < 50 else "lower right" if min(first) > 25 else "center right"
    axes.legend(loc=free)


def _loss_panel(axes: Axes, results: Results, names: tuple[str, str]) -> None:
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    for k, (color, dash, width) in enumerate(((LEARNED, "-", 2.0), (INK, _DASHED, 1.3))):
        values = series(results, f"{names[k]}.loss")
        look = {"color": color, "linestyle": dash, "linewidth": width, "marker": _marker(values), "zorder": 3 - k}
        axes.plot(np.arange(1, len(values) + 1), values, **look)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(NullFormatter())


@styled
def accuracy_over_time(results: Results, held_out: int, measured_seconds: float | None) -> Figure:
    """Accuracy of the learned and of the transferred chip against the time since their last write.

    Parameters
    ----------
    results
        Of a run.
    held_out
        Images that each accuracy was counted on.
    measured_seconds
        Longest measured retention; what lies beyond is marked. None: nothing is marked.
    """
    figure = new_figure(3.5)
    axes = figure.subplots()
    ages, software = series(results, "age"), 100 * metric(results.metrics, "fp_accuracy")
    error = 100 * standard_error(software / 100, held_out)
    time_axis(axes, ages)
    axes.axhspan(software - error, software + error, color=HAIRLINE, alpha=0.35, linewidth=0, zorder=0)
    axes.axhline(software, color=INK, linestyle=_DASHED, linewidth=1.3, zorder=1, label="floating point")
    labels, extremes = [(software, f"{software:.1f} ± {error:.1f} floating point", INK)], [software - error, software + error]
    for k, (key, name, kind, color, marker) in enumerate(_SERIES):
        values = 100 * series(results, f"{key}.{kind}")
        face, dash = (color, "-") if kind == "compensated" else (PAPER, (0, (2, 1.5)))
        text, shifted = f"{name}, {kind}", ages * _sideways(axes, k)
        axes.plot(shifted, values, marker=marker, color=color, markerfacecolor=face, linestyle=dash, label=text, zorder=3)
        labels.append((float(values[-1]), f"{values[-1]:.1f} {text}", color))
        extremes += [float(values.min()), float(values.max())]
    top = 100.0 if max(extremes) > 97.0 else max(extremes) + 2.0
    axes.set_ylim(max(min(min(extremes) - 1.0, top - _LEAST_RANGE_POINTS), 0.0), top)
    mark_extrapolation(axes, measured_seconds)
    end_labels(axes, labels)
    axes.set_xlabel("time since the last write (log scale)")
    axes.set_ylabel("held-out accuracy (%)")
    return figure


def _sideways(axes: Axes, k: int) -> float:
    """Factor on the times of series k, so that equal accuracies do not hide each other."""
    low, high = axes.get_xlim()
    return float((high / low) ** (0.006 * (k - 1.5)))


@styled
def life_of_cells(results: Results, window_siemens: tuple[float, float], measured_seconds: float | None) -> Figure:
    """Conductance of the followed cells while they learn, wait and learn again: three panels, one state.

    Parameters
    ----------
    results
        Of a run.
    window_siemens
        Lowest and highest conductance that weights are mapped onto.
    measured_seconds
        Longest measured retention; what lies beyond is shaded. None: nothing is shaded.
    """
    traces = [series(results, f"cells.{part}") / MICRO for part in ("learn", "retain", "relearn")]
    if len({trace.shape[1] for trace in traces}) != 1:
        raise InvalidValueError("The curves 'cells.learn', 'cells.retain' and 'cells.relearn' must follow the same cells.")
    figure = new_figure(3.7, wspace=0.035)
    panels = figure.subplots(1, 3, sharey=True, width_ratios=[1.15, 1.0, 1.0])
    ages = series(results, "age")
    moment = float(ages[0]) / 10.0**1.5
    # Each panel begins with the last state of the one before: nothing happens to a cell in between.
    positions = (np.arange(1, len(traces[0]) + 1), np.array([moment, *ages]), np.arange(len(traces[2]) + 1))
    joined = (traces[0], np.vstack([traces[0][-1:], traces[1]]), np.vstack([traces[1][-1:], traces[2]]))
    for panel, x, y in zip(panels, positions, joined, strict=True):
        _cell_lines(panel, x, y, _chosen(traces[0][-1]))
    _window(panels, window_siemens)
    _life_axes(panels, results, positions, moment)
    mark_extrapolation(panels[1], measured_seconds, label=False)
    ends = [(float(joined[2][-1, cell]), f"cell {cell + 1}", _FOLLOWED[k][0]) for k, cell in enumerate(_chosen(traces[0][-1]))]
    end_labels(panels[2], ends, 0.06)
    return figure


def _chosen(conductance: Float[np.ndarray, " cells"]) -> list[int]:
    """Up to four cells that span the range: lowest, highest, and two in between."""
    order = np.argsort(conductance, kind="stable")
    picks = np.unique(np.linspace(0, len(order) - 1, len(_FOLLOWED)).round().astype(int))
    return [int(order[k]) for k in picks]


def _cell_lines(axes: Axes, x: np.ndarray, y: Float[np.ndarray, "steps cells"], chosen: list[int]) -> None:
    for cell in range(y.shape[1]):
        if cell not in chosen:
            axes.plot(x, y[:, cell], color=HAIRLINE, linewidth=0.9, zorder=1)
    for k, cell in enumerate(chosen):
        color, dash = _FOLLOWED[k]
        axes.plot(x, y[:, cell], color=color, linestyle=dash, linewidth=1.7, marker=_marker(x), markersize=3, zorder=3)


def _window(panels: np.ndarray, window_siemens: tuple[float, float]) -> None:
    for name, value, side in zip(("$G_{min}$", "$G_{max}$"), window_siemens, ("top", "bottom"), strict=True):
        for panel in panels:
            panel.axhline(value / MICRO, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        place = {"textcoords": "offset points", "va": side, "ha": "left", "color": MUTED, "fontsize": 8}
        panels[0].annotate(name, (0.0, value / MICRO), (3, 0), ("axes fraction", "data"), **place)


def _life_axes(panels: np.ndarray, results: Results, positions: tuple[np.ndarray, ...], moment: float) -> None:
    learn, wait, again = panels
    ages = positions[1][1:]
    time_axis(wait, positions[1])
    set_time_ticks(wait, [(moment, "0"), *time_ticks(float(ages[0]), float(ages[-1]), 0.22)])
    # The age 0 has no place on a log axis; the break says so.
    place = {"transform": wait.transAxes, "clip_on": False, "label": "_break"}
    wait.plot([0.075, 0.095], [0, 0], color=PAPER, linewidth=2.5, zorder=5, **place)
    for x in (0.075, 0.095):
        wait.plot([x - 0.012, x + 0.012], [-0.02, 0.02], color=MUTED, linewidth=0.8, zorder=6, **place)
    for panel, epochs in ((learn, positions[0]), (again, positions[2])):
        _epoch_axis(panel)
        panel.set_xlim(0, epochs[-1])
    last = duration_words(results.scenario.retain.times[-1])
    for panel, title in zip(panels, ("1  it learns", f"2  it waits {last}", "3  it learns again"), strict=True):
        panel.set_title(title)
    for panel in (wait, again):
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", length=0)
        panel.axvline(panel.get_xlim()[0], color=MUTED, linewidth=0.8)
    wait.set_xlabel("age (log scale)")
    learn.set_ylabel("conductance (µS)")
    learn.set_ylim(bottom=0)
