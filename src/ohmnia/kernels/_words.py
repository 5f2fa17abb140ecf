"""Compiled 32-bit words: the formulas of `ohmnia.random`, kept 32 bits wide so that loops over them are vectorised."""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._jit import jit

GOLDEN = np.uint32(0x9E3779B9)
_MULTIPLIER_1 = np.uint32(0x7FEB352D)
_MULTIPLIER_2 = np.uint32(0x846CA68B)
_U32 = np.uint32


@jit
def popcount(value):
    """Number of set bits of a 32-bit word; LLVM knows this formula, and makes one instruction of it."""
    value = _U32(value - (_U32(value >> _U32(1)) & _U32(0x55555555)))
    value = _U32(_U32(value & _U32(0x33333333)) + (_U32(value >> _U32(2)) & _U32(0x33333333)))
    value = _U32(_U32(value + _U32(value >> _U32(4))) & _U32(0x0F0F0F0F))
    return _U32(_U32(value * _U32(0x01010101)) >> _U32(24))


@jit
def mix(value):
    """Scramble one word; numba widens each step to 64 bits, and the casts narrow it again."""
    value = _U32(value ^ (value >> _U32(16)))
    value = _U32(value * _MULTIPLIER_1)
    value = _U32(value ^ (value >> _U32(15)))
    value = _U32(value * _MULTIPLIER_2)
    return _U32(value ^ (value >> _U32(16)))


@jit
def lane(key0, a):
    """First half of a word: what depends on the first counter."""
    return mix(_U32(_U32(a) ^ _U32(key0)))


@jit
def step(b):
    """What the second counter adds."""
    return _U32(_U32(b) * GOLDEN)


@jit
def word(key0, key1, a, b):
    """The 32-bit word of the counters `a` and `b`."""
    return mix(_U32(_U32(lane(key0, a) + step(b)) ^ _U32(key1)))
