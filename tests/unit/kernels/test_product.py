"""Products: both directions against float64, for sizes on either side of every block, within the rounding of float32 sums."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels._product import product, product_transposed

# One sample, one five, five and a rest, several blocks of samples; rows by two and by eight, with rests; empty ones.
SIZES = [(1, 1, 1), (5, 2, 16), (7, 9, 33), (10, 24, 784), (13, 17, 1), (403, 3, 900), (0, 4, 5), (3, 0, 5), (3, 4, 0)]
# |error| <= n 2**-24 sum |a b| for any order of n terms.
ROUNDING = 2.0**-24


def matrices(samples: int, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(samples + rows + cols)
    shapes = (samples, cols), (rows, cols), (samples, rows)
    x, weights, d = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, weights, d


@pytest.mark.parametrize(("samples", "rows", "cols"), SIZES)
def test_products_are_exact_but_for_rounding(samples: int, rows: int, cols: int) -> None:
    x, weights, d = matrices(samples, rows, cols)
    y, back = np.full((samples, rows), np.nan, np.float32), np.full((samples, cols), np.nan, np.float32)
    product(x, weights, y)
    product_transposed(d, weights, back)
    for found, left, right in ((y, x, weights.T), (back, d, weights)):
        exact = left.astype(np.float64) @ right.astype(np.float64)
        most = (left.shape[1] + 1) * ROUNDING * (np.abs(left).astype(np.float64) @ np.abs(right).astype(np.float64))
        assert (np.abs(found - exact) <= most).all()


def test_small_whole_numbers_are_exact() -> None:
    rng = np.random.default_rng(0)
    x, weights = (rng.integers(-9, 10, shape).astype(np.float32) for shape in ((12, 70), (11, 70)))
    y, back = np.empty((12, 11), np.float32), np.empty((12, 70), np.float32)
    product(x, weights, y)
    product_transposed(y, weights, back)
    assert np.array_equal(y, x @ weights.T)
    assert np.array_equal(back, y @ weights)


def test_a_sample_does_not_depend_on_its_place_in_memory() -> None:
    x, weights, _ = matrices(10, 24, 784)
    results = []
    for shift in range(4):
        memory = np.empty(x.size + shift, np.float32)
        own = memory[shift:].reshape(x.shape)
        own[:] = x
        y = np.empty((10, 24), np.float32)
        product(own, weights, y)
        results.append(y.tobytes())
    assert len(set(results)) == 1
