"""Switching: what its rows hold, at sizes that take no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import variant
from ohmnia.experiments import Outcome
from ohmnia.experiments.switching import switching
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def outcome(technology: Technology) -> Outcome:
    return switching(technology, cells=8, arrays=3)


def test_means_are_judged_and_ranges_are_shown(outcome: Outcome) -> None:
    rows = {row.id.removeprefix("switching."): row for row in outcome.rows}
    assert {name for name, row in rows.items() if row.ok is not None} == {"states_mean", "skew_mean", "noise_mean"}
    assert [rows[name].published for name in ("states_mean", "skew_mean", "noise_mean")] == pytest.approx([22, 61, 90])
    for name in ("states", "skew", "noise", "g_max", "g_min", "g_sp"):
        low, high = (rows[f"{name}_{end}"] for end in ("lowest", "highest"))
        assert low.simulated is not None
        assert high.simulated is not None
        assert low.simulated <= high.simulated
    assert (rows["g_sp_lowest"].published, rows["g_sp_highest"].published) == pytest.approx((20, 45))
    assert rows["g_sp_lowest"].certainty == "low"


def test_one_array_has_no_spread_between_arrays(technology: Technology) -> None:
    rows = {row.id: row for row in switching(technology, cells=8, arrays=1).rows}
    assert rows["switching.g_sp_lowest"].standard_error is None


def test_the_same_seed_gives_the_same_rows(outcome: Outcome, technology: Technology) -> None:
    assert switching(technology, cells=8, arrays=3).rows == outcome.rows
    assert switching(technology, seed=5, cells=8, arrays=3).rows != outcome.rows


def test_a_technology_without_results_is_shown_and_its_own_numbers_come_out(tmp_path: Path) -> None:
    quiet = {"update.noise_to_signal": (5.0, "percent"), "update.noise_to_signal.spread": (0.0, "")}
    found = switching(
        variant(tmp_path, quiet | {"update.states": (60.0, "1"), "update.states.spread": (0.0, "")}), cells=8, arrays=2
    )
    rows = {row.id.removeprefix("switching."): row for row in found.rows}
    assert {row.ok for row in rows.values()} == {None}
    # Without noise that moves the cell, the definitions give the law's numbers back.
    assert rows["states_mean"].simulated == pytest.approx(60.0, rel=0.02)
    assert rows["noise_mean"].simulated == pytest.approx(5.0, rel=0.1)
    for plot in found.plots:
        assert plot.draw().axes
