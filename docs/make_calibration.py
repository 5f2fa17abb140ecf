"""Make docs/studies/calibration.md and its figure: an update law from the pulse trains of physical cells (seconds)."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

import ohmnia
from ohmnia.analysis.calibrate import Fit, calibrate_update
from ohmnia.analysis.switching import Switching, figures_of_merit
from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.lifecycle.characterise import PulseSequence
from ohmnia.technology import cell_model

HERE = Path(__file__).parent / "studies"
SEQUENCE, WIDTHS, VOLTS = PulseSequence(ramp=400, cycles=1, alternating=500), (2.5e-6, 1e-6, 0.5e-6), {1: 1.35, -1: -1.3}


def measured(width: float) -> tuple[np.ndarray, Switching, Fit]:
    """Trace of one physical cell (siemens), its figures of merit, and the fit."""
    model = build(HoppingCell, cell_model(), "compact")
    volts = torch.tensor([VOLTS[way] for way in SEQUENCE.directions()])
    trace = PhysicalCells(model, model.density_start_per_m3, (1,)).train(volts, width).numpy()
    return trace[:, 0], figures_of_merit(trace, SEQUENCE), calibrate_update(trace[:, 0], SEQUENCE.directions())


def curve(law: SoftBounds, way: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductance and mean step of a law, uS."""
    g = torch.linspace(law.g_low_siemens, law.g_high_siemens, 200, dtype=torch.float64)
    parameters = law.sample((1,), ohmnia.random.Stream.root(0)).double().expand(5, 200)
    mean = SoftBounds.pulse(law, g, way, parameters, torch.zeros_like(g)) - g
    return g.numpy() * 1e6, mean.numpy() * 1e6


def draw(trace: np.ndarray, fit: Fit, array: SoftBounds) -> None:
    """Steps against conductance: the cell, its fit, the published array."""
    mpl.rcParams["svg.hashsalt"] = "ohmnia"
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes, ways = figure.subplots(), np.array(SEQUENCE.directions())
    for way, colour, name in ((1, "C3", "SET"), (-1, "C0", "RESET")):
        own = np.flatnonzero(ways[1:] == way)
        axes.plot(trace[own] * 1e6, np.diff(trace)[own] * 1e6, ".", ms=3, color=colour, label=f"compact model, {name}")
        axes.plot(*curve(fit.law, way), color=colour, label=f"fitted soft bounds, {name}")
        axes.plot(*curve(array, way), color=colour, ls="--", label=f"published array, {name}")
    axes.axhline(0, color="0.7", lw=0.8)
    axes.set(xlabel="conductance before the pulse (µS)", ylabel="step (µS)")
    axes.legend(fontsize=7, ncols=2)
    figure.savefig(HERE / "calibration.svg", metadata={"Date": None})


def main() -> None:
    """Figure and page."""
    rows = []
    for width in WIDTHS:
        trace, merits, fit = measured(width)
        law = fit.law
        rows.append(
            f"| {width * 1e6:g} µs | {merits.states[0]:.1f} | {100 * merits.skew[0]:.0f} % | {law.states:.1f} "
            f"| {100 * law.symmetry_skew:.0f} % | {law.exponent_up:.2f} / {law.exponent_down:.2f} "
            f"| {100 * fit.explained_up:.0f} % / {100 * fit.explained_down:.0f} % |"
        )
        if width == WIDTHS[0]:
            draw(trace, fit, ohmnia.resolve(ohmnia.technology("cmo-hfox")).update)
    page = (HERE / "calibration.md.in").read_text(encoding="utf-8")
    (HERE / "calibration.md").write_text(page.replace("{{ rows }}", "\n".join(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
