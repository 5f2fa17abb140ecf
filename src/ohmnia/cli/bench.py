"""`ohmnia bench`: how long the hot loops take, alone or beside another simulator."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from ohmnia._errors import InvalidValueError
from ohmnia._registry import Registry

if TYPE_CHECKING:
    from ohmnia.bench import Results, Row

SUITES = Registry("suite", {"kernels": "kernels", "circuit": "circuit"})


def bench(
    suite: str = typer.Argument("kernels", help="What to measure: kernels, or the figures of the array circuit."),
    peer: str | None = typer.Option(None, "--peer", metavar="NAME", help="Measure in turn with another simulator: aihwkit."),
    out: Path | None = typer.Option(
        None, "--out", metavar="DIR", help="Where bench.json, facts.json and bench.svg go, or circuit.json."
    ),
    only: list[str] = typer.Option([], "--only", metavar="ID", help="Only this row; repeat it for several."),
    quick: bool = typer.Option(False, "--quick", help="Small sizes, in a moment: does everything run?"),
) -> None:
    """Time the hot loops: medians of repeated runs, and the ratio to another simulator pair by pair."""
    SUITES.get(suite)
    if out is not None and out.exists() and not out.is_dir():
        raise InvalidValueError(f"--out {out} is a file; give a folder.")
    if suite == "circuit":
        if peer is not None or only:
            raise InvalidValueError("--peer and --only belong to the suite 'kernels'; 'circuit' measures every figure alone.")
        _circuit(out, quick)
        return
    # Before the imports, which load the machine themselves.
    load_before = os.getloadavg()[0]
    from ohmnia.bench import PEERS, all_facts, chosen, run_suite, write

    works = chosen(tuple(only))
    other = PEERS.get(peer, "--peer")() if peer is not None else None
    console = Console(highlight=False)
    with console.status("") as status:
        results = run_suite(works, other, quick, _line(console), lambda work: status.update(work.id), load_before)
        if not only:
            status.update("bandwidth, growth, compile time")
            results.facts |= all_facts(quick)
    _show(console, results)
    if out is not None:
        write(results, out)
        console.print(f"Written: {out / 'bench.json'}")


def _circuit(out: Path | None, quick: bool) -> None:
    from ohmnia.bench.circuit_figures import line, write_figures
    from ohmnia.bench.circuit_suite import circuit_figures

    console, figures = Console(highlight=False), []
    for figure in circuit_figures(quick):
        figures.append(figure)
        console.print(line(figure), markup=False, soft_wrap=True)
    if out is not None:
        console.print(f"Written: {write_figures(figures, out)}", soft_wrap=True)


def _show(console: Console, results: Results) -> None:
    from ohmnia.bench import fact_lines, notes, table

    console.print(table(results))
    for line in (*notes(results), *fact_lines(results.facts)):
        console.print(line, markup=False, soft_wrap=True)


def _line(console: Console) -> Callable[[Row], None]:
    def done(row: Row) -> None:
        time = f"{row.own.median:.4g} s" if row.own else row.note
        ratio = f", ratio {row.ratio:.2f}" if row.ratio is not None else ""
        console.print(f"{row.work.id}: {time}{ratio}", soft_wrap=True, markup=False)

    return done
