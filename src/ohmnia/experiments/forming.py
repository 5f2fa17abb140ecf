"""Forming of an array (Falcone et al. 2025, Fig. 2a-c): voltages of the ReRAM cells and of the 1T1R cells."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._verdict import Estimate, Within
from ohmnia.technology import Technology

if TYPE_CHECKING:
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
        In the array; 32 as published (8 x 4).

    Raises
    ------
    InvalidValueError
        The technology has no forming law.

    Returns
    -------
    Outcome
        The forming voltages of the ReRAM cell (an input) and of the 1T1R cell, which follows from it, from the forming
        current and from the resistance of the transistor.
    """
    bench = Bench("forming", "Forming (Fig. 2a-c)", technology, seed)
    law = bench.device.forming
    if law is None:
        raise InvalidValueError(f"{bench.technology.id} has no forming law; add [laws.forming], or run other experiments.")
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
    plot = Plot(
        "forming",
        "Forming voltages",
        "Cumulative distribution of the forming voltages of the ReRAM cells and of the 1T1R cells; the transistor adds the "
        "product of its resistance and the forming current. Dashed: published means.",
        lambda: _figure(bench, cell, whole),
    )
    return bench.outcome([plot], ["The forming current is the same in every cell: only its mean is published."])


def _figure(bench: Bench, cell: Float[Tensor, " cells"], whole: Float[Tensor, " cells"]) -> Figure:
    from ohmnia.analysis._style import DEVICE, INK, LEARNED, house_style, new_figure
    from ohmnia.experiments._drawing import cumulative

    with house_style():
        figure = new_figure(2.8)
        axes = figure.subplots()
        curves = (("ReRAM cell", cell, "voltage", DEVICE, "-"), ("1T1R cell", whole, "voltage_1t1r", LEARNED, (0, (5, 1))))
        for label, values, name, color, dash in curves:
            cumulative(axes, values.numpy(), color=color, linestyle=dash, label=f"{label}, {len(values)} cells")
            found = bench.published(name)
            if found is not None:
                axes.axvline(found.si, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
                axes.annotate(f"{found.si:g} V", (found.si, 1.02), ha="center", va="bottom", color=INK, fontsize=8.5)
        axes.set_xlabel("forming voltage (V)")
        axes.set_ylabel("fraction of the cells")
        axes.legend(loc="center right")
    return figure
