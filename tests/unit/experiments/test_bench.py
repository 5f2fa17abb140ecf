"""The bench: rows in the unit of the published number, its own stream, the citations of all that was used."""

from __future__ import annotations

import pytest

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
