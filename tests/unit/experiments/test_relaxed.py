"""What cells that are left alone remember."""

from __future__ import annotations

import numpy as np

from ohmnia.experiments._relaxed import Relaxed, memory


def test_memory_of_a_random_walk_and_of_cells_without_one() -> None:
    rng, cells = np.random.default_rng(0), 20_000
    steps = rng.normal(size=(3, 1, cells)) * np.array([1.0, 2.0, 3.0])[:, None, None]
    age = np.array([1.0, 2.0, 3.0])
    for trace, expected in ((steps.cumsum(0), True), (steps, False)):
        correlation, ratio = memory(Relaxed(np.zeros(1), np.zeros((1, cells)), age, trace))
        assert len(correlation) == len(ratio) == 3
        # 4.5 standard errors of a correlation.
        assert (float(np.abs(correlation - ratio).max()) < 4.5 / cells**0.5) is expected
