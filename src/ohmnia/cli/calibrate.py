"""`ohmnia calibrate`: an update law from the pulse train of one cell."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from ohmnia.cli._files import write


def calibrate(
    trace: Path = typer.Argument(..., metavar="CSV", help="Columns direction (+1 SET, -1 RESET) and conductance_uS after it."),
    out: Path = typer.Option(..., metavar="FILE.toml", help="Where the fragment of a technology file goes."),
    source: str = typer.Option("own", help="Bibliography key of the trace."),
    locator: str = typer.Option("", help="Where the trace is; the name of the file by default."),
) -> None:
    """Fit generalised soft bounds to a pulse train, with standard errors."""
    from ohmnia.analysis.calibrate import NUMBERS, calibrate_update, read_trace

    conductance, directions = read_trace(trace)
    fit = calibrate_update(conductance, directions)
    write(out, fit.toml(source, locator or trace.name))
    console = Console(highlight=False)
    console.print(f"states {fit.law.states:.3g} +- {fit.errors['states']:.2g}, skew {fit.law.symmetry_skew:.1%}")
    console.print(fit.verdict)
    console.print(f"Written: {out} ({', '.join(NUMBERS)}, noise_to_signal)")
