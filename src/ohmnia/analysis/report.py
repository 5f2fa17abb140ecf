"""The report of a run: one HTML file that needs nothing else, and its figures as files."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from ohmnia.analysis import _captions
from ohmnia.analysis._tables import parameter_groups, scenario_rows, scenario_toml
from ohmnia.analysis.metrics import (
    accuracy_over_time,
    duration_words,
    metric,
    percent,
    pulses_per_cell,
    summary_rows,
)
from ohmnia.device import Device, resolve
from ohmnia.lifecycle import citations
from ohmnia.lifecycle.checkpoint import write_bytes
from ohmnia.lifecycle.record import Results
from ohmnia.lifecycle.scenario import Scenario
from ohmnia.lifecycle.task import digits
from ohmnia.measured import Curve, curve_of
from ohmnia.technology import technology

REPORT, FIGURES = "report.html", "figures"
_PAPER = "falcone2025"
_HERE = Path(__file__).parent


@final
@dataclass(frozen=True, slots=True)
class _Context:
    """What the figures and the words need besides the results; no published curve but that of the device itself."""

    results: Results
    summary: list[tuple[str, str, str]]
    accuracies: list[list[str]]
    device: Device
    held_out: int
    programming: Curve | None
    retention: Curve | None

    @property
    def measured_seconds(self) -> float | None:
        return None if self.retention is None else max(self.retention.columns["age"])


def write_report(results: Results, folder: Path) -> Path:
    """Write `report.html` and `figures/*.svg`, `figures/*.png`; the same results give the same bytes.

    Parameters
    ----------
    results
        Of a complete run.
    folder
        The run's; made if need be.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    InvalidValueError
        A metric or a curve is missing. Nothing is written then.
    """
    from ohmnia.analysis._style import render
    from ohmnia.analysis.page import inline_svg

    context = _context(results)
    figures = {name: (draw(), words) for name, (draw, words) in _figures(context).items()}
    files = {f"{FIGURES}/{name}.{kind}": render(figure, kind) for name, (figure, _) in figures.items() for kind in ("svg", "png")}
    shown = [
        {"name": name, **asdict(words), "svg": inline_svg(files[f"{FIGURES}/{name}.svg"], name)}
        for name, (_, words) in figures.items()
    ]
    page = _render_page(context, shown)
    for name, data in files.items():
        write_bytes(folder / name, data)
    write_bytes(folder / REPORT, page.encode())
    return folder / REPORT


def _context(results: Results) -> _Context:
    """Gather it; what is missing is refused here, before anything is drawn."""
    rows, accuracies = summary_rows(results.metrics), _accuracy_table(results)
    device = resolve(technology(results.scenario.technology))
    own = device.technology.id
    curves = [curve_of(name, own) for name in ("falcone2025-programming", "falcone2025-retention")]
    held_out = len(digits(results.scenario.seed).x_test)
    return _Context(results, rows, accuracies, device, held_out, *curves)


def _figures(context: _Context) -> dict[str, tuple[Callable[[], Any], _captions.Words]]:
    """Name to how it is drawn and what is said about it, in the order of the page."""
    from ohmnia.analysis import device_plots, plots

    results, device, measured = context.results, context.device, context.measured_seconds
    window, symmetry = (device.g_min_siemens, device.g_max_siemens), device.update.symmetry_point_siemens
    call = functools.partial
    return {
        "learning": (call(plots.learning_curves, results), _captions.learning(results)),
        "accuracy-over-time": (
            call(plots.accuracy_over_time, results, context.held_out, measured),
            _captions.accuracy(results, context.held_out, context.retention),
        ),
        "life-of-cells": (call(plots.life_of_cells, results, window, measured), _captions.life(results, context.retention)),
        "pulse-response": (call(device_plots.pulse_response, results, symmetry), _captions.pulses(results, symmetry)),
        "programming": (
            call(device_plots.programming, results, context.programming, device.technology),
            _captions.programming(results, context.programming, device.technology),
        ),
        "retention": (
            call(device_plots.retention, results, context.retention, device.technology),
            _captions.retention(results, context.retention, device.technology),
        ),
    }


def _citations(context: _Context) -> set[str]:
    """Keys of everything that the run and its figures used."""
    shown = [found for found in (context.programming, context.retention) if found is not None]
    return {*citations(context.results.scenario), *(found.source for found in shown), _PAPER}


def _accuracy_table(results: Results) -> list[list[str]]:
    metrics, blank = results.metrics, "–"
    learned, programmed = metric(metrics, "learn_accuracy"), metric(metrics, "transfer_accuracy.programmed")
    rows = [["right after the last write", percent(learned), blank, percent(programmed), blank]]
    for row in accuracy_over_time(metrics, list(results.scenario.retain.times)):
        values = (row.learned_raw, row.learned_compensated, row.transferred_raw, row.transferred_compensated)
        rows.append([duration_words(row.time), *map(percent, values)])
    return rows


def _render_page(context: _Context, figures: list[dict[str, Any]]) -> str:
    from ohmnia.analysis.page import bibliography, render_page, versions

    results, tech = context.results, context.device.technology
    scenario, (entries, strangers) = results.scenario, bibliography(_citations(context))
    groups, settings = parameter_groups(tech), scenario_rows(scenario)
    return render_page(
        _HERE / "report.html.j2",
        technology=tech,
        scenario=scenario,
        summary=_captions.summary(results, tech, context.held_out, context.retention),
        results=context.summary,
        accuracies=context.accuracies,
        figures=figures,
        pulses=[(name, f"{value:,.1f}") for name, value in pulses_per_cell(results.metrics).items()],
        settings=settings,
        changed=any(other for _, _, other in settings),
        versions=versions(),
        own_scenario="" if scenario == Scenario(seed=scenario.seed) else scenario_toml(scenario),
        groups=groups,
        count=sum(len(group.rows) for group in groups),
        assumed=sum(row.assumed for group in groups for row in group.rows),
        entries=entries,
        strangers=strangers,
        known={entry["key"] for entry in entries},
    )
