"""All experiments in one go, and what they write."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ohmnia._errors import StateError, UnknownNameError
from ohmnia.experiments import EXPERIMENTS, Outcome, Reproduction, Row, reproduce
from ohmnia.experiments.reproduce import _run, table_row, write_reproduction
from pages import Page

ROW = Row("a.b", "what <it> is", "µS", 1.0, 1.125, 0.011, 0.2, True, "derived", "falcone2025, Fig. 1", "within 20 %")


def outcome(*rows: Row) -> Reproduction:
    return Reproduction("cmo-hfox", 0, (Outcome("a", "A", rows, (), (), frozenset({"falcone2025"})),), {"a": 1.0})


def test_only_derived_rows_count() -> None:
    given = dataclasses.replace(ROW, kind="input check", ok=False)
    shown, wrong = dataclasses.replace(ROW, ok=None), dataclasses.replace(ROW, ok=False)
    found = outcome(ROW, given, shown, wrong)
    assert found.summary() == (
        "1 of 2 derived numbers hold; 1 are shown without a verdict; 1 inputs given back, 1 of them wrong."
    )
    assert found.failed == [given, wrong]


def test_a_row_of_the_table() -> None:
    assert table_row(ROW) == ("what <it> is", "1 µS", "1.125 ± 0.011 µS", "within 20 %", "holds", "falcone2025, Fig. 1")
    other = dataclasses.replace(
        ROW, published=None, standard_error=None, ok=False, kind="input check", certainty="low", extrapolated=True
    )
    assert table_row(other)[1:] == (
        "–",
        "1.125 µS",
        "within 20 %",
        "FAILS (input)",
        "falcone2025, Fig. 1 (low certainty, extrapolated)",
    )


def test_files_are_whole_and_the_same_every_time(tmp_path: Path) -> None:
    found = dataclasses.replace(reproduce(["forming"]), seconds={"forming": 1.0})
    page = write_reproduction(found, tmp_path / "a")
    write_reproduction(dataclasses.replace(reproduce(["forming"]), seconds={"forming": 1.0}), tmp_path / "b")
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").rglob("*") if path.is_file())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    rows = json.loads((tmp_path / "a" / "reproduction.json").read_text())
    assert [row["id"] for row in rows] == [row.id for row in found.rows]
    read = Page(page.read_text())
    for row in found.rows:
        assert row.quantity in read.text
        assert table_row(row)[2] in read.text
    assert any(tag == "svg" for tag, _ in read.tags)


def test_unknown_experiment() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'forming'"):
        reproduce(["formin"])


def test_the_order_is_the_papers() -> None:
    assert next(iter(EXPERIMENTS)) == "forming"


def test_what_a_technology_has_no_law_for_is_left_out_with_a_word_or_refused() -> None:
    left_out = _run("forming", "pcm", 0, named=False)
    assert left_out.rows == ()
    assert "no forming law" in left_out.choices[0]
    with pytest.raises(StateError, match="no forming law"):
        _run("forming", "pcm", 0, named=True)
