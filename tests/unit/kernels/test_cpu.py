"""The compiled member: the contract, and the moments of its own normals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from contracts.kernel_member import KernelMemberContract
from helpers import SIGMAS
from ohmnia.kernels import Converter
from ohmnia.kernels._cpu import Cpu
from ohmnia.kernels._rows import DENSE, HITS
from ohmnia.random import Stream, normal


class TestCpu(KernelMemberContract):
    own = Cpu()


class TestDense(KernelMemberContract):
    own = Cpu(DENSE)


class TestHits(KernelMemberContract):
    own = Cpu(HITS)


def draws(samples: int, lines: int, key: tuple[int, int], counters: np.ndarray) -> np.ndarray:
    """The member's own normals, seen through an ideal converter."""
    zeros, ones = np.zeros((samples, lines), np.float32), np.ones((samples, lines), np.float32)
    y, _ = Cpu().convert(zeros, ones, Converter(1e9, 0.0, 0.0), key, counters, np.ones(samples, np.float32))
    return y.astype(np.float64)


def test_normals_are_those_of_the_stream() -> None:
    # The last counter is the largest whose double still fits 32 bits.
    counters = np.array([0, 1, 77, 2**31 - 1])
    expected = normal(Stream(2**32 - 1, 12345), torch.arange(50)[None, :], torch.from_numpy(counters)[:, None]).numpy()
    np.testing.assert_allclose(draws(4, 50, (2**32 - 1, 12345), counters), expected, rtol=1e-6, atol=1e-7)


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
