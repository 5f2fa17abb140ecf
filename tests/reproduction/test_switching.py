"""Open-loop switching, small: figures of merit from traces, within what so few cells allow."""

from __future__ import annotations

import math

import pytest

import tolerances
from ohmnia.experiments.switching import switching
from ohmnia.technology import Technology

CELLS, ARRAYS = 32, 8


@pytest.fixture(scope="module")
def rows(technology: Technology) -> dict[str, float]:
    found = switching(technology, seed=9, cells=CELLS, arrays=ARRAYS)
    return {row.id.removeprefix("switching."): row.simulated for row in found.rows if row.simulated is not None}


@pytest.mark.parametrize(
    ("name", "published", "spread"), [("states_mean", 22, 4.2), ("skew_mean", 61, 6.8), ("noise_mean", 90, 12.5)]
)
def test_means_of_the_figures_of_merit(rows: dict[str, float], name: str, published: float, spread: float) -> None:
    # Cells spread by 19 %, 6.8 and 12.5 points, of which the noise of 400 pulses is a part.
    assert abs(rows[name] - published) < 0.1 * published + tolerances.of_mean(spread, CELLS * ARRAYS)


def test_steps_up_and_down_are_equal_where_a_cell_settles(rows: dict[str, float]) -> None:
    # A cell that does not drift away over 400 pulses has equal mean steps, up to its way over that time, 85 uS at most.
    assert abs(rows["set_step"] - rows["reset_step"]) < 85 / 200 / math.sqrt(CELLS * ARRAYS) * tolerances.ERRORS


def test_ends_of_the_ramps_are_the_bounds(rows: dict[str, float]) -> None:
    # Noise in proportion to the step dies out at the bounds: 95 and 10 uS.
    assert rows["g_max_lowest"] == pytest.approx(95.0, abs=0.5)
    assert rows["g_min_highest"] == pytest.approx(10.0, abs=0.5)
    assert 10 < rows["g_sp_lowest"] < rows["g_sp_highest"] < 95
