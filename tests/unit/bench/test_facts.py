"""The other results: that they are computed from what was counted. Times themselves are not judged."""

from __future__ import annotations

import pytest

from ohmnia import StateError
from ohmnia.bench import facts, timing
from ohmnia.bench.facts import BYTES_PER_PULSE, bytes_per_cell, compile_times, copy_bandwidth, growth, pulse_rates


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LEAST_SECONDS", 0.0)


def test_a_tile_in_training_holds_at_most_32_bytes_a_cell() -> None:
    assert bytes_per_cell(16) <= 32


def test_rates_follow_from_counts_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "copy_bandwidth", lambda: 1e9)
    rates = pulse_rates(16, 2)
    for name in ("update.dense", "update.sparse"):
        rate = rates[name]
        moved = min(rate["pulses"], 16**2) / rate["pulses"] * rate["pulses_per_second"]
        assert rate["share_of_bandwidth"] == pytest.approx(moved * BYTES_PER_PULSE / 1e9)
    # 31 slots, 32 samples; p = min(4.016 U(0, .3), 1) on both lines: mean .58 each.
    assert rates["update.dense"]["pulses"] / 16**2 / 32 / 31 == pytest.approx(0.58**2, rel=0.1)


def test_the_machine_is_named() -> None:
    found = facts.machine()
    assert found["cores"] >= 1 and found["processor"] and found["numba"][0].isdigit()


def test_bandwidth_is_positive() -> None:
    assert copy_bandwidth(1 << 16) > 0


def test_growth_has_a_row_for_each_side() -> None:
    rows = growth((8, 16), 1)
    assert [row["side"] for row in rows] == [8, 16]
    assert all(row["update_seconds_per_cell"] > 0 and row["read_seconds_per_cell"] > 0 for row in rows)


def test_compile_times_come_from_processes_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import os, pathlib; path = pathlib.Path(os.environ['NUMBA_CACHE_DIR'], 'x'); print(1.5 if path.exists() else 9.5); "
    monkeypatch.setattr(facts, "_COMPILE", script + "path.touch()")
    assert compile_times() == {"first_seconds": 9.5, "later_seconds": 1.5}
    monkeypatch.setattr(facts, "_COMPILE", "raise SystemExit('broken')")
    with pytest.raises(StateError, match="broken"):
        compile_times()


def test_the_compile_script_runs() -> None:
    compile(facts._COMPILE, "compile", "exec")
