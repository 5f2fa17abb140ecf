"""Plans: packed trains hold the slots that fire, and choppers and reads go on as the contract says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from ohmnia.kernels._plan import largest, plan_update
from ohmnia.random import Stream, words

KEYS = np.array([1, 2, 3, 4], np.int64)


class Plan(NamedTuple):
    """What `make_trains` fills."""

    col_words: np.ndarray
    row_words: np.ndarray
    listed_words: np.ndarray
    listed: np.ndarray
    count: np.ndarray
    share: np.ndarray
    signs: np.ndarray


def planned(x: np.ndarray, d: np.ndarray, rate: float, length: int, *managed: int):
    (samples, cols), rows, parts = x.shape, d.shape[1], (length + 31) // 32
    words = [np.zeros((samples, parts, lines), np.uint32) for lines in (cols, rows, cols + 1)]
    lists = np.empty((samples, cols + 1), np.int32), np.empty(samples, np.int32)
    plan = Plan(*words, *lists, np.zeros(samples), np.empty((samples, cols), np.float32))
    smaller, expected = plan_update(x, d, rate, 0.1, (length, *managed), KEYS, tuple(plan))
    return plan, smaller, expected


def test_largest_is_the_largest_size() -> None:
    assert largest(np.array([0.5, -2.25, 1.0], np.float32)) == 2.25
    assert largest(np.zeros(0, np.float32)) == 0.0


@pytest.mark.parametrize("length", [1, 31, 32, 33, 70])
def test_every_bit_is_a_slot_that_fires(length: int) -> None:
    # Without management p = sqrt(k / (L X D)), here with X = D = 1 and k = 0.3 L.
    rng = np.random.default_rng(length)
    x, d = rng.uniform(-1, 1, (2, 9)).astype(np.float32), rng.uniform(-1, 1, (2, 4)).astype(np.float32)
    x[:, 0], d[:, 0], x[:, 1] = 1.0, -1.0, 0.0
    plan, smaller, _ = planned(x, d, 0.03 * length, length, 0, 0)
    assert smaller == 0
    assert plan.col_words.shape == (2, (length + 31) // 32, 9)
    for vectors, packed, key in ((x, plan.col_words, KEYS[:2]), (d, plan.row_words, KEYS[2:])):
        for b in range(2):
            for line in range(vectors.shape[1]):
                threshold = int(np.floor(np.sqrt(0.3) * abs(float(vectors[b, line])) * 2**32 + 0.5))
                for slot in range(packed.shape[1] * 32):
                    bit = int(packed[b, slot // 32, line]) >> (slot % 32) & 1
                    drawn = int(words(Stream(*map(int, key)), line, b * length + slot))
                    # A threshold may differ by one in its last bit here, since the root is taken in another order.
                    assert bit == (slot < length and drawn < threshold) or abs(drawn - threshold) <= 1


def test_a_line_that_is_sure_fires_in_every_slot_and_one_at_zero_in_none() -> None:
    x, d = np.array([[1.0, 0.0]], np.float32), np.array([[1.0]], np.float32)
    plan, smaller, expected = planned(x, d, 4.0, 40, 0, 0)
    assert plan.col_words[0, :, 0].tolist() == [0xFFFFFFFF, 0xFF]
    assert plan.col_words[0, :, 1].tolist() == [0, 0]
    assert (smaller, expected) == (0, pytest.approx(40.0))


def test_the_list_holds_the_columns_that_fire() -> None:
    rng = np.random.default_rng(3)
    x, d = rng.uniform(-1, 1, (5, 40)).astype(np.float32), np.ones((5, 1), np.float32)
    plan, _, _ = planned(x, d, 0.05, 40, 0, 0)
    for b in range(5):
        filled = np.flatnonzero(plan.col_words[b].any(0))
        assert plan.listed[b, : plan.count[b]].tolist() == filled.tolist()
        assert np.array_equal(plan.listed_words[b][:, : plan.count[b]], plan.col_words[b][:, filled])
        assert 0 < len(filled) < 40


def test_signs_are_against_the_gradient() -> None:
    x, d = np.array([[2.0, -2.0, 0.0]], np.float32), np.ones((1, 1), np.float32)
    plan, _, _ = planned(x, d, 0.1, 5, 1, 1)
    assert plan.signs[0, :2].tolist() == [-1.0, 1.0]


def test_no_slots_leave_no_trains() -> None:
    x, d = np.ones((2, 3), np.float32), np.zeros((2, 2), np.float32)
    plan, smaller, expected = planned(x, d, 1.0, 5, 1, 1)
    assert (smaller, expected) == (0, 0.0)
    assert not plan.col_words.any()
    assert not plan.row_words.any()
    assert plan.count.tolist() == [0, 0]
