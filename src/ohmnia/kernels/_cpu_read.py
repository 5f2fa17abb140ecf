"""The compiled read path: the contract of `_contract_read`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract_read import Converter, Converters, FloatArray, Reading
from ohmnia.kernels._cpu_normals import quantile
from ohmnia.kernels._jit import jit, jit_entry
from ohmnia.kernels._product import product, product_transposed
from ohmnia.kernels._words import word

_NOTHING = np.empty((0, 0), np.float32)


@jit_entry
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


@jit_entry
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


@jit
def _multiply(x, weights, by_rows, y):
    """y = x W^T for W with its rows (else its columns) contiguous; `weights` is W, or its transpose."""
    if by_rows:
        product(x, weights, y)
    else:
        product_transposed(x, weights, y)


@jit
def read_once(x, weights, variance, by_rows, path, key, shrink, counters, room, y, saturated):
    """One round over some vectors; returns the outputs that saturate, and -1 where an input is not finite.

    `path` is (DAC step, bound, ADC step, noise), and `room` has the shape of x, twice, and of y; see `_multiply`.
    """
    driven, squared, spread, scale = room
    if not _drive(x, path[0], shrink, driven, scale):
        return -1
    _multiply(driven, weights, by_rows, y)
    if variance.shape[0]:
        for b in range(x.shape[0]):
            for j in range(x.shape[1]):
                squared[b, j] = driven[b, j] * driven[b, j]
        _multiply(squared, variance, by_rows, spread)
    return _convert(y, spread, path[1], path[2], path[3], key[0], key[1], counters, scale, y, saturated)


@jit
def _list_saturated(saturated, again, count):
    """Leave those of the first `count` vectors in `again` that saturate (at first all are in it); returns how many."""
    left = 0
    for k in range(count):
        again[left] = again[k]
        left += 1 if saturated[k] > 0 else 0
    return left


@jit_entry
def read_rounds(x, weights, variance, by_rows, path, rounds, key, y):
    """All rounds of a read; returns the outputs that saturate in the end (-1: an input is not finite), and vectors read."""
    samples, inputs, outputs = x.shape[0], x.shape[1], y.shape[1]
    spread_shape = (samples, outputs) if variance.shape[0] else (0, 0)
    squared_shape = (samples, inputs) if variance.shape[0] else (0, 0)
    driven, squared = np.empty((samples, inputs), np.float32), np.empty(squared_shape, np.float32)
    spread, scale = np.empty(spread_shape, np.float32), np.empty(samples, np.float32)
    counters, saturated, again = np.empty(samples, np.int64), np.empty(samples, np.int64), np.empty(samples, np.int64)
    for b in range(samples):
        counters[b] = again[b] = b
    room = (driven, squared, spread, scale)
    total = read_once(x, weights, variance, by_rows, path, key, np.float32(1.0), counters, room, y, saturated)
    vectors, shrink = samples, np.float32(1.0)
    # Explicit loops: parts and index arrays take seconds to compile where they are assigned.
    count = _list_saturated(saturated, again, samples) if total > 0 else 0
    for attempt in range(1, rounds + 1):
        if count == 0:
            break
        own_x, own_y = np.empty((count, inputs), np.float32), np.empty((count, outputs), np.float32)
        for k in range(count):
            b, counters[k] = again[k], again[k] + attempt * samples
            for j in range(inputs):
                own_x[k, j] = x[b, j]
        shrink = np.float32(shrink * np.float32(2.0))
        room = (driven[:count], squared[:count], spread[:count], scale[:count])
        own = counters[:count], room, own_y, saturated[:count]
        total = read_once(own_x, weights, variance, by_rows, path, key, shrink, *own)
        for k in range(count):
            b = again[k]
            for i in range(outputs):
                y[b, i] = own_y[k, i]
        vectors += count
        count = _list_saturated(saturated, again, count)
    return total, vectors


def laid_out(matrix: FloatArray) -> tuple[FloatArray, bool]:
    """A matrix for the products: itself or its transpose, whichever is contiguous (a copy where none is); and whether itself."""
    if matrix.flags.c_contiguous or not matrix.T.flags.c_contiguous:
        return np.ascontiguousarray(matrix), True
    return matrix.T, False


def read(x: FloatArray, weights: FloatArray, variance: FloatArray | None, path: Converters, key: tuple[int, int]) -> Reading:
    """See `Reads.read`."""
    matrix, by_rows = laid_out(weights)
    spread = _NOTHING if variance is None else np.ascontiguousarray(variance if by_rows else variance.T)
    y, numbers = np.empty((x.shape[0], weights.shape[0]), np.float32), (path.dac_step, *path.converter)
    saturated, vectors = read_rounds(x, matrix, spread, by_rows, numbers, path.rounds, key, y)
    return Reading(_NOTHING, 0, 0, False) if saturated < 0 else Reading(y, saturated, vectors, True)
