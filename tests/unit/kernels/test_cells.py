"""Single pulses: the law that the reference takes from `device`, in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ohmnia.device.update.soft_bounds import pulse
from ohmnia.kernels._cells import count, find_hits, pulses
from ohmnia.random import Stream, normal_table, table_normal

TABLE = normal_table().numpy()


@pytest.mark.parametrize("multiplicative", [True, False])
@pytest.mark.parametrize("exponents", [(1.0, 1.0), (1.3, 0.7), (0.0, 0.0)])
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("start", [-0.4, 0.1, 0.9, 1.6])
def test_pulses_follow_the_law(multiplicative: bool, exponents: tuple[float, float], up: bool, start: float) -> None:
    # Step up and down, bounds, noise; the outer starts are beyond the bounds, where a pulse comes back or stays.
    row = np.array([0.1, 0.07, -0.3, 1.5, 0.4 if multiplicative else 0.03], np.float32)
    conductance, linear = np.array([0.0, start], np.float32), exponents == (1.0, 1.0)
    parameters = np.repeat(row, 2)
    pulses(conductance, parameters, 1, up, 6, 5, 11, 12, (multiplicative, linear, *exponents), TABLE)
    expected = torch.tensor(float(np.float32(start)), dtype=torch.float64)
    for n in range(5):
        xi = table_normal(Stream(11, 12), 1, 6 + n)
        expected = pulse(expected, 1 if up else -1, torch.from_numpy(row).double(), xi, multiplicative, exponents)
    assert conductance[1] == pytest.approx(float(expected), rel=2e-6)
    assert conductance[0] == 0.0


@pytest.mark.parametrize("parts", [1, 3])
def test_counts_and_hits_are_those_of_the_words(parts: int) -> None:
    rng = np.random.default_rng(parts)
    row, words = (rng.integers(0, 2**32, size, dtype=np.uint32) for size in (parts, (parts, 70)))
    row &= rng.integers(0, 2**32, parts, dtype=np.uint32) & np.uint32(0x11111111)
    both = np.bitwise_count(words & row[:, None]).sum(0)
    counts, hits = np.zeros(70, np.uint32), np.zeros(71, np.uint32)
    most, total = count(row, words.ravel(), np.uint64(0), np.uint64(70), np.uint64(70), counts)
    assert (most, total) == (both.max(), both.sum())
    assert counts.tolist() == both.tolist()
    found = find_hits(row, words.ravel(), np.uint64(0), np.uint64(70), np.uint64(70), hits)
    assert hits[: int(found)].tolist() == np.flatnonzero(both).tolist()
