"""The read path of `_contract_read` in plain loops, in float64 up to the stored float32."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract_read import Converter, Converters, FloatArray, Reading
from ohmnia.random import Stream, quantile_normal

Int64Array = NDArray[np.int64]
_NOTHING = np.empty((0, 0), dtype=np.float32)


def round_to(step: float, value: float) -> float:
    """Nearest multiple of a step, ties to the even one; the value itself where the step is 0."""
    return step * round(value / step) if step > 0.0 else value


def digitise(converter: Converter, value: float, variance: float, xi: float) -> tuple[float, bool]:
    """Output of the ADC for a value with its own variance, and whether the bound limited it."""
    noisy = value + math.sqrt(variance + converter.noise**2) * xi
    output = round_to(converter.step, noisy)
    return min(max(output, -converter.bound), converter.bound), abs(noisy) > converter.bound + converter.step / 2


def drive(x: FloatArray, step: float, shrink: float) -> tuple[FloatArray, FloatArray]:
    """Noise management and DAC; see `Reads.drive`."""
    driven, scales = np.zeros(x.shape, dtype=np.float32), np.zeros(len(x), dtype=np.float32)
    for b in range(len(x)):
        scale = shrink * float(np.abs(x[b]).max())
        scales[b] = scale
        if scale == 0.0:
            continue
        for j in range(x.shape[1]):
            driven[b, j] = round_to(step, float(x[b, j]) / scale)
    return driven, scales


def convert(
    z: NDArray[np.floating],
    variance: NDArray[np.floating] | None,
    converter: Converter,
    key: tuple[int, int],
    counters: Int64Array,
    scale: FloatArray,
) -> tuple[FloatArray, Int64Array]:
    """Noise, ADC and rescaling; see `Reads.convert`."""
    y, beyond = np.zeros(z.shape, dtype=np.float32), np.zeros(len(z), dtype=np.int64)
    for b in range(len(z)):
        for i in range(z.shape[1]):
            xi = float(quantile_normal(Stream(*key), i, int(counters[b])))
            own = 0.0 if variance is None else float(variance[b, i])
            output, limited = digitise(converter, float(z[b, i]), own, xi)
            y[b, i] = float(scale[b]) * output
            beyond[b] += limited
    return y, beyond


def read(x: FloatArray, weights: FloatArray, variance: FloatArray | None, path: Converters, key: tuple[int, int]) -> Reading:
    """A read with repetitions; see `Reads.read`."""
    if not np.isfinite(x).all():
        return Reading(_NOTHING, 0, 0, False)
    y, beyond = np.zeros((len(x), len(weights)), dtype=np.float32), np.zeros(len(x), dtype=np.int64)
    rows, vectors = np.arange(len(x)), 0
    for attempt in range(path.rounds + 1):
        vectors += len(rows)
        driven, scale = drive(x[rows], path.dac_step, 2.0**attempt)
        exact = driven.astype(np.float64)
        z = exact @ weights.T.astype(np.float64)
        v = None if variance is None else exact**2 @ variance.T.astype(np.float64)
        y[rows], beyond[rows] = convert(z, v, path.converter, key, rows + attempt * len(x), scale)
        rows = np.flatnonzero(beyond)
        if not len(rows):
            break
    return Reading(y, int(beyond.sum()), vectors, True)
