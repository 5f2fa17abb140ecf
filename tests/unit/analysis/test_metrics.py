"""Metric keys become tables, rows and words; nothing that is missing is made up."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.analysis import AccuracyAt, accuracy_over_time, points_below, pulses_per_cell, series, summary_rows
from ohmnia.analysis.metrics import (
    duration_words,
    metric,
    percent,
    points_text,
    seconds_words,
    standard_error,
    times,
)
from ohmnia.lifecycle import Results


def test_points_are_positive_below_and_negative_above() -> None:
    assert points_below(0.95, 0.97) == pytest.approx(2.0)
    assert points_below(0.98, 0.97) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.95, "2.0 points below floating point"),
        (0.98, "1.0 point above floating point"),
        (0.9703, "equal to floating point"),
        (0.9689, "0.1 points below floating point"),
    ],
)
def test_points_in_words(value: float, text: str) -> None:
    assert points_text(value, 0.97) == text


def test_percent_rounds_to_a_tenth() -> None:
    assert percent(0.97222) == "97.2 %"


def test_standard_error_is_the_binomial_one() -> None:
    draws = np.random.default_rng(1).binomial(360, 0.9, 200_000) / 360
    # The standard deviation of 200,000 draws is known to 1 / sqrt(2 * 200,000), 0.16 %.
    assert standard_error(0.9, 360) == pytest.approx(draws.std(), rel=0.01)
    assert standard_error(1.0, 360) == 0.0


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("10y", "10 years"),
        ("1mo", "1 month"),
        ("1.5 h", "1.5 hours"),
        ("1e3s", "1000 seconds"),
        ("2w", "2 weeks"),
        ("30min", "30 minutes"),
    ],
)
def test_durations(time: str, words: str) -> None:
    assert duration_words(time) == words


def test_a_duration_of_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="fortnight"):
        duration_words("1fortnight")


@pytest.mark.parametrize(
    ("value", "words"), [(604800.0, "1 week"), (0.5, "0.5 seconds"), (86400.0, "1 day"), (90.0, "1.5 minutes")]
)
def test_seconds_in_words(value: float, words: str) -> None:
    assert seconds_words(value) == words


def test_accuracy_over_time_takes_each_number_from_its_own_key(results: Results) -> None:
    rows = accuracy_over_time(results.metrics)
    assert [row.time for row in rows] == ["1s", "1.5h", "10y"]
    assert rows[1] == AccuracyAt("1.5h", 5400.0, 0.94, 0.95, 0.938, 0.948)


def test_times_rise_however_the_keys_are_sorted(results: Results) -> None:
    shuffled = dict(sorted(results.metrics.items(), reverse=True))
    assert times(shuffled) == ["1s", "1.5h", "10y"]


def test_a_time_that_was_asked_for_and_is_missing_is_refused(results: Results) -> None:
    with pytest.raises(InvalidValueError, match=r"infer_accuracy\.1d\.raw"):
        accuracy_over_time(results.metrics, ["1s", "1d"])


def test_no_times_at_all_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="infer_accuracy"):
        times({"fp_accuracy": 0.9})


def test_summary_holds_the_main_numbers(results: Results) -> None:
    rows = summary_rows(results.metrics)
    assert ("Learned on the chip", "96.4 %", "0.6 points below floating point") in rows
    assert ("  after 10 years, compensated", "94.5 %", "2.5 points below floating point") in rows
    assert ("  after 10 years, compensated", "94.3 %", "2.7 points below floating point") in rows
    assert ("  learned again", "93.0 %", "1.0 point below floating point") in rows
    assert ("Programming error at 50 µS, range 2 %", "0.573 µS", "12.0 pulses a cell") in rows
    assert ("Pulses a cell, fast array", "3,174", "open loop, first task") in rows


def test_summary_tells_of_cells_that_failed(results: Results) -> None:
    results.metrics["programming_failed_fraction.ar2"] = 0.0125
    notes = [note for _, _, note in summary_rows(results.metrics)]
    assert "12.0 pulses a cell; 1.2 % of the cells failed" in notes


def test_summary_of_a_rule_without_a_fast_array(results: Results) -> None:
    del results.metrics["pulses_per_cell.fast"]
    assert pulses_per_cell(results.metrics) == {"slow": 13.9}
    assert not any("fast" in label for label, _, _ in summary_rows(results.metrics))


@pytest.mark.parametrize(
    "key",
    [
        "fp_accuracy",
        "learn_accuracy",
        "infer_accuracy.10y.compensated",
        "transfer_accuracy.10y.raw",
        "transfer_accuracy.programmed",
        "relearn_accuracy",
        "relearn_before_accuracy",
        "relearn_fp_accuracy",
        "relearn_fp_before_accuracy",
        "programming_sigma_siemens.ar2",
        "programming_iterations.ar0.2",
        "programming_failed_fraction.ar2",
    ],
)
def test_a_missing_metric_is_refused_by_name(results: Results, key: str) -> None:
    del results.metrics[key]
    with pytest.raises(InvalidValueError, match=key.replace(".", r"\.")):
        summary_rows(results.metrics)


def test_no_pulses_are_refused(results: Results) -> None:
    kept = {key: value for key, value in results.metrics.items() if not key.startswith("pulses")}
    with pytest.raises(InvalidValueError, match="pulses_per_cell"):
        summary_rows(kept)


def test_metric_is_a_float() -> None:
    assert metric({"x": 1}, "x") == 1.0


def test_series_has_the_dimensions_of_its_curve(results: Results) -> None:
    assert series(results, "cells.learn").shape == (4, 12)
    assert series(results, "age").dtype == np.float64


@pytest.mark.parametrize("broken", [None, [], [1.0, 2.0], [[1.0, 2.0], [3.0]]])
def test_series_refuses_a_missing_or_misshapen_curve(results: Results, broken: list | None) -> None:
    if broken is None:
        del results.curves["cells.learn"]
    else:
        results.curves["cells.learn"] = broken
    with pytest.raises(InvalidValueError, match=r"cells\.learn"):
        series(results, "cells.learn")
