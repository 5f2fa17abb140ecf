"""`ohmnia calibrate`: an update law from the pulse train of one cell."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from ohmnia._units import MICRO
from ohmnia.cli._files import write

_LAWS = ("soft-bounds", "tabulated")


def calibrate(
    trace: Path = typer.Argument(..., metavar="CSV", help="Columns direction (+1 SET, -1 RESET) and conductance_uS after it."),
    out: Path = typer.Option(..., metavar="FILE.toml", help="Where the fragment of a technology file goes."),
    source: str = typer.Option("own", help="Bibliography key of the trace."),
    locator: str = typer.Option("", help="Where the trace is; the name of the file by default."),
    law: str = typer.Option("soft-bounds", help="soft-bounds, or tabulated: the measured step over conductance itself."),
) -> None:
    """Fit an update law to a pulse train, with standard errors."""
    from ohmnia._errors import unknown_name
    from ohmnia.analysis.calibrate import NUMBERS, calibrate_update, read_trace
    from ohmnia.analysis.step_table import calibrate_table

    if law not in _LAWS:
        raise unknown_name("law", law, _LAWS, "--law")
    conductance, directions = read_trace(trace)
    console = Console(highlight=False)
    if law == "tabulated":
        table = calibrate_table(conductance, directions)
        write(out, table.toml(source, locator or trace.name))
        point, step = (value / MICRO for value in (table.law.symmetry_point_siemens, table.law.step_siemens))
        console.print(f"symmetry point {point:.4g} uS, step {step:.3g} uS, noise {table.law.noise_to_signal:.1%} of the step")
        console.print(table.verdict)
        console.print(f"Written: {out} (g_low, g_high, step_up, step_down, noise_to_signal)")
        return
    fit = calibrate_update(conductance, directions)
    write(out, fit.toml(source, locator or trace.name))
    console.print(f"states {fit.law.states:.3g} +- {fit.errors['states']:.2g}, skew {fit.law.symmetry_skew:.1%}")
    console.print(fit.verdict)
    console.print(f"Written: {out} ({', '.join(NUMBERS)}, noise_to_signal)")
