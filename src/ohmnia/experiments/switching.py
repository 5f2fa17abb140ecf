"""Open-loop switching (Falcone et al. 2025, Fig. 5): pulse trains on arrays, and the figures of merit taken from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from ohmnia._units import MICRO
from ohmnia.analysis.switching import LEVELS, MERITS, Switching, figures_of_merit
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._verdict import Estimate, Shown, Within
from ohmnia.lifecycle.characterise import PUBLISHED_SEQUENCE, pulse_response
from ohmnia.technology import Technology

_REMARKS = {
    "states": "Noise moves a cell around its symmetry point, where the mean step is then larger than at it.",
    "skew": "The mean over the alternating pulses lies a little below the point where the mean steps are equal.",
    "noise": "The size of the step changes as the cell moves around its symmetry point; this adds to the noise.",
}


def switching(technology: Technology | str | Path = "cmo-hfox", seed: int = 0, cells: int = 32, arrays: int = 32) -> Outcome:
    """Give arrays the published pulses, and take N_states, SP skew and NSR from the traces by the paper's definitions.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    cells
        Of one array; 32 as published.
    arrays
        Rows are means over all of them; the figures show the first.

    Returns
    -------
    Outcome
        Means of the three figures of merit, and the ranges of an array.
    """
    bench = Bench("switching", "Open-loop switching (Fig. 5)", technology, seed)
    trace = pulse_response(bench.device, cells * arrays, bench.stream).numpy()
    found = figures_of_merit(trace)
    for name, (words, unit, of) in MERITS.items():
        mean = Estimate.of_mean(torch.from_numpy(of(found)), unit)
        bench.row(f"{name}_mean", f"mean of {words}", mean, Within(0.10, _REMARKS[name]))
    _step_rows(bench, found)
    for name, (words, unit, of) in MERITS.items():
        reason = "The range of one array; the spread between cells is not published."
        _range_rows(bench, name, f"{words} in an array", of(found).reshape(arrays, cells), unit, reason)
    middle = float(found.g_sp_siemens.mean()) / MICRO
    for name, (words, of) in LEVELS.items():
        own = f"the mean skew puts the mean G_sp at {middle:.0f} µS" if name == "g_sp" else "the law has one bound for all cells"
        reason = f"Read off a figure; {own}."
        _range_rows(bench, name, f"{words} in an array", of(found).reshape(arrays, cells), "uS", reason)
    return bench.outcome(_plots(bench, trace, found, cells), _choices(bench, cells, arrays))


def _choices(bench: Bench, cells: int, arrays: int) -> list[str]:
    return [
        f"{arrays} arrays of {cells} cells stand for the one that was measured, so that a mean is not one array's luck.",
        "G_max and G_min are means of the last 50 pulses of a ramp, G_sp of the last 400 alternating pulses.",
        "The step at the symmetry point is the mean signed step there, SET and RESET apart; N takes the mean of both, NSR "
        "the root mean square of both deviations. A mean of |step| would be larger: the noise makes some steps go back.",
        "Every cell starts at its symmetry point.",
        *bench.assumptions("update"),
    ]


def _plots(bench: Bench, trace: Float[np.ndarray, "pulses cells"], found: Switching, cells: int) -> list[Plot]:
    from ohmnia.experiments import _switching_figures as figures

    sequence = PUBLISHED_SEQUENCE
    return [
        Plot(
            "switching-traces",
            "Open-loop switching of an array",
            f"Conductance under {2 * sequence.cycles} x {sequence.ramp} identical pulses, then {sequence.alternating} "
            f"of alternating sign. Top: one cell, with its G_max, G_min and G_sp. Bottom: mean and standard deviation of "
            f"{cells} cells; inset: the cells at pulse 1200, the end of the second potentiation.",
            lambda: figures.traces(trace[:, :cells]),
        ),
        Plot(
            "switching-merits",
            "Figures of merit of each cell",
            f"N_states, SP skew and NSR of {cells} cells (bars) and of all simulated cells (line), taken from the traces, and "
            "the range of G_max, G_min and G_sp of each; grey: the published ranges, read off figures.",
            lambda: figures.merits(bench, found, cells),
        ),
    ]


def _step_rows(bench: Bench, found: Switching) -> None:
    parts = {"set": (found.set_step_siemens, found.set_noise), "reset": (found.reset_step_siemens, found.reset_noise)}
    for name, (step, noise) in parts.items():
        size = Estimate.of_mean(torch.from_numpy(step), "uS")
        bench.row(f"{name}_step", f"{name.upper()} step at the symmetry point", size, Shown("Not published apart."))
        ratio = Estimate.of_mean(torch.from_numpy(noise), "percent")
        bench.row(f"{name}_noise", f"its noise-to-signal ratio, {name.upper()} alone", ratio, Shown("Not published apart."))


def _range_rows(bench: Bench, name: str, words: str, values: Float[np.ndarray, "arrays cells"], unit: str, reason: str) -> None:
    for end, of in (("lowest", values.min(1)), ("highest", values.max(1))):
        bench.row(f"{name}_{end}", f"{end} {words}", Estimate.of_mean(torch.from_numpy(of), unit), Shown(reason))
