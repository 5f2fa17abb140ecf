"""`ohmnia run`: the all-in-one scenario, from a folder's first file to its report."""

from __future__ import annotations

import errno
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ohmnia._errors import InvalidValueError

if TYPE_CHECKING:
    from ohmnia.lifecycle import Results, Run

_FOLDER = Path("ohmnia-run")


def run(
    config: Path | None = typer.Argument(None, metavar="[CONFIG.toml]", help="A scenario; without it, the built-in one."),
    out: Path | None = typer.Option(None, "--out", metavar="DIR", help=f"Where the results go [default: {_FOLDER}]."),
    seed: int | None = typer.Option(None, "--seed", min=0, help="Replaces the scenario's seed."),
    resume: Path | None = typer.Option(None, "--resume", metavar="DIR", help="Take up the run in DIR where it was cut off."),
    force: bool = typer.Option(False, "--force", help="Replace another run's files in the output folder."),
    tensorboard: bool = typer.Option(False, "--tensorboard", help="Write the learning curves for TensorBoard too."),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing but errors."),
) -> None:
    """Learn on the chip, keep it for ten years, infer, transfer, learn again: digits, arrays, one state."""
    if resume is not None and (config or out or force or seed is not None):
        raise InvalidValueError(
            "--resume takes the scenario, the seed and the folder of the run itself; leave the other options out."
        )
    console = Console(quiet=quiet)
    progress = Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}"),
        console=console,
        disable=quiet,
    )
    bars = _Bars(progress)
    if resume is None:
        job = _prepare(config, out or _FOLDER, seed, force, bars, tensorboard)
    else:
        job = _resume(resume, bars, tensorboard)
    # Only now: a refusal has no empty bars above it.
    with progress:
        results = _execute(job)
    _print_table(console, results, job.folder)


class _Bars:
    """One bar for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def progress(self, stage: str, done: int, total: int, text: str) -> None:
        """Move a stage's bar."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage.replace("_", " "), total=total, text="")
        self._progress.update(self._tasks[stage], completed=done, text=text)


def _resume(folder: Path, bars: _Bars, tensorboard: bool) -> Run:
    import torch

    from ohmnia.lifecycle import Run

    torch.set_num_threads(1)
    return Run.resume(folder, bars, tensorboard)


def _prepare(config: Path | None, out: Path, seed: int | None, force: bool, bars: _Bars, tensorboard: bool) -> Run:
    import torch

    from ohmnia.lifecycle import Run, leftovers, load_scenario

    torch.set_num_threads(1)
    scenario = load_scenario(config, seed)
    if out.exists() and not out.is_dir():
        raise InvalidValueError(f"--out {out} is a file; give a folder.")
    found = leftovers(out)
    if found and not force:
        names = ", ".join(path.name for path in found)
        raise InvalidValueError(f"{out} holds another run ({names}). Use --force to replace it, --out DIR, or --resume {out}.")
    job = Run(scenario, out, bars, tensorboard)
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return job


def _execute(job: Run) -> Results:
    """Run and report; an interruption or a full disk leaves the last good state, and says how to go on."""
    from ohmnia.analysis import write_report
    from ohmnia.lifecycle.record import write_timing

    try:
        results = job.execute()
        start = time.perf_counter()
        write_report(results, job.folder)
        results.seconds["report"] = time.perf_counter() - start
        write_timing(results, job.folder)
        job.finish()
    except KeyboardInterrupt:
        _stop(f"Stopped. Go on with: {_again(job)}", 130)
    except OSError as error:
        full = "The disk is full" if error.errno == errno.ENOSPC else f"Cannot write ({error})"
        _stop(f"{full}; the last good state stays. Make room, then: {_again(job)}", 2)
    else:
        return results


def _again(job: Run) -> str:
    return f"ohmnia run --resume {job.folder}" + (" --tensorboard" if job.tensorboard else "")


def _stop(text: str, status: int) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"[bold red]{escape(text)}[/]", soft_wrap=True)
    sys.exit(status)


def _print_table(console: Console, results: Results, folder: Path) -> None:
    from ohmnia.analysis import summary_rows

    table = Table("", "result", "", title=f"One array state: learn, keep, infer, learn again ({results.scenario.technology})")
    for label, value, note in summary_rows(results.metrics):
        table.add_row(escape(label), escape(value), escape(note))
    console.print(table)
    console.print(f"Report: {folder / 'report.html'}", highlight=False)
