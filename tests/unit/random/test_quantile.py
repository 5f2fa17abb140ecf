"""Normals by inversion: the quantile function of the words, its symmetry, its moments and its tails."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import kstest, norm

import tolerances
from ohmnia.random import Stream, quantile_normal, words

STREAM = Stream.root(4)
COUNT = 200_000


def test_a_number_is_the_quantile_of_its_word() -> None:
    word = words(STREAM, torch.arange(1000), 3)
    expected = torch.from_numpy(norm.ppf((word.double().numpy() + 0.5) / 2**32))
    torch.testing.assert_close(quantile_normal(STREAM, torch.arange(1000), 3), expected, rtol=1e-9, atol=1e-12)


def test_the_law_is_normal_tails_included() -> None:
    z = quantile_normal(STREAM, torch.arange(COUNT))
    assert kstest(z.numpy(), "norm").pvalue > 1e-5
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(float((z**power).mean()) - mean) < tolerances.of_mean(math.sqrt(variance), COUNT)
    for limit in (3.0, 4.0):
        share = math.erfc(limit / math.sqrt(2))
        assert abs(float((z.abs() > limit).double().mean()) - share) < tolerances.of_share(share, COUNT)


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbouring_counters_are_uncorrelated(axis: int) -> None:
    z = quantile_normal(STREAM, torch.arange(400)[:, None], torch.arange(500)[None, :])
    near, far = z.narrow(axis, 0, z.shape[axis] - 1), z.narrow(axis, 1, z.shape[axis] - 1)
    assert abs(float((near * far).mean())) < tolerances.of_correlation(near.numel())
    assert abs(float((near.abs() - near.abs().mean()).mul(far.abs()).mean())) < tolerances.of_mean(1.0, near.numel())
