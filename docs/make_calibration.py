"""Make docs/studies/calibration.md and its figure: an update law from the pulse trains of physical cells (seconds)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

import ohmnia
from ohmnia.analysis.calibrate import Fit, calibrate_update
from ohmnia.analysis.step_table import TableFit, calibrate_table
from ohmnia.analysis.switching import Switching, figures_of_merit
from ohmnia.array import Periphery, PulseScheme, Tile, mapping
from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.device.update.tabulated import Tabulated
from ohmnia.lifecycle.characterise import PulseSequence
from ohmnia.random import Stream
from ohmnia.technology import cell_model

HERE = Path(__file__).parent / "studies"
SEQUENCE, WIDTHS, VOLTS = PulseSequence(ramp=400, cycles=1, alternating=500), (2.5e-6, 1e-6, 0.5e-6), {1: 1.35, -1: -1.3}
COLD_PER_M3 = 7e24


def measured(width: float) -> tuple[np.ndarray, Switching, Fit, TableFit]:
    """Trace of one physical cell (siemens), its figures of merit, and the two fits; the cell starts cold."""
    model = build(HoppingCell, cell_model(), "compact")
    volts = torch.tensor([VOLTS[way] for way in SEQUENCE.directions()])
    trace = PhysicalCells(model, COLD_PER_M3, (1,)).train(volts, width).numpy()
    own, ways = trace[:, 0], SEQUENCE.directions()
    return own, figures_of_merit(trace, SEQUENCE), calibrate_update(own, ways), calibrate_table(own, ways)


def followed(law: SoftBounds | Tabulated, trace: np.ndarray) -> np.ndarray:
    """Conductances (siemens) of a tile of one cell without noise that gets the trace's pulses after the first."""
    quiet = dataclasses.replace(law, noise_to_signal=0.0)
    device = dataclasses.replace(ohmnia.resolve(ohmnia.technology("cmo-hfox")), update=quiet)
    tile = Tile((1, 1), device, mapping(device), Periphery(), Stream.root(0))
    tile.conductance[:] = float(trace[0])
    tile.touched()
    one, after = torch.ones(1, 1), [float(tile.conductance)]
    for way in SEQUENCE.directions()[1:]:
        # One slot, asked for so much that both lines fire for certain.
        tile.update(one, -way * one, 1e6 * tile.granularity, PulseScheme(length=1))
        after.append(float(tile.conductance))
    if tile.activity.pulses != len(trace) - 1:
        raise RuntimeError(f"{tile.activity.pulses} pulses reached the cell, not {len(trace) - 1}.")
    return np.array(after)


def distance(law: SoftBounds | Tabulated, trace: np.ndarray, part: slice = slice(None)) -> float:
    """RMS difference between that tile and the trace over its window, in percent."""
    away = (followed(law, trace) - trace)[part]
    return float(100 * np.sqrt((away**2).mean()) / (trace.max() - trace.min()))


def plateau(trace: np.ndarray) -> int:
    """The pulse of the SET ramp after which the conductance first falls."""
    return int(np.flatnonzero(np.diff(trace[: SEQUENCE.ramp]) < 0)[0])


def to_the_plateau(trace: np.ndarray, merits: Switching) -> tuple[float, float]:
    """States and skew of the window from the end of the RESET ramp to that plateau."""
    high, low = trace[plateau(trace)], trace[2 * SEQUENCE.ramp - 1]
    return (high - low) / merits.step_siemens[0], (high - merits.g_sp_siemens[0]) / (high - low)


def curve(law: SoftBounds | Tabulated, way: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductance and mean step of a law, uS."""
    g = torch.linspace(law.g_low_siemens, law.g_high_siemens, 200, dtype=torch.float64)
    parameters = law.sample((1,), ohmnia.random.Stream.root(0)).double().expand(5, 200)
    mean = law.pulse(g, way, parameters, torch.zeros_like(g)) - g
    return g.numpy() * 1e6, mean.numpy() * 1e6


def draw(trace: np.ndarray, fit: Fit, table: TableFit, array: SoftBounds) -> None:
    """Steps against conductance: the cell, its fits, the published array."""
    mpl.rcParams["svg.hashsalt"] = "ohmnia"
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes, ways = figure.subplots(), np.array(SEQUENCE.directions())
    for way, colour, name in ((1, "C3", "SET"), (-1, "C0", "RESET")):
        own = np.flatnonzero(ways[1:] == way)
        axes.plot(trace[own] * 1e6, np.diff(trace)[own] * 1e6, ".", ms=3, color=colour, label=f"compact model, {name}")
        axes.plot(*curve(fit.law, way), color=colour, label=f"fitted soft bounds, {name}")
        axes.plot(*curve(table.law, way), color=colour, ls=":", label=f"fitted table, {name}")
        axes.plot(*curve(array, way), color=colour, ls="--", label=f"published array, {name}")
    axes.axhline(0, color="0.7", lw=0.8)
    axes.set(xlabel="conductance before the pulse (µS)", ylabel="step (µS)")
    axes.legend(fontsize=7, ncols=2)
    figure.savefig(HERE / "calibration.svg", metadata={"Date": None})


def numbers(trace: np.ndarray, merits: Switching, fit: Fit, table: TableFit, array: SoftBounds) -> dict[str, str]:
    """Every number of the text, at the array's own width."""
    states, skew = to_the_plateau(trace, merits)
    start = PhysicalCells(build(HoppingCell, cell_model(), "compact"), COLD_PER_M3, (1,)).conductance().item()
    first, second = np.diff([start, *trace[:2]]) * 1e6
    return {
        "states": f"{states:.1f}",
        "skew": f"{100 * skew:.0f} %",
        "peak_pulse": f"{plateau(trace) + 1}",
        "peak": f"{1e6 * trace[plateau(trace)]:.1f} µS",
        "last": f"{1e6 * trace[SEQUENCE.ramp - 1]:.1f} µS",
        "first": f"{first:.1f}",
        "second": f"{second:.1f}",
        "array_states": f"{array.states:.0f}",
        "array_skew": f"{100 * array.symmetry_skew:.0f} %",
        "fitted_states": f"{fit.law.states:.1f}",
        "explained_up": f"{100 * fit.explained_up:.0f} %",
        "attainable_up": f"{100 * fit.attainable_up:.0f} %",
        "attainable_down": f"{100 * fit.attainable_down:.0f} %",
        "table_up": f"{100 * table.explained_up:.1f} %",
        "table_down": f"{100 * table.explained_down:.1f} %",
        "points": f"{table.points}",
        "ramp_rms": f"{distance(table.law, trace, slice(SEQUENCE.ramp)):.1f} %",
        "alternating_rms": f"{distance(table.law, trace, slice(SEQUENCE.ramps, None)):.2g} %",
    }


def table_row(width: float, trace: np.ndarray, fit: Fit, table: TableFit) -> str:
    """One width as a line of the second table."""
    return (
        f"| {width * 1e6:g} µs | {100 * fit.explained_up:.0f} % / {100 * fit.explained_down:.0f} % | {table.points} "
        f"| {100 * table.explained_up:.1f} % / {100 * table.explained_down:.1f} % "
        f"| {distance(fit.law, trace):.1f} % | {distance(table.law, trace):.1f} % |"
    )


def row(width: float, trace: np.ndarray, merits: Switching, fit: Fit, _: TableFit) -> str:
    """One width as a line of the table."""
    law, (states, skew) = fit.law, to_the_plateau(trace, merits)
    return (
        f"| {width * 1e6:g} µs | {states:.1f} | {100 * skew:.0f} % | {merits.states[0]:.1f} | {100 * merits.skew[0]:.0f} % "
        f"| {law.states:.1f} | {100 * law.symmetry_skew:.0f} % | {law.exponent_up:.2f} / {law.exponent_down:.2f} "
        f"| {100 * fit.explained_up:.0f} % / {100 * fit.explained_down:.0f} % "
        f"| {100 * fit.attainable_up:.0f} % / {100 * fit.attainable_down:.0f} % |"
    )


def main() -> None:
    """Figure and page."""
    array = ohmnia.resolve(ohmnia.technology("cmo-hfox")).update
    found = {width: measured(width) for width in WIDTHS}
    draw(found[WIDTHS[0]][0], *found[WIDTHS[0]][2:], array)
    page = (HERE / "calibration.md.in").read_text(encoding="utf-8")
    page = page.replace("{rows}", "\n".join(row(width, *parts) for width, parts in found.items()))
    lines = [table_row(width, trace, *fits) for width, (trace, _, *fits) in found.items()]
    page = page.replace("{table_rows}", "\n".join(lines))
    for name, text in numbers(*found[WIDTHS[0]], array).items():
        page = page.replace(f"{{{name}}}", text)
    (HERE / "calibration.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
