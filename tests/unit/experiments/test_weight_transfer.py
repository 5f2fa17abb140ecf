"""Weight transfer: what its rows hold, at sizes that take no time."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from helpers import variant
from ohmnia.experiments import Outcome
from ohmnia.experiments.weight_transfer import weight_transfer
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def outcome(technology: Technology) -> Outcome:
    return weight_transfer(technology, levels=5, cells=40)


def test_rows_of_both_ranges(outcome: Outcome) -> None:
    rows = {row.id.removeprefix("weight-transfer."): row for row in outcome.rows}
    per_range = ("sigma_deviation", "sigma_slope", "sigma_offset", "iterations", "iterations_predicted", "failed", "overlap")
    names = {f"{name}_{key}" for name in per_range for key in ("ar0_2", "ar2")}
    assert set(rows) == names | {"least_programming_noise", "distinguishable_states"}
    assert all(row.kind == "derived" for row in rows.values())
    assert all(row.ok is not None or row.reason for row in rows.values())
    assert rows["iterations_ar0_2"].published == 89.0
    assert rows["sigma_deviation_ar2"].source.startswith("aihwkit2025, docs/img/reram_prog_plot.png")
    # Five levels are not more than 32 states.
    assert rows["distinguishable_states"].simulated == 5.0
    assert rows["distinguishable_states"].ok is False


def test_the_choices_name_what_is_assumed(outcome: Outcome) -> None:
    text = " ".join(outcome.choices)
    assert "Assumed, g high" in text
    assert "Assumed, step factor" in text
    assert {"aihwkit2025", "falcone2025"} <= outcome.citations


def test_the_same_seed_gives_the_same_rows(outcome: Outcome, technology: Technology) -> None:
    assert weight_transfer(technology, levels=5, cells=40).rows == outcome.rows
    other = weight_transfer(technology, seed=1, levels=5, cells=40)
    assert {row.simulated for row in other.rows} != {row.simulated for row in outcome.rows}


def test_a_technology_without_results_is_shown(tmp_path: Path) -> None:
    found = weight_transfer(variant(tmp_path, {"update.states": (44.0, "1")}), levels=5, cells=40)
    assert {row.ok for row in found.rows} == {None}
    assert all(row.published is None and row.reason for row in found.rows)
    for plot in found.plots:
        assert plot.draw().axes


def test_cells_that_never_arrive_are_counted_and_left_out(tmp_path: Path) -> None:
    found = weight_transfer(variant(tmp_path, {"programming.max_pulses": (100.0, "1")}), levels=3, cells=100)
    rows = {row.id.removeprefix("weight-transfer."): row.simulated for row in found.rows}
    failed, slope = rows["failed_ar0_2"], rows["sigma_slope_ar0_2"]
    assert failed is not None
    assert 5.0 < failed < 60.0
    # Those that arrived fill the range evenly all the same; cells out of the range would add microsiemens.
    assert slope == pytest.approx(0.002 / math.sqrt(3), rel=0.2)
