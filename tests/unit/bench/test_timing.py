"""Timings: order of the measurements, medians, spread, and ratios pair by pair. Nothing here judges a time."""

from __future__ import annotations

import pytest

from ohmnia.bench import timing
from ohmnia.bench.timing import Timing, alone, in_turn, load, once, ratio


def test_median_spread_and_scale() -> None:
    times = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert times.median == 3.0
    assert times.spread == pytest.approx((4.0 - 2.0) / 2 / 3.0)
    assert times.scaled(10.0).median == 30.0
    assert Timing((5.0,)).spread == 0.0


def test_ratio_is_taken_pair_by_pair() -> None:
    # A machine that slows both sides down alike for a while leaves the ratio as it is.
    assert ratio(Timing((1.0, 10.0, 1.0)), Timing((3.0, 30.0, 3.0))) == pytest.approx(3.0)
    assert ratio(Timing((1.0, 1.0, 1.0)), Timing((2.0, 4.0, 9.0))) == 4.0


def test_both_sides_run_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LEAST_SECONDS", 0.0)
    log: list[str] = []
    between: list[bool] = []
    own, other = in_turn(lambda: log.append("own"), lambda: log.append("other"), 3, between.append)
    assert log == ["own", "own", "other", "other", *["own", "other"] * 3]
    assert between == [False, True] * 4
    assert len(own.seconds) == len(other.seconds) == 3


def test_short_work_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "warm", lambda run: 4)
    runs: list[int] = []
    measured = alone(lambda: runs.append(1), 2)
    # One more run before each measurement, outside of it.
    assert len(runs) == 2 * 5
    assert all(seconds > 0 for seconds in measured.seconds)
    assert once(lambda: None, 1) >= 0


def test_load_is_a_load_average() -> None:
    assert load() >= 0
