"""Triton kernels of the read path: DAC, product, read noise of cells and periphery, ADC and repetition, all on the device.

Products use three TF32 passes, which give the digits of float32. A later round is launched in any case; programs of which no
vector saturated in the round before end at once.
"""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

from ohmnia.kernels._contract_read import Converter, Converters, Reading
from ohmnia.kernels._cuda_words import LAUNCH, digitise, finish, lane, numbers, quantile, round_even, words_of

_BLOCK = 512
_TILE = {"BM": 16, "BN": 32, "BK": 64, "num_warps": 4}


@triton.jit
def _drive(x, divisor, step):
    """The DAC: x / divisor in multiples of `step` (0: an ideal converter), float32; zeros where the divisor is 0."""
    safe_step = tl.where(step > 0.0, step, 1.0)
    x = tl.where(divisor < float("inf"), x, 0.0)
    value = x.to(tl.float64) / tl.where(divisor > 0.0, divisor, 1.0)
    stepped = safe_step * round_even(value / safe_step)
    return tl.where(divisor > 0.0, tl.where(step > 0.0, stepped, value), 0.0).to(tl.float32)


@triton.jit
def _noisy(z, variance, noise, word):
    """z with its noise, float64."""
    sigma = tl.sqrt(variance.to(tl.float64) + noise * noise)
    return z.to(tl.float64) + sigma * quantile(word).to(tl.float64)


@triton.jit(do_not_specialize=["lines"])
def drive_kernel(x, own, driven, scale, counts, lines, BLOCK: tl.constexpr):
    """One program a vector; `own` is (DAC step, shrink), and counts[1] the vectors with a value that is not finite."""
    b = tl.program_id(0)
    x, driven = x + b.to(tl.int64) * lines, driven + b.to(tl.int64) * lines
    top, beyond = tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.int32)
    for first in range(0, lines, BLOCK):
        line = first + tl.arange(0, BLOCK)
        size = tl.abs(tl.load(x + line, mask=line < lines, other=0.0))
        # Not ">": NaN compares false.
        beyond += tl.where(size < float("inf"), 0, 1)
        top = tl.maximum(top, size)
    step, shrink = tl.load(own), tl.load(own + 1)
    divisor = (tl.max(top, axis=0).to(tl.float64) * shrink).to(tl.float32)
    tl.store(scale + b, divisor)
    tl.atomic_add(counts + 1, tl.max(beyond, axis=0).to(tl.int64))
    for first in range(0, lines, BLOCK):
        line = first + tl.arange(0, BLOCK)
        value = tl.load(x + line, mask=line < lines, other=0.0)
        tl.store(driven + line, _drive(value, divisor.to(tl.float64), step), mask=line < lines)


@triton.jit(do_not_specialize=["lines", "key0", "key1"])
def convert_kernel(z, variance, own, counters, scale, y, saturated, lines, key0, key1, CELLS: tl.constexpr, BLOCK: tl.constexpr):
    """Noise, ADC and rescaling of one vector; `own` is (bound, step, noise)."""
    b = tl.program_id(0)
    start = b.to(tl.int64) * lines
    bound, step, noise, factor = tl.load(own), tl.load(own + 1), tl.load(own + 2), tl.load(scale + b).to(tl.float64)
    counter, total = tl.load(counters + b).to(tl.uint32), tl.zeros([BLOCK], tl.int32)
    for first in range(0, lines, BLOCK):
        i = first + tl.arange(0, BLOCK)
        inside = i < lines
        value = tl.load(z + start + i, mask=inside, other=0.0)
        cells = value * 0.0
        if CELLS:
            cells = tl.load(variance + start + i, mask=inside, other=0.0)
        word = finish(lane(key0.to(tl.uint32), i.to(tl.uint32)), key1.to(tl.uint32), counter)
        noisy = _noisy(value, cells, noise, word)
        total += tl.where(inside & (tl.abs(noisy) > bound + step / 2), 1, 0)
        tl.store(y + start + i, (digitise(noisy, bound, step) * factor).to(tl.float32), mask=inside)
    tl.store(saturated + b, tl.sum(total, axis=0).to(tl.int64))


@triton.jit(do_not_specialize=["samples", "outputs", "inputs", "attempt", "key0", "key1"])
def read_kernel(
    x,
    driven,
    scale,
    weights,
    variance,
    own,
    y,
    saturated,
    counts,
    samples,
    outputs,
    inputs,
    weight_row,
    weight_col,
    variance_row,
    variance_col,
    attempt,
    key0,
    key1,
    CELLS: tl.constexpr,
    AGAIN: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """One round of some vectors and outputs; `own` is (DAC step, bound, step, noise, shrink).

    `saturated` is (rounds + 1, samples); counts[0] are the vectors that were read.
    """
    b, i = tl.program_id(0) * BM + tl.arange(0, BM), tl.program_id(1) * BN + tl.arange(0, BN)
    active = b < samples
    if AGAIN:
        before = tl.load(saturated + (attempt - 1) * samples + b, mask=active, other=0)
        active = active & (before > 0)
    live = tl.max(tl.where(active, 1, 0), axis=0)
    if (live > 0) & (tl.load(counts + 1) == 0):
        dac_step, bound, step, noise = tl.load(own), tl.load(own + 1), tl.load(own + 2), tl.load(own + 3)
        factor = tl.load(scale + b, mask=active, other=0.0).to(tl.float64) * tl.load(own + 4)
        z, v = tl.zeros([BM, BN], tl.float32), tl.zeros([BM, BN], tl.float32)
        for first in range(0, inputs, BK):
            k = first + tl.arange(0, BK)
            inner = (k < inputs)[None, :] & active[:, None]
            place = b.to(tl.int64)[:, None] * inputs + k[None, :]
            if AGAIN:
                a = _drive(tl.load(x + place, mask=inner, other=0.0), factor[:, None], dac_step)
            else:
                a = tl.load(driven + place, mask=inner, other=0.0)
            outer = (k < inputs)[:, None] & (i < outputs)[None, :]
            row, col = i.to(tl.int64)[None, :], k.to(tl.int64)[:, None]
            w = tl.load(weights + row * weight_row + col * weight_col, mask=outer, other=0.0)
            z = tl.dot(a, w, z, input_precision="tf32x3")
            if CELLS:
                u = tl.load(variance + row * variance_row + col * variance_col, mask=outer, other=0.0)
                v = tl.dot(a * a, u, v, input_precision="tf32x3")
        counter = (b + attempt * samples).to(tl.uint32)
        word = finish(lane(key0.to(tl.uint32), i.to(tl.uint32))[None, :], key1.to(tl.uint32), counter[:, None])
        noisy = _noisy(z, v, noise, word)
        inside = active[:, None] & (i < outputs)[None, :]
        beyond = tl.where(inside & (tl.abs(noisy) > bound + step / 2), 1, 0)
        tl.atomic_add(saturated + attempt * samples + b, tl.sum(beyond, axis=1).to(tl.int64), mask=active)
        out = (digitise(noisy, bound, step) * factor[:, None]).to(tl.float32)
        tl.store(y + b.to(tl.int64)[:, None] * outputs + i[None, :], out, mask=inside)
        if tl.program_id(1) == 0:
            tl.atomic_add(counts, tl.sum(tl.where(active, 1, 0), axis=0).to(tl.int64))


def drive(x: Any, step: float, shrink: float, counts: Any = None) -> tuple[Any, Any]:
    """See `Reads.drive`."""
    driven, scale = torch.empty_like(x), torch.empty(len(x), dtype=torch.float32, device=x.device)
    counts = torch.zeros(2, dtype=torch.int64, device=x.device) if counts is None else counts
    if len(x):
        own = numbers(x.device, float(step), float(shrink))
        drive_kernel[(len(x),)](x, own, driven, scale, counts, x.shape[1], BLOCK=_BLOCK, num_warps=4, **LAUNCH)
    return driven, scale


def convert(z: Any, variance: Any, converter: Converter, key: tuple[int, int], counters: Any, scale: Any) -> tuple[Any, Any]:
    """See `Reads.convert`."""
    y, saturated = torch.empty_like(z), torch.zeros(len(z), dtype=torch.int64, device=z.device)
    if len(z):
        own, cells = numbers(z.device, *map(float, converter)), variance is not None
        arrays = (z, variance if cells else z, own, counters, scale, y, saturated)
        convert_kernel[(len(z),)](*arrays, z.shape[1], *words_of(key), CELLS=cells, BLOCK=_BLOCK, num_warps=4, **LAUNCH)
    return y, saturated


def read(x: Any, weights: Any, variance: Any, path: Converters, key: tuple[int, int]) -> Reading:
    """See `Reads.read`; all four results are tensors, and where `finite` is false the others hold zeros."""
    (samples, inputs), outputs, device = x.shape, len(weights), x.device
    y = torch.zeros((samples, outputs), dtype=torch.float32, device=device)
    saturated = torch.zeros((path.rounds + 1, samples), dtype=torch.int64, device=device)
    counts, cells = torch.zeros(2, dtype=torch.int64, device=device), variance is not None
    driven, scale = drive(x, path.dac_step, 1.0, counts)
    variance = variance if cells else weights
    strides = (*weights.stride(), *variance.stride())
    for attempt in range(path.rounds + 1 if samples else 0):
        own = numbers(device, float(path.dac_step), *map(float, path.converter), 2.0**attempt)
        read_kernel[(-(-samples // _TILE["BM"]), -(-outputs // _TILE["BN"]))](
            *(x, driven, scale, weights, variance, own, y, saturated, counts, samples, outputs, inputs),
            *strides,
            attempt,
            *words_of(key),
            CELLS=cells,
            AGAIN=attempt > 0,
            **_TILE,
        )
    tensors: Any = y, saturated[-1].sum(), counts[0], counts[1] == 0
    return Reading(*tensors)
