"""How every figure looks: palette, fonts, time axes, labels at the end of lines, files with the same bytes every time."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ohmnia._units import DAY, DURATIONS, HOUR, MINUTE, MONTH, SECOND, YEAR

# Okabe and Ito's palette: safe for the colour-blind; lines also differ in dash or marker, for black and white.
PALETTE = {
    "ink": "#22272e",
    "muted": "#6a727d",
    "hairline": "#c4cad2",
    "paper": "#ffffff",
    "learned": "#0072b2",
    "transferred": "#d55e00",
    "device": "#009e73",
    "second": "#cc79a7",
    "third": "#e69f00",
    "fourth": "#56b4e9",
}
# The same names on a dark page.
DARK_PALETTE = {
    "ink": "#e4e8ed",
    "muted": "#9aa4b0",
    "hairline": "#4a525d",
    "paper": "#15191e",
    "learned": "#4aa8e0",
    "transferred": "#f28a3d",
    "device": "#2cc295",
    "second": "#e3a3c4",
    "third": "#f0b93a",
    "fourth": "#8ccbf2",
}
INK, MUTED, HAIRLINE, PAPER = (PALETTE[name] for name in ("ink", "muted", "hairline", "paper"))
LEARNED, TRANSFERRED, DEVICE = (PALETTE[name] for name in ("learned", "transferred", "device"))
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "axes.unicode_minus": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "ohmnia",
    "path.simplify": True,
}
WIDTH_INCHES = 7.2
# Where two come too near each other, the earlier one in this list stays.
_TICKS = (
    (1e-9, "1 ns"),
    (1e-6, "1 µs"),
    (1e-3, "1 ms"),
    (SECOND, "1 s"),
    (10 * YEAR, "10 y"),
    (HOUR, "1 h"),
    (DAY, "1 d"),
    (MONTH, "1 mo"),
    (YEAR, "1 y"),
    (MINUTE, "1 min"),
    (100 * YEAR, "100 y"),
    (1000 * YEAR, "1000 y"),
)

P = ParamSpec("P")


@contextmanager
def house_style() -> Iterator[None]:
    """The settings of this module and no others; the caller's come back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure with the settings of this module."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return wrapper


def new_figure(height_inches: float, wspace: float = 0.02) -> Figure:
    """An empty figure of the common width, free of pyplot; `wspace` lies between panels, as a fraction of their width."""
    return Figure(figsize=(WIDTH_INCHES, height_inches), layout=ConstrainedLayoutEngine(wspace=wspace))


def render(figure: Figure, kind: str) -> bytes:
    """A figure as the bytes of an "svg" or "png" file: the same figure, the same bytes."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with house_style():
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
    return buffer.getvalue()


def time_ticks(low: float, high: float, gap: float = 0.07) -> list[tuple[float, str]]:
    """Round times in [low, high] seconds that stay apart on a log axis.

    Parameters
    ----------
    low, high
        Ends of the axis, seconds.
    gap
        Least distance of two ticks, as a fraction of the axis.

    Returns
    -------
    list
        (seconds, name); the ends themselves where no two round times lie between them.
    """
    span = math.log(high / low)
    chosen: list[tuple[float, str]] = []
    for value, name in _TICKS:
        inside = low * 0.999 <= value <= high * 1.001
        if inside and all(abs(math.log(value / other)) >= gap * span for other, _ in chosen):
            chosen.append((value, name))
    ends = sorted({low, high})
    return sorted(chosen) if len(chosen) > 1 else [(value, time_name(value)) for value in ends]


def time_name(value: float) -> str:
    """A number of seconds in the largest unit that it reaches, e.g. "3 w"."""
    unit = max((name for name, size in DURATIONS.items() if size <= value), key=DURATIONS.__getitem__, default="s")
    return f"{value / DURATIONS[unit]:.3g} {unit}"


def time_axis(axes: Axes, ages: Float[np.ndarray, " ages"], gap: float = 0.07) -> None:
    """A log time axis with ticks such as "1 h" and "10 y"."""
    low, high = float(ages.min()), float(ages.max())
    margin = (high / low) ** 0.04 if high > low else 3.0
    axes.set_xscale("log")
    axes.set_xlim(low / margin, high * margin)
    set_time_ticks(axes, time_ticks(low, high, gap))


def set_time_ticks(axes: Axes, ticks: Sequence[tuple[float, str]]) -> None:
    """Put named ticks on an x axis, and no others."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    axes.xaxis.set_major_locator(FixedLocator([value for value, _ in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([name for _, name in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())


def mark_extrapolation(axes: Axes, measured_seconds: float | None, label: bool = True) -> None:
    """Shade what lies beyond the longest measured time, where there is one inside the axis."""
    low, high = axes.get_xlim()
    if measured_seconds is None or measured_seconds >= high:
        return
    start = max(measured_seconds, low)
    axes.axvspan(start, high, facecolor=MUTED, alpha=0.13, linewidth=0, zorder=0)
    axes.axvline(start, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    if label:
        style: dict[str, Any] = {"fontsize": 8, "color": MUTED, "style": "italic", "va": "top"}
        axes.annotate("extrapolated", (start, 1.0), (4, -3), ("data", "axes fraction"), "offset points", **style)


def spread_apart(values: Sequence[float], gap: float) -> list[float]:
    """Move numbers as little as need be until neighbours are `gap` apart; their order stays."""
    order = sorted(range(len(values)), key=lambda k: values[k])
    groups: list[list[int]] = []
    centres: list[float] = []
    for k in order:
        groups.append([k])
        centres.append(float(values[k]))
        while len(groups) > 1 and centres[-1] - centres[-2] < gap * (len(groups[-1]) + len(groups[-2])) / 2:
            last, before = groups.pop(), groups.pop()
            total = centres.pop() * len(last) + centres.pop() * len(before)
            groups.append(before + last)
            centres.append(total / len(groups[-1]))
    places = [0.0] * len(values)
    for members, centre in zip(groups, centres, strict=True):
        for rank, k in enumerate(members):
            places[k] = centre + gap * (rank - (len(members) - 1) / 2)
    return places


def end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]], gap_fraction: float = 0.075) -> None:
    """Name lines at the right edge, each at its own height or as near as the others allow.

    Parameters
    ----------
    axes
        Its limits must be final.
    labels
        (y of the line's end, text, colour).
    gap_fraction
        Height of a line of text as a fraction of the axis.
    """
    low, high = axes.get_ylim()
    heights = spread_apart([(y - low) / (high - low) for y, _, _ in labels], gap_fraction)
    for height, (_, text, color) in zip(heights, labels, strict=True):
        axes.annotate(text, (1.0, height), (6, 0), "axes fraction", "offset points", color=color, va="center", fontsize=8.5)
