"""The compiled read path: the contract, the moments of its own normals, and bits that no thread changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from contracts.kernel_read import CONVERTERS, KEY, KernelReadContract, make_read
from helpers import SIGMAS
from ohmnia.kernels import Converter, Converters, member
from ohmnia.random import Stream, quantile_normal

CPU = member("cpu")


class TestCpuRead(KernelReadContract):
    own = CPU


def draws(samples: int, lines: int, key: tuple[int, int], counters: np.ndarray) -> np.ndarray:
    """The member's own normals, seen through an ideal converter."""
    zeros, ones = np.zeros((samples, lines), np.float32), np.ones((samples, lines), np.float32)
    y, _ = CPU.convert(zeros, ones, Converter(1e9, 0.0, 0.0), key, counters, np.ones(samples, np.float32))
    return y.astype(np.float64)


def test_normals_are_those_of_the_stream() -> None:
    counters = np.array([0, 1, 77, 2**32 - 1])
    expected = quantile_normal(Stream(2**32 - 1, 12345), torch.arange(50)[None, :], torch.from_numpy(counters)[:, None]).numpy()
    np.testing.assert_allclose(draws(4, 50, (2**32 - 1, 12345), counters), expected, rtol=1e-6, atol=0)


def test_normals_have_the_moments_of_a_normal_law() -> None:
    count = 500 * 400
    xi = draws(500, 400, (3, 4), np.arange(500)).ravel()
    # Var of the k-th power: 1, 2, 15, 96.
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((xi**power).mean() - mean) < SIGMAS * math.sqrt(variance / count)
    share = math.erfc(3 / math.sqrt(2))
    assert abs((np.abs(xi) > 3).mean() - share) < SIGMAS * math.sqrt(share / count)


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbouring_counters_are_uncorrelated(axis: int) -> None:
    xi = draws(500, 400, (3, 4), np.arange(500))
    near, far = np.take(xi, range(xi.shape[axis] - 1), axis), np.take(xi, range(1, xi.shape[axis]), axis)
    assert abs((near * far).mean()) < SIGMAS / math.sqrt(near.size)
    assert abs((near**2 * far**2).mean() - 1) < SIGMAS * math.sqrt(8 / near.size)


def test_same_call_same_bits() -> None:
    x, weights, variance = make_read()
    path = Converters(1 / 63, CONVERTERS[2], 4)
    assert len({CPU.read(x, weights, variance, path, KEY).outputs.tobytes() for _ in range(3)}) == 1
