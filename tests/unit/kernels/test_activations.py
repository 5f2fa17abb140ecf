"""Compiled functions between layers, against float64: values, gradients by their definition, ends, and NaN."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels import IDENTITY, RELU, SIGMOID, TANH
from ohmnia.kernels._activations import activate, exponential, go_back

EXACT = {
    IDENTITY: lambda x: x,
    SIGMOID: lambda x: 1.0 / (1.0 + np.exp(-x)),
    TANH: np.tanh,
    RELU: lambda x: np.maximum(x, 0.0),
}
SLOPES = {
    IDENTITY: np.ones_like,
    SIGMOID: lambda x: np.exp(-x) / (1.0 + np.exp(-x)) ** 2,
    TANH: lambda x: 1.0 / np.cosh(x) ** 2,
    RELU: lambda x: (x > 0).astype(float),
}
GRID = np.concatenate([np.linspace(-85, 85, 20001), np.linspace(-1, 1, 20001), np.geomspace(1e-30, 1, 999)]).astype(np.float32)


def test_the_exponential_is_good_to_the_rounding_of_its_result() -> None:
    found = np.array([exponential(x) for x in GRID[::7]])
    assert np.abs(found / np.exp(GRID[::7].astype(np.float64)) - 1.0).max() < 2e-7
    assert exponential(np.float32(1000.0)) == exponential(np.float32(87.0)) < np.inf
    assert exponential(np.float32(-1000.0)) == exponential(np.float32(-87.0)) > 0.0


@pytest.mark.parametrize("code", EXACT)
def test_functions_and_their_slopes(code: int) -> None:
    y, d = GRID.copy(), np.ones_like(GRID)
    activate(code, y)
    go_back(code, y, d)
    x = GRID.astype(np.float64)
    np.testing.assert_allclose(y, EXACT[code](x), rtol=3e-7)
    # A slope is made of the result, whose rounding counts where it is near an end.
    np.testing.assert_allclose(d, SLOPES[code](x), rtol=1e-6, atol=1.2e-7)


@pytest.mark.parametrize("code", EXACT)
def test_nan_stays_nan(code: int) -> None:
    y = np.array([0.5, np.nan, -0.5], np.float32)
    activate(code, y)
    assert np.isnan(y).tolist() == [False, True, False]
