"""The files and the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from bench_mirror import TINY_STEP, TINY_UPDATE
from ohmnia.bench.moments import Comparison
from ohmnia.bench.output import FILES, fact_lines, growth_figure, notes, seconds_text, table, write
from ohmnia.bench.suite import Results, Row
from ohmnia.bench.timing import Timing
from ohmnia.bench.works import Work

GROWTH = [{"side": side, "update_seconds_per_cell": 1e-9 * side, "read_seconds_per_cell": 2e-10} for side in (64, 128, 256)]
PULSES = {"pulses": 5.0, "pulses_per_second": 3.2e7, "share_of_bandwidth": 0.25}
FACTS = {
    "bytes_per_cell": 28.0,
    "growth": GROWTH,
    "pulses": {"copy_bytes_per_second": 2e10, "update.dense": PULSES, "update.sparse": PULSES},
    "compile": {"first_seconds": 12.0, "later_seconds": 0.5},
}


def rows(deviation: float = 1.0) -> list[Row]:
    update = Work("update.dense", TINY_UPDATE, 20.0, 2)
    moments = Comparison((deviation, -0.5, 0.2), 0.002, 0.004, (0.001, 0.002))
    return [
        Row(update, update.spec, Timing((0.1, 0.1)), Timing((2.0, 2.2)), 21.0, 1, moments),
        Row(Work("step.agad.22", TINY_STEP, 3.0), TINY_STEP, note="not run: [no] rule"),
    ]


def shown(results: Results) -> str:
    console = Console(width=220, record=True)
    with console.capture() as capture:
        console.print(table(results))
    # A long title is broken into lines.
    return " ".join(capture.get().split())


def test_files(tmp_path: Path) -> None:
    results = Results("mirror 1.0", 0.1, False, rows(), dict(FACTS))
    write(results, tmp_path / "new" / "folder")
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == set(FILES)
    records = json.loads((tmp_path / "new" / "folder" / "bench.json").read_text())
    assert [set(record) for record in records] == [
        {"id", "work", "ohmnia_seconds", "peer_seconds", "ratio", "repeats", "moments_agree"}
    ] * 2
    assert records[0]["ratio"] == 21.0 and records[0]["moments_agree"] is True
    assert records[1]["ohmnia_seconds"] is records[1]["ratio"] is None
    facts = json.loads((tmp_path / "new" / "folder" / "facts.json").read_text())
    assert facts["rows"]["update.dense"]["moments"]["standard_errors"] == {"mean": 1.0, "variance": -0.5, "skew": 0.2}
    assert facts["rows"]["update.dense"]["peer"]["seconds"] == [2.0, 2.2]
    assert facts["bytes_per_cell"] == 28.0


def test_table_says_what_counts() -> None:
    text = shown(Results("mirror 1.0", 0.1, False, rows()))
    assert "beside mirror 1.0" in text and "+1.0 -0.5 +0.2" in text and "21.00" in text
    assert "loaded" not in text and "differ" not in text and "not run" in text
    assert "(21.00)" in shown(Results("mirror 1.0", 0.1, False, rows(deviation=3.5)))
    busy = shown(Results(None, 2.5, True, rows()))
    assert "loaded: load average 2.50" in busy and "quick" in busy


def test_notes_say_why_a_ratio_does_not_count() -> None:
    assert notes(Results("mirror 1.0", 0.1, False, rows())) == ["step.agad.22: not run: [no] rule"]
    (_, differs) = notes(Results("mirror 1.0", 0.1, False, rows(deviation=3.5)))
    assert "update.dense: the moments differ" in differs


@pytest.mark.parametrize(("seconds", "text"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 µs"), (3e-9, "3 ns")])
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_facts_in_words() -> None:
    text = "\n".join(fact_lines(FACTS))
    for part in ("3.2e+07 (dense)", "25.0 % of the bandwidth", "28", "64: 64 ns", "first use 12.0 s"):
        assert part in text
    assert fact_lines({}) == []


def test_growth_figure_has_a_line_for_each_kind() -> None:
    axes = growth_figure(GROWTH).axes[0]
    assert [line.get_label() for line in axes.lines] == ["update, batch 4", "read, batch 4"]
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([64.0, 128.0, 256.0])
