"""Figures of the device itself: pulse response, closed-loop programming, retention, beside the published points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmnia._units import MICRO
from ohmnia.analysis._style import (
    DEVICE,
    INK,
    MUTED,
    PALETTE,
    PAPER,
    end_labels,
    mark_extrapolation,
    new_figure,
    styled,
    time_axis,
)
from ohmnia.analysis.metrics import RANGES, metric, published_iterations, series
from ohmnia.lifecycle.characterise import PUBLISHED_SEQUENCE
from ohmnia.lifecycle.record import Results
from ohmnia.measured import Curve
from ohmnia.technology import Technology

_SHOWN_CELLS = ((PALETTE["third"], "-"), (PALETTE["second"], "-"), (PALETTE["fourth"], "-"))


@styled
def pulse_response(results: Results, symmetry_point_siemens: float) -> Figure:
    """Conductance of fresh cells under the published pulse sequence: mean, band of one standard deviation, single cells.

    Parameters
    ----------
    results
        Of a run.
    symmetry_point_siemens
        Where the steps up and down of a mean cell are equal.
    """
    trace = series(results, "pulse_response") / MICRO
    pulses, mean, sigma = np.arange(1, len(trace) + 1), trace.mean(1), trace.std(1)
    figure = new_figure(4.4)
    upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
    upper.fill_between(pulses, mean - sigma, mean + sigma, color=DEVICE, alpha=0.25, linewidth=0, label="± 1 standard deviation")
    upper.plot(pulses, mean, color=DEVICE, label=f"mean of {trace.shape[1]} cells")
    step = max(trace.shape[1] // len(_SHOWN_CELLS), 1)
    cells = range(0, trace.shape[1], step)[: len(_SHOWN_CELLS)]
    for cell, (color, dash) in zip(cells, _SHOWN_CELLS, strict=False):
        lower.plot(pulses, trace[:, cell], color=color, linestyle=dash, linewidth=0.8, label=f"cell {cell + 1}")
    for panel in (upper, lower):
        panel.axhline(symmetry_point_siemens / MICRO, color=INK, linestyle=(0, (4, 2)), linewidth=1.1, zorder=3)
        panel.set_ylabel("conductance (µS)")
    lower.set_xlim(0, len(trace))
    lower.set_ylim(bottom=0)
    _sequence(upper, lower, len(trace))
    end_labels(upper, [(symmetry_point_siemens / MICRO, "symmetry\npoint", INK)])
    for panel in (upper, lower):
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.4)
    lower.set_xlabel("pulse")
    return figure


def _sequence(upper: Axes, lower: Axes, pulses: int) -> None:
    """Mark the parts of the sequence: ramps up and down, then alternating pulses."""
    ramp, cycles = PUBLISHED_SEQUENCE.ramp, PUBLISHED_SEQUENCE.cycles
    starts = [k * ramp for k in range(2 * cycles + 1)]
    names = [f"{ramp} up", f"{ramp} down"] * cycles + [f"{PUBLISHED_SEQUENCE.alternating} alternating"]
    lower.set_xticks([*(start for start in starts if start < pulses), pulses])
    for start, end, name in zip(starts, [*starts[1:], pulses], names, strict=True):
        if start >= pulses:
            break
        for panel in (upper, lower):
            panel.axvline(start, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        place = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom", "color": MUTED, "fontsize": 8.5}
        upper.annotate(name, ((start + min(end, pulses)) / 2, 1.02), **place)


@styled
def programming(results: Results, published: Curve | None, technology: Technology) -> Figure:
    """Closed-loop programming: error and iterations against the target, a column for each acceptance range.

    Parameters
    ----------
    results
        Of a run.
    published
        Measured levels to be drawn beside the simulated ones; None: none, and no published mean iterations.
    technology
        Gives the published mean iterations.
    """
    target = series(results, "programming.target") / MICRO
    means = {} if published is None else published_iterations(technology)
    figure = new_figure(4.8)
    axes = figure.subplots(2, 2, sharex=True)
    for column, key in enumerate(RANGES):
        sigma, iterations = axes[:, column]
        simulated = series(results, f"programming.sigma.{key}") / MICRO
        sigma.plot(target, simulated, color=DEVICE, label="simulated", zorder=2)
        if published is not None:
            levels = np.array(published.columns["target"]) / MICRO
            values = np.array(published.columns[f"sigma_range_{key[2:]}"]) / MICRO
            label = f"published, {len(levels)} levels"
            sigma.plot(levels, values, "o", color=INK, markerfacecolor="none", markersize=4, label=label, zorder=3)
        sigma.set_title(f"Acceptance range {key[2:]} %")
        sigma.set_ylim(bottom=0)
        sigma.legend(loc="upper left")
        _iterations_panel(iterations, results, target, key, means[key].si if key in means else None)
    axes[0, 0].set_ylabel("σ of the error (µS)")
    axes[1, 0].set_ylabel("mean iterations")
    figure.align_ylabels()
    return figure


def _iterations_panel(
    axes: Axes, results: Results, target: Float[np.ndarray, " levels"], key: str, published: float | None
) -> None:
    values, mean = series(results, f"programming.iterations.{key}"), metric(results.metrics, f"programming_iterations.{key}")
    axes.plot(target, values, color=DEVICE)
    axes.axhline(mean, color=DEVICE, linewidth=1.1, linestyle=(0, (1, 1)), label=f"simulated mean: {mean:.1f}")
    if published is not None:
        axes.axhline(published, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label=f"published mean: {published:.0f}")
    axes.set_ylim(0, 1.05 * max(float(values.max()), mean, published or 0.0, 1.0))
    axes.set_xlabel("target conductance (µS)")
    axes.legend(loc="upper right")


@styled
def retention(results: Results, published: Curve | None, technology: Technology) -> Figure:
    """Change of conductance with time: mean with percentiles, and standard deviation.

    Parameters
    ----------
    results
        Of a run.
    published
        Measured mean and standard deviation; what is simulated beyond its last age is marked. None: none.
    technology
        Gives the level that the measured cells were programmed to, its published result "relaxation_start".
    """
    ages, change = series(results, "age"), series(results, "retention.change") / MICRO
    figure = new_figure(3.4)
    mean, sigma = figure.subplots(1, 2)
    shared = ages if published is None else np.concatenate([ages, np.array(published.columns["age"])])
    for panel in (mean, sigma):
        time_axis(panel, shared, 0.09)
        panel.set_xlabel("time since the last write (log scale)")
    for low, high, alpha in ((5, 95, 0.15), (25, 75, 0.25)):
        bounds = np.percentile(change, [low, high], axis=1)
        label = f"{low} to {high} % of the cells"
        mean.fill_between(ages, bounds[0], bounds[1], color=DEVICE, alpha=alpha, linewidth=0, label=label)
    mean.plot(ages, change.mean(1), marker="s", color=DEVICE, label=f"mean of {change.shape[1]:,} cells")
    sigma.plot(ages, change.std(1), marker="s", color=DEVICE, label="simulated")
    if published is not None:
        measured, start = np.array(published.columns["age"]), technology.results["relaxation_start"].si / MICRO
        look = {"color": INK, "markerfacecolor": PAPER, "label": f"published, {start:g} µS", "zorder": 4}
        mean.plot(measured, np.array(published.columns["mean"]) / MICRO - start, "o", **look)
        sigma.plot(measured, np.array(published.columns["sigma"]) / MICRO, "o", **look)
    mean.axhline(0.0, color=MUTED, linewidth=0.8, zorder=0)
    sigma.set_ylim(bottom=0)
    mean.set_ylabel("change of conductance (µS)")
    sigma.set_ylabel("σ of the change (µS)")
    for panel, place in ((mean, "lower left"), (sigma, "upper left")):
        mark_extrapolation(panel, None if published is None else max(published.columns["age"]))
        panel.legend(loc=place)
    _as_seen(mean)
    return figure


def _as_seen(axes: Axes) -> None:
    """Give the inner band's key the shade that the band has on top of the outer one."""
    legend = axes.get_legend()
    if legend is not None:
        legend.get_patches()[1].set_alpha(1 - (1 - 0.15) * (1 - 0.25))
