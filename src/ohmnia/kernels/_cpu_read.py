"""The compiled read path: the contract of `_contract_read`, with the product left to BLAS."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from ohmnia.kernels._contract_read import Converter, Converters, FloatArray, Reading
from ohmnia.kernels._cpu_normals import quantile
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import word

_NOTHING = np.empty((0, 0), np.float32)


@jit
def _drive(x, step, shrink, driven, scale):
    """Noise management and DAC; returns whether every input is finite."""
    for b in range(x.shape[0]):
        top, beyond = np.float32(0.0), 0
        for j in range(x.shape[1]):
            size = abs(x[b, j])
            top = max(top, size)
            # Not ">": NaN compares false.
            beyond += 0 if size < np.inf else 1
        if beyond:
            return False
        scale[b] = top * shrink
        divisor = np.float64(scale[b])
        if divisor == 0.0:
            driven[b, :] = np.float32(0.0)
        elif step > 0.0:
            for j in range(x.shape[1]):
                driven[b, j] = np.float32(step * np.rint(np.float64(x[b, j]) / divisor / step))
        else:
            for j in range(x.shape[1]):
                driven[b, j] = np.float32(np.float64(x[b, j]) / divisor)
    return True


@jit
def _noise(z, variance, noise, key0, key1, counter, out):
    """One vector of outputs with its noise, float64."""
    cells = variance.shape[0] > 0
    if not cells and noise == 0.0:
        for i in range(z.shape[0]):
            out[i] = np.float64(z[i])
    elif not cells:
        for i in range(z.shape[0]):
            xi = np.float64(quantile(word(key0, key1, np.uint32(i), counter)))
            out[i] = np.float64(z[i]) + noise * xi
    else:
        own = noise * noise
        for i in range(z.shape[0]):
            xi = np.float64(quantile(word(key0, key1, np.uint32(i), counter)))
            out[i] = np.float64(z[i]) + math.sqrt(np.float64(variance[i]) + own) * xi


@jit
def _convert(z, variance, bound, step, noise, key0, key1, counters, scale, y, saturated):
    """Noise, ADC and rescaling of a block of outputs; returns the outputs that saturate. An empty variance is 0."""
    limit, total = bound + step / 2, 0
    value = np.empty(z.shape[1], np.float64)
    for b in range(z.shape[0]):
        _noise(z[b], variance[b] if variance.shape[0] else variance[0:0, 0], noise, key0, key1, counters[b], value)
        beyond, factor = 0, np.float64(scale[b])
        for i in range(z.shape[1]):
            beyond += 1 if abs(value[i]) > limit else 0
        if step > 0.0:
            for i in range(z.shape[1]):
                value[i] = step * np.rint(value[i] / step)
        for i in range(z.shape[1]):
            y[b, i] = np.float32(min(max(value[i], -bound), bound) * factor)
        saturated[b] = beyond
        total += beyond
    return total


def drive(x: FloatArray, step: float, shrink: float) -> tuple[FloatArray, FloatArray]:
    """See `Reads.drive`."""
    driven, scale = np.empty_like(x), np.empty(x.shape[0], np.float32)
    _drive(x, float(step), float(shrink), driven, scale)
    return driven, scale


def convert(
    z: FloatArray,
    variance: FloatArray | None,
    converter: Converter,
    key: tuple[int, int],
    counters: NDArray[np.int64],
    scale: FloatArray,
) -> tuple[FloatArray, NDArray[np.int64]]:
    """See `Reads.convert`."""
    y, saturated = np.empty(z.shape, np.float32), np.empty(z.shape[0], np.int64)
    _convert(z, _NOTHING if variance is None else variance, *converter, *key, counters, scale, y, saturated)
    return y, saturated


def _round(
    x: FloatArray,
    weights: torch.Tensor,
    variance: torch.Tensor | None,
    path: Converters,
    key: tuple[int, int],
    shrink: float,
    counters: NDArray[np.int64],
) -> tuple[FloatArray, NDArray[np.int64], int]:
    """One round over some vectors: outputs, saturated outputs of each and in all; -1 in all: an input is not finite."""
    driven, scale, saturated = np.empty_like(x), np.empty(x.shape[0], np.float32), np.empty(x.shape[0], np.int64)
    if not _drive(x, path.dac_step, shrink, driven, scale):
        return _NOTHING, saturated, -1
    inputs = torch.from_numpy(driven)
    z = torch.mm(inputs, weights).numpy()
    v = _NOTHING if variance is None else torch.mm(inputs.square(), variance).numpy()
    bound, step, noise = path.converter
    return z, saturated, _convert(z, v, bound, step, noise, key[0], key[1], counters, scale, z, saturated)


@lru_cache(maxsize=64)
def _counters(samples: int) -> NDArray[np.int64]:
    """Counters of the first round; not to be written to."""
    return np.arange(samples)


def read(x: FloatArray, weights: FloatArray, variance: FloatArray | None, path: Converters, key: tuple[int, int]) -> Reading:
    """See `Reads.read`."""
    samples = x.shape[0]
    matrix, spread = torch.from_numpy(weights).T, None if variance is None else torch.from_numpy(variance).T
    y, saturated, total = _round(x, matrix, spread, path, key, 1.0, _counters(samples))
    if total < 0:
        return Reading(y, 0, 0, False)
    vectors = samples
    for attempt in range(1, path.rounds + 1):
        if not total:
            break
        rows = np.flatnonzero(saturated)
        counters = rows + attempt * samples
        y[rows], saturated[rows], total = _round(x[rows], matrix, spread, path, key, 2.0**attempt, counters)
        vectors += len(rows)
    return Reading(y, total, vectors, True)
