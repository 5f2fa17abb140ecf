"""Relaxation: what its rows hold, at sizes that take no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import variant
from ohmnia.experiments import Outcome
from ohmnia.experiments.relaxation import relaxation
from ohmnia.technology import Technology


@pytest.fixture(scope="module")
def outcome(technology: Technology) -> Outcome:
    return relaxation(technology, levels=4, cells=50, long_cells=200)


def test_parameters_that_are_given_back_are_marked(outcome: Outcome) -> None:
    rows = {row.id.removeprefix("relaxation."): row for row in outcome.rows}
    checks = {name for name, row in rows.items() if row.kind == "input check"}
    assert checks == {f"{kind}_{age}" for kind in ("mean", "sigma") for age in ("1s", "1h", "1d", "2d", "1w", "10y")}
    assert {name for name, row in rows.items() if row.extrapolated} == {"mean_10y", "sigma_10y"}
    assert set(rows) - checks == {"overlap_10min", "overlap_10min_counted", "error_1h", "sigma_deviation", "memory"}
    assert rows["error_1h"].published == pytest.approx(-0.68)


def test_the_same_seed_gives_the_same_rows(outcome: Outcome, technology: Technology) -> None:
    assert relaxation(technology, levels=4, cells=50, long_cells=200).rows == outcome.rows
    assert relaxation(technology, seed=1, levels=4, cells=50, long_cells=200).rows != outcome.rows


def test_a_technology_without_results_starts_in_mid_window_and_is_shown(tmp_path: Path) -> None:
    slower = variant(tmp_path, {"retention.mean_slope": (0.0, "uS")})
    found = relaxation(slower, levels=4, cells=50, long_cells=200)
    assert {row.ok for row in found.rows} == {None}
    means = [row.simulated for row in found.rows if row.id.startswith("relaxation.mean_")]
    # (9 + 88.2) / 2, and no drift: 200 cells know it to 1.24 / sqrt(200).
    assert means == pytest.approx([48.6] * 6, abs=4.5 * 1.24 / 200**0.5)
    for plot in found.plots:
        assert plot.draw().axes
