"""All experiments in one go: a table, figures, `reproduction.json` and `reproduction.html`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ohmnia import __version__
from ohmnia._errors import OhmniaError
from ohmnia._threads import one_thread
from ohmnia.device import resolve
from ohmnia.experiments._outcome import Outcome, Row
from ohmnia.experiments.registry import EXPERIMENTS
from ohmnia.lifecycle.checkpoint import write_bytes
from ohmnia.technology import technology as load

ROWS, PAGE, MANIFEST, FIGURES = "reproduction.json", "reproduction.html", "reproduction.run.json", "figures"
_TEMPLATE = Path(__file__).parent / "reproduction.html.j2"
Progress = Callable[[str, int, int], None]


@final
@dataclass(frozen=True, slots=True)
class Reproduction:
    """What a run of experiments found.

    Parameters
    ----------
    technology
        Its id or file, as it was asked for.
    seed
        Of every draw.
    outcomes
        One for each experiment, in the order of the paper.
    seconds
        Wall time of each experiment.
    """

    technology: str
    seed: int
    outcomes: tuple[Outcome, ...]
    seconds: dict[str, float]

    @property
    def rows(self) -> list[Row]:
        """Rows of all experiments."""
        return [row for outcome in self.outcomes for row in outcome.rows]

    @property
    def failed(self) -> list[Row]:
        """Rows that do not hold."""
        return [row for row in self.rows if row.ok is False]

    @property
    def citations(self) -> list[str]:
        """Bibliography keys of everything that was used, sorted."""
        return sorted(set().union(*(outcome.citations for outcome in self.outcomes)))

    def summary(self) -> str:
        """One sentence; derived rows alone count."""
        derived = [row for row in self.rows if row.kind == "derived"]
        judged = [row for row in derived if row.ok is not None]
        good = sum(bool(row.ok) for row in judged)
        checks = [row for row in self.rows if row.kind == "input check"]
        broken = sum(row.ok is False for row in checks)
        text = f"{good} of {len(judged)} derived numbers hold; {len(derived) - len(judged)} are shown without a verdict"
        return f"{text}; {len(checks)} inputs given back" + (f", {broken} of them wrong." if broken else ".")


def reproduce(
    names: Iterable[str] | None = None,
    technology: str = "cmo-hfox",
    seed: int = 0,
    progress: Progress | None = None,
) -> Reproduction:
    """Run experiments at the paper's size.

    Parameters
    ----------
    names
        Of the experiments; None: all of them that the technology has laws for.
    technology
        Id, or path of a technology file.
    seed
        Of every draw.
    progress
        Called with the experiment's name, how many are done, and how many there are.

    Raises
    ------
    UnknownNameError
        No such experiment or technology, with the nearest name.
    """
    chosen = list(EXPERIMENTS if names is None else names)
    for name in chosen:
        EXPERIMENTS.get(name)
    resolve(load(technology))
    ordered = [name for name in EXPERIMENTS if name in chosen]
    outcomes, seconds = [], {}
    for done, name in enumerate(ordered):
        if progress:
            progress(name, done, len(ordered))
        start = time.perf_counter()
        with one_thread():
            outcomes.append(_run(name, technology, seed, named=names is not None))
        seconds[name] = time.perf_counter() - start
    if progress:
        progress("", len(ordered), len(ordered))
    return Reproduction(technology, seed, tuple(outcomes), seconds)


def _run(name: str, technology: str, seed: int, named: bool) -> Outcome:
    """One experiment; where all of them were asked for, what a technology has no law for is left out, with a word."""
    try:
        return EXPERIMENTS.get(name)(technology, seed)
    except OhmniaError as error:
        if named:
            raise
        return Outcome(name, f"{name}: not run", (), (), (str(error),), frozenset())


def write_reproduction(found: Reproduction, folder: Path) -> Path:
    """Write the rows, the figures and the page; the same results give the same bytes but for the wall times.

    Returns
    -------
    Path
        The page.
    """
    from ohmnia.analysis._style import render
    from ohmnia.analysis.page import bibliography, inline_svg, render_page, versions

    files: dict[str, bytes] = {}
    sections: list[dict[str, Any]] = []
    for outcome in found.outcomes:
        shown = []
        for plot in outcome.plots:
            figure = plot.draw()
            images = {kind: render(figure, kind) for kind in ("svg", "png")}
            files |= {f"{FIGURES}/{plot.name}.{kind}": data for kind, data in images.items()}
            shown.append({"plot": plot, "svg": inline_svg(images["svg"], plot.name)})
        sections.append({"outcome": outcome, "figures": shown, "rows": [table_row(row) for row in outcome.rows]})
    entries, strangers = bibliography(found.citations)
    page = render_page(
        _TEMPLATE, found=found, sections=sections, entries=entries, strangers=strangers, versions=versions(), names=COLUMNS
    )
    manifest = {
        "technology": found.technology,
        "seed": found.seed,
        "ohmnia": __version__,
        "experiments": [_description(outcome) for outcome in found.outcomes],
        "citations": found.citations,
        "seconds": {name: round(value, 3) for name, value in found.seconds.items()},
        "summary": found.summary(),
    }
    files |= {ROWS: _json([row.as_dict() for row in found.rows]), MANIFEST: _json(manifest), PAGE: page.encode()}
    for name, data in files.items():
        write_bytes(folder / name, data)
    return folder / PAGE


def _description(outcome: Outcome) -> dict[str, Any]:
    plots = [{"name": plot.name, "title": plot.title, "caption": plot.caption} for plot in outcome.plots]
    return {"name": outcome.name, "title": outcome.title, "plots": plots, "choices": list(outcome.choices)}


COLUMNS = ("quantity", "published", "simulated", "tolerance", "verdict", "source")


def table_row(row: Row) -> tuple[str, str, str, str, str, str]:
    """A row as the table shows it, in the order of `COLUMNS`."""
    verdict = {True: "holds", False: "FAILS", None: "shown"}[row.ok] + ("" if row.kind == "derived" else " (input)")
    marks = [f"{row.certainty} certainty"] if row.certainty in ("medium", "low") else []
    marks += ["extrapolated"] if row.extrapolated else []
    source = row.source + (f" ({', '.join(marks)})" if marks else "")
    return row.quantity, _number(row.published, row.unit), _with_error(row), row.criterion, verdict, source


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g} {unit}".strip()


def _with_error(row: Row) -> str:
    if row.simulated is None or row.standard_error is None:
        return _number(row.simulated, row.unit)
    return f"{row.simulated:.4g} ± {row.standard_error:.2g} {row.unit}".strip()


def _json(data: object) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
