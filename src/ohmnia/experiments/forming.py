"""Forming of an array (Falcone et al. 2025, Fig. 2a-c): voltages of the ReRAM cells and of the 1T1R cells."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from ohmnia._units import MICRO
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._verdict import AbstractJudge, Estimate, Shown, Within
from ohmnia.technology import Technology

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def forming(technology: Technology | str | Path = "cmo-hfox", seed: int = 0, cells: int = 32) -> Outcome:
    """Form fresh cells through their transistors.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    cells
        In the array, at least 2; 32 as published (8 x 4).

    Returns
    -------
    Outcome
        The forming voltages of the ReRAM cell (an input) and of the 1T1R cell, which follows from it, from the forming
        current and from the resistance of the transistor; and how many cells form before the sweep ends.
    """
    bench = Bench("forming", "Forming (Fig. 2a-c)", technology, seed)
    law = bench.device.forming
    cell = law.cell_voltage(cells, bench.stream)
    whole = cell + law.transistor_drop_volts()
    sigma = float(cell.std())
    error = sigma / math.sqrt(cells)
    mean, mean_whole = Estimate(float(cell.mean()), error, "V"), Estimate(float(whole.mean()), error, "V")
    spread = Estimate(sigma, sigma / math.sqrt(2 * (cells - 1)), "mV")
    drop = Estimate(law.transistor_drop_volts(), None, "V")
    bench.row("voltage", "forming voltage of the ReRAM cell, mean", mean, Within(0.02), "input check")
    bench.row("voltage_sigma", "its standard deviation between cells", spread, Within(0.4), "input check")
    bench.row("voltage_1t1r", "forming voltage of the 1T1R cell, mean", mean_whole, Within(0.02))
    bench.row("transistor_drop", "share of the transistor, I x R", drop, Within(0.05))
    _yield_row(bench, whole)
    choices = [
        "The forming current is the same in every cell: only its mean is published.",
        "The transistor is a resistance up to the forming current, where it limits; its output curve has no published numbers.",
        "The current before forming is not published and is not drawn.",
        "A cell is formed when it forms before the end of the published axis of the sweep.",
    ]
    return bench.outcome([_plot(bench, cell, whole)], choices)


def _yield_row(bench: Bench, whole: Float[Tensor, " cells"]) -> None:
    """Share of the cells that form before the sweep ends; one cell may miss it."""
    cells, end = len(whole), bench.technology.data.get("forming_sweep_end")
    judge: AbstractJudge = Within(1.0 / cells, "One cell may need more than the sweep gives.")
    share = float((whole < end.si).double().mean()) if end else None
    if share is None:
        judge = Shown("The technology lists no end of the sweep.")
        error = None
    else:
        # By the rule of succession: all of a few cells are not a certainty.
        likely = (share * cells + 1.0) / (cells + 2.0)
        error = math.sqrt(likely * (1.0 - likely) / cells)
    bench.row("forming_yield", "cells that form before the sweep ends", Estimate(share, error, "percent"), judge)


def _plot(bench: Bench, cell: Float[Tensor, " cells"], whole: Float[Tensor, " cells"]) -> Plot:
    return Plot(
        "forming",
        "Forming",
        "a: each cell's jump in a forming sweep of the 1T1R cell, up to the current that the transistor lets through; what flows "
        "before is not published and not drawn. b: the transistor's share: along the line of its resistance, from the forming "
        "voltage of each ReRAM cell to that of the 1T1R cell. c: cumulative distributions of both. Dashed: published means.",
        lambda: _figure(bench, cell, whole),
    )


def _figure(bench: Bench, cell: Float[Tensor, " cells"], whole: Float[Tensor, " cells"]) -> Figure:
    from ohmnia.analysis._style import house_style, new_figure

    with house_style():
        figure = new_figure(3.1)
        sweep, lines, distribution = figure.subplots(1, 3, width_ratios=[1.0, 1.15, 1.15])
        _sweep(sweep, bench, whole)
        _load_lines(lines, bench, cell, whole)
        _distributions(distribution, bench, cell, whole)
        for panel, letter in ((sweep, "a"), (lines, "b"), (distribution, "c")):
            panel.set_title(letter)
    return figure


def _means(axes: Axes, bench: Bench, high: float) -> None:
    """Published means of both voltages as dashed lines."""
    from ohmnia.analysis._style import INK

    for name in ("voltage", "voltage_1t1r"):
        found = bench.published(name)
        if found is not None:
            axes.axvline(found.si, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
            axes.annotate(f"{found.si:g} V", (found.si, high), ha="center", va="bottom", color=INK, fontsize=8.0)


def _sweep(axes: Axes, bench: Bench, whole: Float[Tensor, " cells"]) -> None:
    """The paper's form: log current against the voltage of the 1T1R cell."""
    from ohmnia.analysis._style import INK, LEARNED, MUTED

    data, current = bench.technology.data, bench.device.forming.current_amperes
    end = data["forming_sweep_end"].si if "forming_sweep_end" in data else 1.1 * float(whole.max())
    axes.vlines(whole.numpy(), 1e-9, current, color=LEARNED, linewidth=0.6, alpha=0.7)
    axes.plot([float(whole.min()), max(end, float(whole.max()))], [current] * 2, color=LEARNED)
    axes.set_yscale("log")
    axes.set_xlim(0.0, 1.03 * max(end, float(whole.max())))
    axes.set_ylim(1e-9, 1e-3)
    gate = f", gate at {data['forming_gate_voltage'].si:g} V" if "forming_gate_voltage" in data else ""
    text = f"limited by the transistor:\n{current / MICRO:g} µA{gate}"
    axes.annotate(text, (0.04, 0.98), xycoords="axes fraction", va="top", color=INK, fontsize=8.0)
    axes.annotate("fresh: current\nnot published", (0.08, 0.06), xycoords="axes fraction", color=MUTED, fontsize=8.0, va="bottom")
    axes.set_xlabel("voltage of the 1T1R cell (V)")
    axes.set_ylabel("current (A)")


def _load_lines(axes: Axes, bench: Bench, cell: Float[Tensor, " cells"], whole: Float[Tensor, " cells"]) -> None:
    """I = (V - V_ReRAM) / R, from no current to the forming current."""
    from ohmnia.analysis._style import DEVICE, INK, LEARNED, MUTED

    law = bench.device.forming
    current = law.current_amperes / MICRO
    for start, end in zip(cell.tolist(), whole.tolist(), strict=True):
        axes.plot([start, end], [0.0, current], color=MUTED, linewidth=0.5, alpha=0.6, zorder=0)
    axes.plot(cell.numpy(), [0.0] * len(cell), "o", color=DEVICE, markersize=3.5, clip_on=False)
    axes.plot(whole.numpy(), [current] * len(whole), "s", color=LEARNED, markersize=3.5)
    pair = [bench.published(name) for name in ("voltage", "voltage_1t1r")]
    if pair[0] is not None and pair[1] is not None:
        axes.plot([pair[0].si, pair[1].si], [0.0, current], color=INK, linewidth=1.4, linestyle=(0, (4, 2)), label="published")
        axes.legend(loc="lower right", handlelength=2.6)
    drop = law.transistor_drop_volts()
    text = f"{current:g} µA × {law.transistor_ohms / 1e3:g} kΩ = {drop:.3f} V"
    axes.annotate(text, (0.5, 1.0), xycoords="axes fraction", ha="center", va="top", color=INK, fontsize=8.0)
    axes.set_ylim(0.0, 1.25 * current if current else None)
    axes.set_xlabel("voltage (V)")
    axes.set_ylabel("current (µA)")


def _distributions(axes: Axes, bench: Bench, cell: Float[Tensor, " cells"], whole: Float[Tensor, " cells"]) -> None:
    from ohmnia.analysis._style import DEVICE, LEARNED
    from ohmnia.experiments._drawing import cumulative

    for label, values, color, dash in (("ReRAM", cell, DEVICE, "-"), ("1T1R", whole, LEARNED, (0, (5, 1)))):
        cumulative(axes, values.numpy(), color=color, linestyle=dash, label=label)
    _means(axes, bench, 1.02)
    axes.set_xlabel("forming voltage (V)")
    axes.set_ylabel(f"fraction of the {len(cell)} cells")
    axes.set_xlim(right=float(whole.max()) + 0.25 * float(whole.max() - cell.min()))
    axes.legend(loc="lower right", handlelength=1.6)
