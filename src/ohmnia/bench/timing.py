"""Measuring times: warm-up, pairs in turn, medians and spread."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

# A measurement lasts at least this long, by repeating short work.
LEAST_SECONDS = 0.01
BUSY_LOAD = 0.5


@final
@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one side, seconds a run, one for each measurement."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Middle time, seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles over the median."""
        if len(self.seconds) < 2:
            return 0.0
        lower, _, upper = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (upper - lower) / 2 / self.median

    def scaled(self, factor: float) -> Timing:
        """Every time multiplied."""
        return Timing(tuple(factor * value for value in self.seconds))


def warm(run: Callable[[], object]) -> int:
    """Run until everything is compiled and cached; returns how many runs make one measurement."""
    run()
    start = time.perf_counter()
    run()
    took = time.perf_counter() - start
    return max(1, math.ceil(LEAST_SECONDS / max(took, 1e-7)))


def once(run: Callable[[], object], count: int) -> float:
    """Mean seconds of `count` runs in a row; short work runs once more before, so that the caches are its own."""
    if count > 1:
        run()
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


def alone(run: Callable[[], object], repeats: int) -> Timing:
    """Times of one side, warmed up."""
    count = warm(run)
    return Timing(tuple(once(run, count) for _ in range(repeats)))


def in_turn(
    own: Callable[[], object], other: Callable[[], object], pairs: int, between: Callable[[bool], None]
) -> tuple[Timing, Timing]:
    """Times of two sides, measured in turn (own, other, own, other, …) after both are warm.

    Parameters
    ----------
    own, other
        Their work.
    pairs
        Measurements of each.
    between
        Called before each measurement, outside of it: true before `other`, to set the threads.
    """
    times: tuple[list[float], list[float]] = ([], [])
    counts = []
    for side, run in enumerate((own, other)):
        between(side == 1)
        counts.append(warm(run))
    for _ in range(pairs):
        for side, run in enumerate((own, other)):
            between(side == 1)
            times[side].append(once(run, counts[side]))
    return Timing(tuple(times[0])), Timing(tuple(times[1]))


def ratio(own: Timing, other: Timing) -> float:
    """Median over pairs of the other's time over ours."""
    return statistics.median(theirs / ours for ours, theirs in zip(own.seconds, other.seconds, strict=True))


def load() -> float:
    """Load average of the last minute."""
    return os.getloadavg()[0]
