"""Compiled 32-bit words: the formulas of `ohmnia.random`, kept 32 bits wide so that loops over them are vectorised."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ohmnia.kernels._jit import jit

GOLDEN = np.uint32(0x9E3779B9)
_MULTIPLIER_1 = np.uint32(0x7FEB352D)
_MULTIPLIER_2 = np.uint32(0x846CA68B)
_U32 = np.uint32


@intrinsic
def popcount(typing_context, word):
    """Number of set bits of a 32-bit word."""

    def generate(context, builder, signature, arguments):
        return builder.call(builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(32)]), arguments)

    return types.uint32(types.uint32), generate


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
