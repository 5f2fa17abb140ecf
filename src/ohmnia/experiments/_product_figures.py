"""Figures of the experiments on matrix-vector products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ohmnia._units import HOUR, MICRO, SECOND, YEAR
from ohmnia.analysis._style import DEVICE, INK, LEARNED, MUTED, PALETTE, TRANSFERRED, new_figure, styled, time_axis
from ohmnia.experiments._products import Correction, Products
from ohmnia.experiments._verdict import Estimate

_CLOUDS = (
    (10 * YEAR, "10 y", TRANSFERRED),
    (HOUR, "1 h", PALETTE["third"]),
    (SECOND, "1 s", LEARNED),
    (0.0, "Prog.", INK),
)
_LINES: tuple[dict[str, Any], ...] = (
    {"color": LEARNED, "marker": "o"},
    {"color": PALETTE["second"], "marker": "v", "linestyle": (0, (1, 1))},
    {"color": TRANSFERRED, "marker": "D", "linestyle": (0, (5, 1.5))},
    {"color": DEVICE, "marker": "^", "linestyle": (0, (3, 1, 1, 1))},
)
_POINTS = 700


def _over_time(axes: Axes, found: Products, correction: Correction, label: str | None = None, **style: Any) -> None:
    rmse = found.rmse(correction).numpy()
    ages = np.array(found.ages_seconds)
    late = ages > 0
    error = rmse.std(1, ddof=1) / np.sqrt(rmse.shape[1]) if rmse.shape[1] > 1 else np.zeros(len(rmse))
    axes.errorbar(ages[late], rmse.mean(1)[late], error[late], label=label, **style)


@styled
def accuracy(plain: Products, curves: Mapping[str, tuple[Products, Correction]], published: Mapping[float, float]) -> Figure:
    """Products against exact products, and their RMSE against time.

    Parameters
    ----------
    plain
        The published set-up.
    curves
        Products and correction of each line of the right panel.
    published
        RMSE by age in seconds.
    """
    figure = new_figure(3.9, wspace=0.06)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    half = plain.inputs.shape[1] // 2
    exact = plain.expected[:, :half].flatten().numpy()
    step = max(1, len(exact) // _POINTS)
    for age, name, color in _CLOUDS:
        if age in plain.ages_seconds:
            got = plain.measured[plain.ages_seconds.index(age), :, :half].flatten().numpy()
            left.plot(exact[::step], got[::step], ".", color=color, markersize=3, label=name, markeredgewidth=0)
    left.plot([-5, 5], [-5, 5], color=MUTED, linewidth=0.7)
    left.set(xlim=(-5, 5), ylim=(-5, 5), xlabel="expected product", ylabel="product of the array", aspect="equal")
    left.legend(loc="upper left", handletextpad=0.1, markerscale=2.5)
    inset = left.inset_axes((0.6, 0.12, 0.38, 0.3))
    _over_time(inset, plain, "none", color=LEARNED, marker="o", markersize=3, linewidth=1.0)
    _mark(inset, published, 4.0)
    time_axis(inset, np.array([1.0, 10 * YEAR]), gap=0.3)
    inset.set_ylim(0, None)
    inset.set_title("RMSE", fontsize=8, fontweight="normal", pad=2)
    inset.tick_params(labelsize=7)
    for (name, (found, correction)), style in zip(curves.items(), _LINES, strict=False):
        _over_time(right, found, correction, name, **style)
    _mark(right, published, 6.0, "published")
    time_axis(right, np.array([1.0, 10 * YEAR]))
    right.set(ylim=(0, None), xlabel="time after the write", ylabel="RMSE of products")
    right.legend(loc="upper left")
    return figure


def _mark(axes: Axes, published: Mapping[float, float], size: float, label: str | None = None) -> None:
    axes.plot([*published], [*published.values()], "s", color=INK, markerfacecolor="none", markersize=size, label=label)


@styled
def wires(ohms: Sequence[float], found: Mapping[str, Sequence[Estimate]], cell: Mapping[str, float], own_ohm: float) -> Figure:
    """RMSE by wires alone against the resistance of a segment, by scheme.

    Parameters
    ----------
    ohms, found
        Resistances, and RMSE of each scheme at them.
    cell
        RMSE of the array with ideal wires, by what it is.
    own_ohm
        Resistance to mark.
    """
    figure = new_figure(3.4)
    axes = figure.subplots()
    for (name, values), style in zip(found.items(), (_LINES[2], _LINES[1], _LINES[3], _LINES[0]), strict=True):
        mean, error = ([getattr(value, part) or 0.0 for value in values] for part in ("value", "error"))
        axes.errorbar(ohms, mean, error, label=f"wires alone, {name}", **style)
    for k, (name, value) in enumerate(cell.items()):
        axes.axhline(value, color=MUTED, linewidth=1.0, linestyle=(0, (4 * (k + 1), 2)))
        # The first line is free of curves at the right, the others at the left.
        end, side = (ohms[0], "left") if k else (ohms[-1], "right")
        text = f"cells and converters, {name}"
        axes.annotate(text, (end, value), (0, 2), textcoords="offset points", ha=side, fontsize=8)
    axes.axvline(own_ohm, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.set(xscale="log", yscale="log", xlabel="resistance of one segment (Ω)", ylabel="RMSE of products")
    axes.set_xticks([*ohms], [f"{ohm:g}" for ohm in ohms])
    axes.minorticks_off()
    axes.legend(loc="upper left")
    return figure


@styled
def comparison(
    curves: Mapping[str, tuple[Products, Correction]],
    levels: Mapping[str, tuple[Float[Tensor, " levels"], Float[Tensor, " levels"]]],
) -> Figure:
    """RMSE of technologies against time, and the error of their writes against the level.

    Parameters
    ----------
    curves
        Products and correction of each technology.
    levels
        Levels and standard deviations (siemens) of the first technologies of `curves`.
    """
    figure = new_figure(3.6, wspace=0.06)
    left, right = figure.subplots(1, 2)
    for (name, (found, correction)), style in zip(curves.items(), _LINES, strict=False):
        _over_time(left, found, correction, name, **style)
    time_axis(left, np.array([1.0, 10 * YEAR]))
    left.set(yscale="log", xlabel="time after the write", ylabel="RMSE of products")
    for (level, sigma), style in zip(levels.values(), _LINES, strict=False):
        right.plot(level.numpy() / MICRO, sigma.numpy() / MICRO, **style)
    right.set(yscale="log", xlabel="conductance that was written (µS)", ylabel="standard deviation of the error (µS)")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure
