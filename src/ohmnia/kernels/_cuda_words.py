"""Words, normals, rounding and one pulse for Triton kernels: the formulas of `ohmnia.random` and of the compiled member.

Launches switch fused multiply-adds off (`LAUNCH`), divisions of float32 are rounded to nearest, and decisions are made in
float64, so that a GPU decides as the other members do.
"""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ohmnia.random import normal_table

LAUNCH: dict[str, Any] = {"enable_fp_fusion": False}


def signed(word: int) -> int:
    """A 32-bit word as the int32 of the same bits: an argument of one type, whatever its value."""
    return word - (1 << 32) if word >= 1 << 31 else word


@lru_cache(maxsize=256)
def numbers(device: torch.device, *values: float) -> Tensor:
    """A float64 tensor of some numbers; the same numbers are copied to the device once."""
    return torch.tensor(values, dtype=torch.float64, device=device)


@cache
def table(device: torch.device) -> Tensor:
    """`ohmnia.random.normal_table` on a device."""
    return normal_table().to(device)


def words_of(key: tuple[int, int]) -> tuple[int, int]:
    """A key as kernel arguments."""
    return signed(int(key[0])), signed(int(key[1]))


@triton.jit
def mix(value):
    """`ohmnia.random.mix` of uint32."""
    value = value ^ (value >> 16)
    value = value * 0x7FEB352D
    value = value ^ (value >> 15)
    value = value * 0x846CA68B
    return value ^ (value >> 16)


@triton.jit
def lane(key0, a):
    """First half of a word: what depends on the first counter; uint32 both."""
    return mix(a ^ key0)


@triton.jit
def finish(lanes, key1, b):
    """The word of a lane and a second counter, uint32."""
    return mix((lanes + b * 0x9E3779B9) ^ key1)


@triton.jit
def table_normal(table, word):
    """`ohmnia.random.table_normal` of a word."""
    return tl.load(table + (word >> 20).to(tl.int32))


@triton.jit
def round_even(value):
    """Nearest integer of a float64, ties to the even one."""
    big = 6755399441055744.0
    return tl.where(tl.abs(value) < 1e15, (value + big) - big, value)


@triton.jit
def digitise(value, bound, step):
    """ADC: multiples of `step` (0: an ideal converter), limited to +-bound; float64."""
    safe = tl.where(step > 0.0, step, 1.0)
    value = tl.where(step > 0.0, step * round_even(value / safe), value)
    return tl.minimum(tl.maximum(value, -bound), bound)


@triton.jit
def power(base, exponent):
    """base**exponent for base >= 0, float64; 0**0 is 1."""
    exponent = exponent + base * 0.0
    positive = base > 0.0
    raised = tl.exp(exponent * tl.log(tl.where(positive, base, 1.0)))
    return tl.where(exponent == 1.0, base, tl.where(positive | (exponent == 0.0), raised, 0.0))


@triton.jit
def pulse(
    g, up, rise, fall, low, high, noise, xi, exponent_up, exponent_down, MULTIPLICATIVE: tl.constexpr, LINEAR: tl.constexpr
):
    """Conductance after one pulse, float32.

    `rise` and `fall` are the full steps, over the span where the law is linear.
    """
    reach = tl.maximum(tl.where(up, high - g, g - low), 0.0)
    full = tl.where(up, rise, fall)
    if LINEAR:
        mean = full * reach
    else:
        part = reach.to(tl.float64) / (high - low).to(tl.float64)
        mean = (full.to(tl.float64) * power(part, tl.where(up, exponent_up, exponent_down))).to(tl.float32)
    if MULTIPLICATIVE:
        spread = noise * mean
    else:
        spread = noise
    size = mean + spread * xi
    moved = tl.where(up, g + size, g - size)
    return tl.minimum(tl.maximum(moved, tl.minimum(g, low)), tl.maximum(g, high))


@triton.jit
def horner(x, c0, c1, c2, c3, c4, c5, c6, c7, c8):
    """Polynomial of degree 8, highest power first."""
    return (((((((c0 * x + c1) * x + c2) * x + c3) * x + c4) * x + c5) * x + c6) * x + c7) * x + c8


@triton.jit
def log(x):
    """Natural logarithm of a positive, normal float32; see the compiled member."""
    bits = x.to(tl.int32, bitcast=True)
    exponent = (bits - 0x3F3504F3) >> 23
    y = (bits - (exponent << 23)).to(tl.float32, bitcast=True) - 1.0
    p = horner(
        y,
        -0.0810227022,
        0.1271267831,
        -0.1297214478,
        0.1420211494,
        -0.1664225012,
        0.2000147104,
        -0.2500029504,
        0.3333332837,
        0.0,
    )
    square = y * y
    return exponent.to(tl.float32) * 0.6931471805599453 + (y - 0.5 * square + square * p)


@triton.jit
def quantile(word):
    """`ohmnia.random.quantile_normal` of a word, float32; see the compiled member."""
    bits = word.to(tl.int32, bitcast=True)
    upper = bits >> 31
    folded = bits ^ upper
    t = (folded.to(tl.float32) + 0.5) * 4.656612873077393e-10
    c = ((0x7FFFFFFF - folded).to(tl.float32) + 0.5) * 4.656612873077393e-10
    q = -log(t * (1.0 + c))
    near = horner(
        q - 2.5,
        3.95832096e-8,
        4.85179100e-7,
        -4.98119471e-6,
        -6.20788023e-6,
        3.09115101e-4,
        -1.77304179e-3,
        -5.90812974e-3,
        0.348802686,
        2.12331367,
    )
    far = horner(
        tl.sqrt_rn(q) - 3.0,
        -4.5572524e-6,
        -2.32673759e-4,
        1.6493989e-3,
        -4.76596178e-3,
        8.18465743e-3,
        -1.09258955e-2,
        1.33421402e-2,
        1.41659403,
        4.00643444,
    )
    z = tl.where(q < 5.0, near, far) * c
    return tl.where(upper == 0, -z, z)
