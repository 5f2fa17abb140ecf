"""Cells that were left alone: their errors, their memory."""

from __future__ import annotations

import numpy as np

from ohmnia.experiments._relaxed import SHORT_AGES, TEN_MINUTES, Relaxed, memory


def test_ages_rise_and_hold_ten_minutes() -> None:
    assert list(SHORT_AGES) == sorted(SHORT_AGES)
    assert SHORT_AGES[TEN_MINUTES] == 600.0


def test_errors_are_distances_from_the_target() -> None:
    trace = np.array([[[1.0, 2.0], [5.0, 5.0]], [[0.0, 1.0], [4.0, 3.0]]])
    found = Relaxed(np.array([1.0, 4.0]), trace[0], np.array([1.0, 2.0]), trace)
    np.testing.assert_array_equal(found.error_siemens, [[[0.0, 1.0], [1.0, 1.0]], [[-1.0, 0.0], [0.0, -1.0]]])


def test_memory_of_a_random_walk_and_of_cells_without_one() -> None:
    rng, cells = np.random.default_rng(0), 20_000
    steps = rng.normal(size=(3, 1, cells)) * np.array([1.0, 2.0, 3.0])[:, None, None]
    age = np.array([1.0, 2.0, 3.0])
    for trace, expected in ((steps.cumsum(0), True), (steps, False)):
        correlation, ratio = memory(Relaxed(np.zeros(1), np.zeros((1, cells)), age, trace))
        assert len(correlation) == len(ratio) == 3
        # 4.5 standard errors of a correlation.
        assert (float(np.abs(correlation - ratio).max()) < 4.5 / cells**0.5) is expected
