"""The bench: rows in the unit of the published number, its own stream, the citations of all that was used."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import variant
from ohmnia._errors import UnknownNameError
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._verdict import Estimate, Shown, Within
from ohmnia.technology import Technology


def test_a_row_has_the_unit_of_the_published_number(technology: Technology) -> None:
    bench = Bench("any", "Any", technology, 0)
    bench.row("voltage_sigma", "spread", Estimate(0.081, 0.01, "V"), Within(0.1), extrapolated=True)
    (row,) = bench.outcome([], []).rows
    assert row.id == "any.voltage_sigma"
    assert (row.unit, row.published, row.ok, row.certainty, row.extrapolated) == ("mV", 75.0, True, "high", True)
    assert (row.simulated, row.standard_error, row.tolerance) == pytest.approx((81.0, 10.0, 7.5))
    assert row.source == "falcone2025, Fig. 2c, sigma"


def test_a_row_without_a_published_number_is_our_own(technology: Technology) -> None:
    bench = Bench("any", "Any", technology, 0)
    bench.row("nothing", "own", Estimate(2e-6, None, "uS"), Shown("ours"))
    outcome = bench.outcome([], ["a choice"])
    (row,) = outcome.rows
    assert (row.unit, row.published, row.standard_error, row.ok, row.source) == ("µS", None, None, None, "ohmnia")
    assert row.simulated == pytest.approx(2.0)
    assert outcome.choices == ("a choice",)
    assert {"ohmnia", "falcone2025"} <= outcome.citations


def test_streams_differ_by_name_and_seed(technology: Technology) -> None:
    streams = {Bench(name, "", technology, seed).stream for name in ("a", "b") for seed in (0, 1)}
    assert len(streams) == 4


def test_unknown_technology() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'cmo-hfox'"):
        Bench("any", "Any", "cmo-hfo", 0)


def test_a_number_held_against_a_curve_names_it(technology: Technology) -> None:
    bench = Bench("any", "Any", technology, 0)
    curve = bench.measured("falcone2025-retention")
    assert curve is not None
    bench.row("own", "own", Estimate(0.1), Shown("points"), source=f"{curve.source}, {curve.locator}")
    outcome = bench.outcome([], [])
    assert outcome.rows[0].source.startswith("aihwkit2025, docs/img")
    assert "aihwkit2025" in outcome.citations


def test_a_technology_without_results_is_shown_and_has_no_measured_cells(tmp_path: Path) -> None:
    own = Bench("any", "Any", variant(tmp_path, {"update.states": (30.0, "1")}), 0)
    assert own.measured("falcone2025-retention") is None
    own.row("one", "one", Estimate(5.0), own.limit(at_most=1.0, remark="A claim."))
    assert own.outcome([], []).rows[0].ok is None
    assert own.outcome([], []).rows[0].reason.startswith("A claim. ")


def test_the_papers_limits_judge_its_own_technology(technology: Technology) -> None:
    bench = Bench("any", "Any", technology, 0)
    for name, value in (("low", 0.5), ("high", 5.0)):
        bench.row(name, name, Estimate(value), bench.limit(at_most=1.0))
    assert [row.ok for row in bench.outcome([], []).rows] == [True, False]


def test_every_assumption_of_a_law_is_named(technology: Technology) -> None:
    found = Bench("any", "Any", technology, 0).assumptions("update")
    assumed = [q.kind == "assumed" for q in technology.laws.update.quantities.values()]
    spreads = [q.spread is not None and q.spread.kind == "assumed" for q in technology.laws.update.quantities.values()]
    assert len(found) == sum(assumed) + sum(spreads) > 3
    assert any(text.startswith("Assumed, spread of noise to signal: ") for text in found)
