"""Numbers of a run as people read them: points, accuracies over time, rows of a summary; curves as checked arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from ohmnia._errors import InvalidValueError
from ohmnia._units import DURATIONS, MICRO, seconds
from ohmnia.lifecycle.record import CURVES, Results
from ohmnia.technology import Quantity, Technology

RANGES = ("ar0.2", "ar2")
_UNIT_WORDS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_PULSES = "pulses_per_cell."


@final
@dataclass(frozen=True, slots=True)
class AccuracyAt:
    """Accuracies (fractions) of both chips at one time after their last write.

    Parameters
    ----------
    time
        As the scenario names it, e.g. "10y".
    age_seconds
        The same in seconds.
    learned_raw, learned_compensated
        The chip that learned, as read and with digital drift compensation.
    transferred_raw, transferred_compensated
        The chip that the floating-point network was programmed onto.
    """

    time: str
    age_seconds: float
    learned_raw: float
    learned_compensated: float
    transferred_raw: float
    transferred_compensated: float


def metric(metrics: Mapping[str, float], name: str) -> float:
    """One number of a run.

    Raises
    ------
    InvalidValueError
        The run does not hold it.
    """
    if name not in metrics:
        raise InvalidValueError(
            f"The results hold no metric '{name}': the run is unfinished, or of another version. Run it again."
        )
    return float(metrics[name])


def series(results: Results, name: str) -> Float[np.ndarray, "*shape"]:
    """One curve of a run, with the dimensions that `CURVES` gives it.

    Returns
    -------
    numpy.ndarray
        float64, in the unit of `CURVES`.

    Raises
    ------
    InvalidValueError
        The run does not hold it, or holds it with other dimensions.
    """
    if name not in results.curves:
        raise InvalidValueError(
            f"The results hold no curve '{name}': the run is unfinished, or of another version. Run it again."
        )
    try:
        values = np.asarray(results.curves[name], dtype=np.float64)
    except ValueError:
        values = np.empty(0)
    dimensions = CURVES[name][0]
    if values.ndim != len(dimensions) or not values.size:
        raise InvalidValueError(f"The curve '{name}' must be a filled array over ({', '.join(dimensions)}).")
    return values


def published_iterations(technology: Technology) -> dict[str, Quantity]:
    """Mean iterations that a technology's paper found, by acceptance range as in `RANGES`; only those that it lists."""
    named = {key: technology.results.get(f"iterations_{key.replace('.', '_')}") for key in RANGES}
    return {key: found for key, found in named.items() if found is not None}


def percent(fraction: float) -> str:
    """A fraction as "97.2 %"."""
    return f"{100 * fraction:.1f} %"


def points_below(value: float, reference: float) -> float:
    """How many percentage points an accuracy lies below another (fractions); negative where it lies above."""
    return 100.0 * (reference - value)


def points_text(value: float, reference: float, name: str = "floating point") -> str:
    """The difference of two accuracies in words, e.g. "0.6 points above floating point"."""
    below = round(points_below(value, reference), 1)
    if below == 0:
        return f"equal to {name}"
    size = f"{abs(below):.1f} {'point' if abs(below) == 1 else 'points'}"
    return f"{size} {'below' if below > 0 else 'above'} {name}"


def standard_error(fraction: float, samples: int) -> float:
    """Standard error (a fraction) of an accuracy that was counted on `samples` images."""
    return (fraction * (1.0 - fraction) / samples) ** 0.5


def _split_duration(time: str) -> tuple[float, str]:
    seconds(time)
    text = time.strip()
    unit = text.lstrip("0123456789.eE+- ")
    return float(text.removesuffix(unit)), unit


def duration_words(time: str) -> str:
    """A duration in words: "10y" is "10 years"."""
    number, unit = _split_duration(time)
    return f"{number:g} {_UNIT_WORDS[unit]}{'' if number == 1 else 's'}"


def seconds_words(value: float) -> str:
    """A number of seconds in words and in the largest unit that it reaches: 604800 is "1 week"."""
    unit = max((name for name, size in DURATIONS.items() if size <= value), key=DURATIONS.__getitem__, default="s")
    return duration_words(f"{value / DURATIONS[unit]:.3g}{unit}")


def times(metrics: Mapping[str, float]) -> list[str]:
    """Names of the times at which the learned chip was looked at, rising."""
    prefix, suffix = "infer_accuracy.", ".raw"
    names = [key[len(prefix) : -len(suffix)] for key in metrics if key.startswith(prefix) and key.endswith(suffix)]
    if not names:
        metric(metrics, f"{prefix}<time>{suffix}")
    return sorted(names, key=seconds)


def accuracy_over_time(metrics: Mapping[str, float], names: list[str] | None = None) -> list[AccuracyAt]:
    """Decode the metric keys into one record for each time.

    Parameters
    ----------
    metrics
        Of a run.
    names
        The times that must be there; None: those of the metrics.

    Raises
    ------
    InvalidValueError
        A number is missing.
    """
    rows = []
    for time in times(metrics) if names is None else names:
        keys = [f"{chip}_accuracy.{time}.{kind}" for chip in ("infer", "transfer") for kind in ("raw", "compensated")]
        rows.append(AccuracyAt(time, seconds(time), *(metric(metrics, key) for key in keys)))
    return rows


def pulses_per_cell(metrics: Mapping[str, float]) -> dict[str, float]:
    """Mean open-loop pulses of a cell while the first task was learned, by name of the array.

    Raises
    ------
    InvalidValueError
        The run counted none.
    """
    found = {key.removeprefix(_PULSES): float(value) for key, value in sorted(metrics.items()) if key.startswith(_PULSES)}
    if not found:
        metric(metrics, f"{_PULSES}slow")
    return found


def summary_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """The results of a run as (label, value, note), for a table.

    Raises
    ------
    InvalidValueError
        A number is missing.
    """
    return [*_accuracy_rows(metrics), *_relearn_rows(metrics), *_device_rows(metrics)]


def _accuracy_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    software, learned = metric(metrics, "fp_accuracy"), metric(metrics, "learn_accuracy")
    programmed, last = metric(metrics, "transfer_accuracy.programmed"), accuracy_over_time(metrics)[-1]
    after = f"after {duration_words(last.time)}"
    return [
        ("Floating point", percent(software), "the same network in software"),
        ("Learned on the chip", percent(learned), points_text(learned, software)),
        (f"  {after}", percent(last.learned_raw), points_text(last.learned_raw, software)),
        (f"  {after}, compensated", percent(last.learned_compensated), points_text(last.learned_compensated, software)),
        ("Transferred to a chip", percent(programmed), points_text(programmed, software)),
        (f"  {after}", percent(last.transferred_raw), points_text(last.transferred_raw, software)),
        (f"  {after}, compensated", percent(last.transferred_compensated), points_text(last.transferred_compensated, software)),
    ]


def _relearn_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    again, software = metric(metrics, "relearn_accuracy"), metric(metrics, "relearn_fp_accuracy")
    before, software_before = metric(metrics, "relearn_before_accuracy"), metric(metrics, "relearn_fp_before_accuracy")
    return [
        ("Changed task, aged chip", percent(before), f"before it learns again; floating point: {percent(software_before)}"),
        ("  learned again", percent(again), points_text(again, software)),
        ("  floating point", percent(software), "the same network in software, trained on"),
    ]


def _device_rows(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    rows = []
    for key in RANGES:
        sigma = metric(metrics, f"programming_sigma_siemens.{key}") / MICRO
        pulses, failed = (metric(metrics, f"programming_{name}.{key}") for name in ("iterations", "failed_fraction"))
        note = f"{pulses:.1f} pulses a cell" + (f"; {100 * failed:.2g} % of the cells failed" if failed else "")
        rows.append((f"Programming error at 50 µS, range {key[2:]} %", f"{sigma:.3f} µS", note))
    for name, pulses in pulses_per_cell(metrics).items():
        rows.append((f"Pulses a cell, {name} array", f"{pulses:,.0f}", "open loop, first task"))
    return rows
