"""Normals in compiled loops: those of the stream, to float32."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ohmnia.kernels import _cpu_normals as compiled

EDGES = [0, 1, 2, 77, 2**16, 2**31 - 2, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1]
RNG = np.random.default_rng(0)


def test_logarithm() -> None:
    for x in (1e-30, 1e-9, 0.1, 0.5, math.sqrt(0.5), 0.999, 1.0, 1.001, math.sqrt(2), 2.0, 95.0, 3e30):
        exact = math.log(float(np.float32(x)))
        assert abs(float(compiled.log(np.float32(x))) - exact) <= 1.2e-7 * max(abs(exact), 1.0)


def test_a_normal_is_the_quantile_of_its_word() -> None:
    chosen = [*EDGES, *RNG.integers(0, 2**32, 2000).tolist(), *RNG.integers(0, 2**12, 200).tolist()]
    folded = torch.tensor([min(word, 2**32 - 1 - word) for word in chosen], dtype=torch.float64)
    exact = torch.special.ndtri((folded + 0.5) / 2**32).numpy() * np.where(np.array(chosen) >= 2**31, -1.0, 1.0)
    own = np.array([float(compiled.quantile(np.uint32(word))) for word in chosen])
    np.testing.assert_allclose(own, exact, rtol=1e-6, atol=0)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 24, 37])
def test_a_look_up_takes_the_places_that_are_asked_for_and_no_other(count: int) -> None:
    table, found = RNG.normal(size=4096).astype(np.float32), np.full(40, np.nan, np.float32)
    index = RNG.integers(0, 4096, 40).astype(np.uint32)
    index[:2] = 0, 4095
    # Beyond `count` there may be anything, such as places that the table does not have.
    index[count:] = 2**32 - 1
    compiled.look_up(table, index, np.uint64(count), found)
    np.testing.assert_array_equal(found[:count], table[index[:count]])
    assert np.isnan(found[count:]).all()
