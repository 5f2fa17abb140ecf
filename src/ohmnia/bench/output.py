"""A benchmark's results as files and as a table: bench.json, facts.json and bench.svg."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohmnia.bench.suite import Results, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

FILES = ("bench.json", "facts.json", "bench.svg")


def write(results: Results, folder: Path) -> None:
    """Write the three files into a folder, which is made if need be.

    `bench.json` is a list of objects `id, work, ohmnia_seconds, peer_seconds, ratio, repeats, moments_agree`; without a peer
    peer_seconds, ratio and moments_agree are null. `facts.json` holds the machine, spreads, moments, and `ohmnia.bench.facts`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _dump(folder / "bench.json", [row.record() for row in results.rows])
    details = {row.work.id: _details(row) for row in results.rows}
    _dump(folder / "facts.json", {"peer": results.peer, "quick": results.quick, **results.facts, "rows": details})
    if "growth" in results.facts:
        from ohmnia.analysis._style import render

        (folder / "bench.svg").write_bytes(render(growth_figure(results.facts["growth"]), "svg"))


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _details(row: Row) -> dict[str, Any]:
    details: dict[str, Any] = {"target_ratio": row.work.target, "note": row.note, "peer_threads": row.peer_threads}
    for name, timing in (("ohmnia", row.own), ("peer", row.peer)):
        if timing is not None:
            details[name] = {"seconds": list(timing.seconds), "spread": timing.spread}
    if row.moments is not None:
        names = ("mean", "variance", "skew")
        details["moments"] = {
            "standard_errors": dict(zip(names, row.moments.deviations, strict=True)),
            "far_cells": row.moments.far_cells,
            "far_cells_limit": row.moments.far_cells_limit,
            "relative": dict(zip(names[:2], row.moments.relative, strict=True)),
        }
    return details


def seconds_text(seconds: float) -> str:
    """A time in the unit that suits it, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _moments_text(row: Row) -> str:
    if row.moments is None:
        return ""
    deviations = " ".join(f"{z:+.1f}" for z in row.moments.deviations)
    return deviations if row.moments.agree else f"{deviations} differ"


def _ratio_text(row: Row) -> str:
    if row.ratio is None:
        return ""
    return f"{row.ratio:.2f}" if row.counts else f"({row.ratio:.2f})"


def table(results: Results) -> Table:
    """The rows for a terminal; moments are the deviations of mean, variance and skew in standard errors."""
    from rich import box
    from rich.table import Table

    words = [f"beside {results.peer}" if results.peer else "alone", "quick: sizes too small to judge" if results.quick else ""]
    words.append(f"loaded: load average {results.load_before:.2f} before the start" if results.loaded else "")
    shown = Table(title="ohmnia bench, " + "; ".join(word for word in words if word), box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "ohmnia", "peer (thr.)", "ratio", "goal", "moments"):
        shown.add_column(name, overflow="fold", no_wrap=name == "id")
    for row in results.rows:
        own, peer = (f"{seconds_text(t.median)} ±{100 * t.spread:.0f}%" if t else "" for t in (row.own, row.peer))
        threads = f" ({row.peer_threads})" if row.peer_threads else ""
        target = "" if row.work.target is None else f"{row.work.target:g}"
        shown.add_row(row.work.id, own or "not run", peer + threads, _ratio_text(row), target, _moments_text(row))
    return shown


def notes(results: Results) -> list[str]:
    """What a reader of the table should know, a line for each row that has it."""
    lines = [f"{row.work.id}: {row.note}" for row in results.rows if row.note]
    lines += [
        f"{row.work.id}: the moments differ, so that its ratio ({row.ratio:.2f}) does not count"
        for row in results.rows
        if row.ratio is not None and not row.counts
    ]
    return lines


def fact_lines(facts: dict[str, Any]) -> list[str]:
    """The other results, a line each."""
    lines = []
    if "pulses" in facts:
        dense, sparse = facts["pulses"]["update.dense"], facts["pulses"]["update.sparse"]
        rates = f"{dense['pulses_per_second']:.3g} (dense), {sparse['pulses_per_second']:.3g} (sparse)"
        bandwidth = facts["pulses"]["copy_bytes_per_second"] / 1e9
        lines += [f"pulses a second: {rates}"]
        lines += [f"sparse update: {100 * sparse['share_of_bandwidth']:.1f} % of the bandwidth of a copy ({bandwidth:.3g} GB/s)"]
    if "bytes_per_cell" in facts:
        lines += [f"bytes a cell of a tile in training: {facts['bytes_per_cell']:g}"]
    if "growth" in facts:
        times = ", ".join(f"{row['side']}: {seconds_text(row['update_seconds_per_cell'])}" for row in facts["growth"])
        lines += [f"update, time a cell by side: {times}"]
    if "compile" in facts:
        first, later = facts["compile"]["first_seconds"], facts["compile"]["later_seconds"]
        lines += [f"kernels: first use {first:.1f} s, later {later:.2f} s"]
    return lines


def growth_figure(rows: list[dict[str, float]]) -> Figure:
    """Time of an update and of a read for each cell against the side of the array."""
    from ohmnia.analysis._style import DEVICE, LEARNED, house_style, new_figure

    with house_style():
        figure = new_figure(3.0)
        axes = figure.add_subplot()
        sides = [row["side"] for row in rows]
        for name, color, marker in (("update", LEARNED, "o"), ("read", DEVICE, "s")):
            times = [row[f"{name}_seconds_per_cell"] * 1e9 for row in rows]
            axes.loglog(sides, times, color=color, marker=marker, label=f"{name}, batch 4")
        axes.set_xticks(sides, [f"{side:g}" for side in sides])
        axes.minorticks_off()
        axes.set(xlabel="side of the array (cells)", ylabel="time a cell (ns)", title="Time against array size")
        axes.legend()
    return figure
