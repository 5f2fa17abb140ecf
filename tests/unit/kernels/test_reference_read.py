"""The reference read path alone: ranges, steps, repetitions, and where its noise comes from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ohmnia.kernels import Converter, Converters
from ohmnia.kernels import _reference_read as reference
from ohmnia.random import Stream, quantile_normal

READ_KEY = (51, 52)
QUIET = Converters(0.0, Converter(3.0, 0.0, 0.0), 4)


def test_drive_fills_the_range_of_each_vector() -> None:
    x = np.array([[0.5, -2.0, 0.7], [0, 0, 0], [3, 1.5, -0.1]], dtype=np.float32)
    driven, scale = reference.drive(x, 0.0, 1.0)
    assert scale.tolist() == [2.0, 0.0, 3.0]
    assert driven == pytest.approx(x / np.array([[2], [1], [3]]), rel=1e-6)
    driven, scale = reference.drive(x, 0.1, 2.0)
    assert scale.tolist() == [4.0, 0.0, 6.0]
    assert driven == pytest.approx(np.array([[0.1, -0.5, 0.2], [0, 0, 0], [0.5, 0.2, 0.0]]), rel=1e-6)
    assert driven.dtype == scale.dtype == np.float32


def test_convert_rounds_limits_and_rescales() -> None:
    z = np.array([[0.04, -0.16, 0.9, -0.3], [0.24, 0.1, 0.0, 0.0]], dtype=np.float32)
    scale, counters = np.array([2, 4], dtype=np.float32), np.array([5, 9])
    y, beyond = reference.convert(z, np.zeros_like(z), Converter(0.25, 0.1, 0.0), READ_KEY, counters, scale)
    assert y == pytest.approx(np.array([[0, -0.4, 0.5, -0.5], [0.8, 0.4, 0, 0]]), rel=1e-6)
    assert beyond.tolist() == [2, 0]
    assert (y.dtype, beyond.dtype) == (np.float32, np.int64)


def test_convert_draws_the_noise_of_line_and_counter() -> None:
    z, variance = np.zeros((2, 3), dtype=np.float32), np.array([[0.16] * 3, [0.0] * 3], dtype=np.float32)
    counters = np.array([5, 9])
    y, _ = reference.convert(z, variance, Converter(10.0, 0.0, 0.3), READ_KEY, counters, np.ones(2, dtype=np.float32))
    xi = quantile_normal(Stream(*READ_KEY), torch.arange(3)[None, :], torch.tensor([[5], [9]])).numpy()
    assert y == pytest.approx(np.array([[0.5], [0.3]]) * xi, rel=1e-5)


def read(x: np.ndarray, weights: np.ndarray, path: Converters = QUIET, variance: np.ndarray | None = None):
    return reference.read(x.astype(np.float32), weights.astype(np.float32), variance, path, READ_KEY)


def test_bound_management_repeats_only_what_saturates_with_half_the_input() -> None:
    # Sums of 10, 1 and 5 against a range of 3: two halvings, none, one.
    x = np.array([[1.0, 1.0], [1.0, 0.1], [1.0, 0.5]])
    weights = np.array([[0.0, 10.0]])
    reading = read(x, weights)
    assert (reading.saturated, reading.vectors, reading.finite) == (0, 3 + 2 + 1, True)
    assert reading.outputs == pytest.approx(x @ weights.T, rel=1e-6)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_what_still_saturates_is_limited_and_counted(rounds: int) -> None:
    x = np.array([[1.0, -0.5, 0.1], [0.1, 0.001, 0.001], [0.0, 0.0, 0.0]])
    reading = read(x, 20.0 * np.eye(3), QUIET._replace(rounds=rounds))
    reach = 3.0 * 2**rounds
    assert reading.saturated == [3, 3, 2, 0][rounds]
    expected = np.minimum(20.0 * np.abs(x), reach * np.abs(x).max(1, keepdims=True)) * np.sign(x)
    assert reading.outputs == pytest.approx(expected, rel=1e-6)


def test_every_round_and_vector_draws_its_own_noise() -> None:
    x, variance = np.ones((2, 4)), np.full((4, 4), 2.5e-5, dtype=np.float32)
    # Against a range of 3: one round for a gain of 1, two for a gain of 5; each line sums four cells.
    for gain, scale, round_ in ((1.0, 1.0, 0), (5.0, 2.0, 1)):
        y = read(x, gain * np.eye(4), variance=variance).outputs
        counters = torch.tensor([0, 1])[:, None] + 2 * round_
        xi = quantile_normal(Stream(*READ_KEY), torch.arange(4)[None, :], counters).numpy()
        assert (y - gain) / scale == pytest.approx(0.01 / scale * xi, abs=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite_is_not_read(bad: float) -> None:
    reading = read(np.array([[1.0, 0.0], [0.0, bad]]), np.eye(2))
    assert (reading.saturated, reading.vectors, reading.finite) == (0, 0, False)
    assert reading.outputs.size == 0
