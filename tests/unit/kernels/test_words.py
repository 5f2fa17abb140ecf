"""Compiled words: those of the streams, whatever the types of the counters."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import popcount, step, word
from ohmnia.random import Stream, words

EDGES = [0, 1, 77, 2**31 - 1, 2**31, 2**32 - 1]


@pytest.mark.parametrize("key", [(0, 0), (2**32 - 1, 12345), (7, 2**31)])
def test_words_are_those_of_the_stream(key: tuple[int, int]) -> None:
    for a in EDGES:
        for b in EDGES:
            assert int(word(*key, a, b)) == int(words(Stream(*key), a, b))


@jit
def counted(values):
    out = np.empty(values.shape[0], np.uint32)
    for k in range(values.shape[0]):
        out[k] = popcount(values[k])
    return out


def test_popcount() -> None:
    values = np.array([*EDGES, 0x55555555, 0xFFFF0000], dtype=np.uint32)
    assert counted(values).tolist() == [int(value).bit_count() for value in values]


def test_a_step_wraps_around() -> None:
    assert int(step(2**32 - 1)) == (2**32 - 1) * 0x9E3779B9 % 2**32
