"""`ohmnia reproduce`: the paper's figures, published beside simulated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmnia._errors import InvalidValueError

if TYPE_CHECKING:
    from ohmnia.experiments import Reproduction

_FOLDER = Path("ohmnia-reproduction")
_COLORS = {True: "green", False: "bold red", None: "dim"}


def reproduce(
    only: list[str] = typer.Option([], "--only", metavar="NAME", help="Run this experiment; may be given several times."),
    out: Path = typer.Option(_FOLDER, "--out", metavar="DIR", help="Where the results go; files of an earlier run are replaced."),
    technology: str = typer.Option("cmo-hfox", "--technology", metavar="ID|FILE", help="Run them on another technology."),
    seed: int = typer.Option(0, "--seed", min=0, help="Of every draw."),
) -> None:
    """Run the experiments of the CMO/HfOx paper, and print published beside simulated; status 1 when a row fails."""
    if out.exists() and not out.is_dir():
        raise InvalidValueError(f"--out {out} is a file; give a folder.")
    import torch

    from ohmnia.experiments import reproduce as run
    from ohmnia.experiments.reproduce import write_reproduction

    torch.set_num_threads(1)
    console, status = Console(), Console(stderr=True)
    with status.status("starting") as line:
        found = run(only or None, technology, seed, lambda name, done, total: line.update(f"{name} ({done + 1} of {total})"))
        page = write_reproduction(found, out)
    _print(console, found)
    console.print(f"Page: {page}", highlight=False)
    if found.failed:
        sys.exit(1)


def _print(console: Console, found: Reproduction) -> None:
    from ohmnia.experiments.reproduce import COLUMNS, table_row

    for outcome in found.outcomes:
        if not outcome.rows:
            console.print(f"{escape(outcome.title)}. {escape(' '.join(outcome.choices))}", highlight=False)
            continue
        table = Table(*COLUMNS, title=escape(outcome.title), title_justify="left")
        for row in outcome.rows:
            cells = [escape(cell) for cell in table_row(row)]
            cells[4] = f"[{_COLORS[row.ok]}]{cells[4]}[/]"
            table.add_row(*cells)
        console.print(table)
    console.print(found.summary(), highlight=False)
    for row in found.failed:
        console.print(f"[bold red]fails:[/] {escape(row.id)}", highlight=False)
