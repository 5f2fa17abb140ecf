"""Figures of open-loop switching: traces of a cell and of an array, histograms of the figures of merit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia._units import MICRO, from_si
from ohmnia.analysis._style import DEVICE, HAIRLINE, INK, LEARNED, MUTED, TRANSFERRED, new_figure, styled
from ohmnia.analysis.switching import LEVELS, MERITS, Switching, figures_of_merit
from ohmnia.experiments._bench import Bench
from ohmnia.lifecycle.characterise import PUBLISHED_SEQUENCE

_DASHED = (0, (4, 2))
_INSET_PULSE = 1200


@styled
def traces(trace: Float[np.ndarray, "pulses cells"]) -> Figure:
    """One cell and the whole array against the pulse number, conductance on a log axis (Fig. 5a, b)."""
    figure = new_figure(4.8)
    upper, lower = figure.subplots(2, 1, sharex=True)
    pulses, values, found = np.arange(1, len(trace) + 1), trace / MICRO, figures_of_merit(trace)
    # The cell with the median symmetry point stands for the others.
    cell = int(np.argsort(found.g_sp_siemens)[trace.shape[1] // 2])
    upper.plot(pulses, values[:, cell], color=DEVICE, linewidth=0.9)
    ends = {"G_max": found.g_max_siemens, "G_sp": found.g_sp_siemens, "G_min": found.g_min_siemens}
    for level in ends.values():
        upper.axhline(level[cell] / MICRO, color=INK, linestyle=_DASHED, linewidth=1.0)
    upper.set_title(f"Cell {cell + 1}")
    mean, sigma = values.mean(1), values.std(1)
    lower.fill_between(pulses, mean - sigma, mean + sigma, color=DEVICE, alpha=0.3, linewidth=0, label="± 1 standard deviation")
    lower.plot(pulses, mean, color=DEVICE, label=f"mean of {trace.shape[1]} cells")
    lower.legend(loc="lower left", ncols=2)
    for panel in (upper, lower):
        _conductance_axis(panel)
    names = {"G_max": "$G_{max}$", "G_sp": "$G_{sp}$", "G_min": "$G_{min}$"}
    _log_labels(upper, [(level[cell] / MICRO, names[name]) for name, level in ends.items()])
    lower.set_xlabel("pulse")
    lower.set_xlim(0, len(trace))
    _histogram_inset(lower, values[_INSET_PULSE - 1])
    return figure


def _conductance_axis(axes: Axes) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

    axes.set_yscale("log")
    axes.set_ylim(5, 130)
    axes.yaxis.set_major_locator(FixedLocator([10, 20, 50, 100]))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("conductance (µS)")
    starts = [k * PUBLISHED_SEQUENCE.ramp for k in range(1, 2 * PUBLISHED_SEQUENCE.cycles + 1)]
    for start in starts:
        axes.axvline(start, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    axes.set_xticks([0, *starts, PUBLISHED_SEQUENCE.pulses])


def _log_labels(axes: Axes, labels: list[tuple[float, str]]) -> None:
    low, high = np.log(axes.get_ylim())
    for value, text in labels:
        height = (np.log(value) - low) / (high - low)
        axes.annotate(text, (1.0, height), (6, 0), "axes fraction", "offset points", va="center", color=INK)


def _histogram_inset(axes: Axes, values: Float[np.ndarray, " cells"]) -> None:
    inset = axes.inset_axes((0.235, 0.42, 0.13, 0.4))
    middle = float(values.mean())
    # Bins of a tenth around the mean: cells that saturate at one bound fall into one.
    inset.hist(values, np.linspace(0.9, 1.1, 12) * middle, color=DEVICE, alpha=0.5)  # pyright: ignore[reportArgumentType]
    inset.set_xlim(0.88 * middle, 1.12 * middle)
    inset.set_title(f"pulse {_INSET_PULSE}", fontsize=8, fontweight="normal")
    inset.set_xlabel("µS", fontsize=8)
    inset.tick_params(labelsize=7.5)


@styled
def merits(bench: Bench, found: Switching, cells: int) -> Figure:
    """Histograms of the figures of merit, and the ranges of the conductances (Fig. 5c)."""
    figure = new_figure(4.6)
    panels = figure.subplots(2, 2).ravel()
    for axes, (name, (words, unit, of)) in zip(panels, MERITS.items(), strict=False):
        values = np.array([from_si(float(value), unit) for value in of(found)])
        _histogram(axes, bench, name, values, cells)
        axes.set_xlabel(f"{words} (%)" if unit == "percent" else "$N_{states}$")
    for axes in (panels[0], panels[2]):
        axes.set_ylabel("cells of an array")
    _ranges(panels[3], bench, found, cells)
    return figure


def _histogram(axes: Axes, bench: Bench, name: str, values: Float[np.ndarray, " cells"], cells: int) -> None:
    bins = np.linspace(values.min(), values.max(), 14)
    axes.hist(values[:cells], bins.tolist(), color=DEVICE, alpha=0.35)
    share = np.full(len(values), cells / len(values))
    axes.hist(values, bins.tolist(), weights=share, histtype="step", color=DEVICE)
    axes.axvline(float(values.mean()), color=DEVICE, label=f"mean {values.mean():.1f}")
    published, low, high = (bench.published(f"{name}_{end}") for end in ("mean", "lowest", "highest"))
    if low is not None and high is not None:
        axes.axvspan(from_si(low.si, low.unit), from_si(high.si, high.unit), color=HAIRLINE, alpha=0.4, zorder=0, linewidth=0)
    if published is not None:
        value = from_si(published.si, published.unit)
        axes.axvline(value, color=INK, linestyle=_DASHED, linewidth=1.2, label=f"published {value:g}")
    axes.set_ylim(top=1.45 * axes.get_ylim()[1])
    axes.legend(loc="upper right")


def _ranges(axes: Axes, bench: Bench, found: Switching, cells: int) -> None:
    colors, names = (LEARNED, TRANSFERRED, DEVICE), ("$G_{max}$", "$G_{min}$", "$G_{sp}$")
    for place, ((name, (_, of)), color) in enumerate(zip(LEVELS.items(), colors, strict=True)):
        low, high = (bench.published(f"{name}_{end}") for end in ("lowest", "highest"))
        if low is not None and high is not None:
            axes.fill_between([place - 0.4, place + 0.4], low.si / MICRO, high.si / MICRO, color=HAIRLINE, alpha=0.6, linewidth=0)
        values = of(found)[:cells] / MICRO
        axes.plot(place + np.linspace(-0.3, 0.3, len(values)), values, ".", color=color)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("conductance (µS)")
