"""Counter-based random streams: a draw is a pure function of (stream, two counters).

Nothing here has a state. A `Stream` is a 64-bit key; a draw hashes the key with two 32-bit counters::

    word(a, b) = mix(mix(a ^ key0) + b * 0x9E3779B9 ^ key1)

`mix` is the 32-bit finaliser with multipliers 0x7feb352d and 0x846ca68b (found by C. Wellons' hash search, 2018). Normals
are Box-Muller on two words. A word is a bijection of either counter; hence lanes `a` of one stream are windows of one cycle
of 2**32 words, and of many long lanes a few share words at a lag. The same formulas, on the same integers, stand in the
compiled kernels, so every backend and thread count sees the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MASK = 0xFFFFFFFF
GOLDEN = 0x9E3779B9
MULTIPLIER_1 = 0x7FEB352D
MULTIPLIER_2 = 0x846CA68B
TWO_POW_32 = 4294967296.0


def mix(value: int) -> int:
    """Scramble one 32-bit word; a bijection."""
    value ^= value >> 16
    value = value * MULTIPLIER_1 & MASK
    value ^= value >> 15
    value = value * MULTIPLIER_2 & MASK
    return value ^ value >> 16


@dataclass(frozen=True, slots=True)
class Stream:
    """The key of one independent sequence of random numbers.

    Parameters
    ----------
    key0, key1
        Two 32-bit words.
    """

    key0: int
    key1: int

    @staticmethod
    def root(seed: int) -> Stream:
        """The stream of a whole run."""
        return _digest(f"ohmnia:{int(seed)}")

    def child(self, *names: str | int) -> Stream:
        """A stream of its own for a named part (a layer, a tile, a purpose)."""
        return _digest(json.dumps([self.key0, self.key1, *names]))

    def at(self, step: int) -> Stream:
        """The stream of the `step`-th use; cheaper than `child`."""
        key0 = mix((mix(self.key0 ^ step & MASK) + (step >> 32)) & MASK)
        return Stream(key0, mix((self.key1 + key0 + step * GOLDEN) & MASK))

    def keys(self, first: int, count: int, parts: int) -> list[tuple[tuple[int, int], ...]]:
        """Keys of the uses `first`, `first + 1`, ...: of each, those of its parts `at(step).at(0)`, `.at(1)`, ...

        Parameters
        ----------
        first, count
            Uses, from 0 on and below 2**32.
        parts
            Parts of a use; 0: the key of the use itself.
        """
        own = _at(np.uint64(self.key0), np.uint64(self.key1), np.arange(first, first + count, dtype=np.uint64)[:, None])
        key0, key1 = _at(*own, np.arange(parts, dtype=np.uint64)) if parts else own
        return [tuple(zip(*pair, strict=True)) for pair in zip(key0.tolist(), key1.tolist(), strict=True)]


def _mix_words(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix` of many words."""
    value = value ^ (value >> np.uint64(16))
    value = value * np.uint64(MULTIPLIER_1) & np.uint64(MASK)
    value = value ^ (value >> np.uint64(15))
    value = value * np.uint64(MULTIPLIER_2) & np.uint64(MASK)
    return value ^ (value >> np.uint64(16))


def _at(key0: Any, key1: Any, step: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """`Stream.at` of many keys and steps below 2**32."""
    own = _mix_words(_mix_words(key0 ^ step))
    return own, _mix_words(key1 + own + step * np.uint64(GOLDEN) & np.uint64(MASK))


def _digest(text: str) -> Stream:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return Stream(int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little"))


def _mix_tensor(value: Tensor) -> Tensor:
    value = value ^ (value >> 16)
    value = value * MULTIPLIER_1 & MASK
    value = value ^ (value >> 15)
    value = value * MULTIPLIER_2 & MASK
    return value ^ (value >> 16)


def words(stream: Stream, a: Tensor | int, b: Tensor | int) -> Tensor:
    """32-bit words of the counters `a` and `b`.

    Parameters
    ----------
    stream
        The key.
    a, b
        int64 counters in [0, 2**32), broadcast against each other.

    Returns
    -------
    Tensor
        int64, values in [0, 2**32).
    """
    a, b = torch.as_tensor(a, dtype=torch.int64), torch.as_tensor(b, dtype=torch.int64)
    return _mix_tensor((_mix_tensor(a ^ stream.key0) + b * GOLDEN & MASK) ^ stream.key1)


def uniform(stream: Stream, a: Tensor | int, b: Tensor | int = 0) -> Tensor:
    """Uniform numbers in (0, 1), float64: (word + 1/2) / 2**32."""
    return (words(stream, a, b).to(torch.float64) + 0.5) / TWO_POW_32


def normal(stream: Stream, a: Tensor | int, b: Tensor | int = 0) -> Tensor:
    """Standard normal numbers, float64, by Box-Muller on the words (a, 2b) and (a, 2b + 1)."""
    b = torch.as_tensor(b, dtype=torch.int64)
    radius = torch.sqrt(-2.0 * torch.log(uniform(stream, a, 2 * b)))
    return radius * torch.cos(2.0 * math.pi * uniform(stream, a, 2 * b + 1))


def normal_like(stream: Stream, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers of a shape, float64; element k uses the counter (k, 0)."""
    return normal(stream, torch.arange(math.prod(shape))).reshape(shape)


def permutation(stream: Stream, length: int) -> Tensor:
    """A random order of `range(length)`, int64."""
    return torch.argsort(uniform(stream, torch.arange(length)), stable=True)
