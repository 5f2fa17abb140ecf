"""Cell-to-cell variation: the moments that the laws build on."""

from __future__ import annotations

import math

import pytest
import torch

import tolerances
from ohmnia.device.variation import log_normal_factor, normal_spread
from ohmnia.random import Stream

STREAM = Stream.root(23)
CELLS = 100_000


@pytest.mark.parametrize(("mean", "sigma"), [(3.17, 0.075), (0.61, 0.06), (-2.0, 5.0)])
def test_normal_spread_has_its_mean_and_deviation(mean: float, sigma: float) -> None:
    values = normal_spread((CELLS,), mean, sigma, STREAM)
    assert abs(float(values.mean()) - mean) < tolerances.of_mean(sigma, CELLS)
    assert abs(float(values.std()) - sigma) < tolerances.of_sigma(sigma, CELLS)
    z = (values - mean) / sigma
    # Standard errors of the third and fourth moment of N(0, 1).
    assert abs(float((z**3).mean())) < tolerances.of_mean(math.sqrt(15.0), CELLS)
    assert abs(float((z**4).mean()) - 3.0) < tolerances.of_mean(math.sqrt(96.0), CELLS)


@pytest.mark.parametrize("sigma", [0.05, 0.175, 0.5])
def test_the_reciprocal_of_a_log_normal_factor_has_mean_one(sigma: float) -> None:
    factor = log_normal_factor((CELLS,), sigma, STREAM)
    # 1 / f = exp(-sigma xi - sigma**2 / 2) has the variance exp(sigma**2) - 1.
    spread = math.sqrt(math.expm1(sigma**2))
    assert abs(float((1.0 / factor).mean()) - 1.0) < tolerances.of_mean(spread, CELLS)
    assert abs(float(factor.log().std()) - sigma) < tolerances.of_sigma(sigma, CELLS)
    # E[f] = exp(sigma**2): the mean step is larger than the step of the mean cell.
    mean = math.exp(sigma**2)
    assert abs(float(factor.mean()) - mean) < tolerances.of_mean(mean * spread, CELLS)


def test_no_spread_is_the_mean_itself() -> None:
    assert torch.equal(normal_spread((5,), 0.61, 0.0, STREAM), torch.full((5,), 0.61, dtype=torch.float64))
    assert torch.equal(log_normal_factor((5,), 0.0, STREAM), torch.ones(5, dtype=torch.float64))


@pytest.mark.parametrize("draw", [lambda s, st: normal_spread(s, 1.0, 0.1, st), lambda s, st: log_normal_factor(s, 0.1, st)])
def test_shape_and_stream_decide_the_numbers(draw) -> None:
    table = draw((4, 6), STREAM)
    assert table.shape == (4, 6)
    assert table.dtype == torch.float64
    assert torch.equal(table.flatten(), draw((24,), STREAM))
    assert not torch.equal(table, draw((4, 6), STREAM.child("other")))
    assert len(table.unique()) == 24
