"""The compiled member: the contract of `_contract`, by numba.

The loop runs over slots and only over fired rows x fired columns, so that its cost is the pulses that happen.
"""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract import (
    Cells,
    Converter,
    FloatArray,
    Keys,
    Trains,
    TransferSettings,
    TransferState,
    UpdateLaw,
)
from ohmnia.kernels._jit import jit

_GOLDEN = np.uint32(0x9E3779B9)
_MULTIPLIER_1 = np.uint32(0x7FEB352D)
_MULTIPLIER_2 = np.uint32(0x846CA68B)
_TWO_POW_32 = 4294967296.0


@jit
def _mix(value):
    value = np.uint32(value)
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * _MULTIPLIER_1)
    value = np.uint32(value ^ (value >> np.uint32(15)))
    value = np.uint32(value * _MULTIPLIER_2)
    return np.uint32(value ^ (value >> np.uint32(16)))


@jit
def _word(key0, key1, a, b):
    first = _mix(np.uint32(a) ^ np.uint32(key0))
    return _mix(np.uint32(first + np.uint32(np.uint32(b) * _GOLDEN)) ^ np.uint32(key1))


@jit
def _normal(key0, key1, a, b):
    u = (np.float64(_word(key0, key1, a, 2 * b)) + 0.5) / _TWO_POW_32
    v = (np.float64(_word(key0, key1, a, 2 * b + 1)) + 0.5) / _TWO_POW_32
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@jit
def _pulse(g, up, parameters, p, i, j, law, xi):
    low, high = np.float64(parameters[2, p, i, j]), np.float64(parameters[3, p, i, j])
    noise = np.float64(parameters[4, p, i, j])
    distance = (high - g) / (high - low) if up else (g - low) / (high - low)
    step = np.float64(parameters[0, p, i, j]) if up else np.float64(parameters[1, p, i, j])
    exponent = law.exponent_up if up else law.exponent_down
    reach = max(distance, 0.0)
    mean = step * (reach if exponent == 1.0 else reach**exponent)
    size = mean * (1.0 + noise * xi) if law.multiplicative else mean + noise * xi
    moved = g + size if up else g - size
    return min(max(moved, min(g, low)), max(g, high))


@jit
def _pulse_planes(cells, law, key0, key1, i, j, counter, up, epoch):
    """One pulse on every plane of a weight; returns the number of pulses."""
    planes, rows, cols = cells.conductance.shape
    for p in range(planes):
        xi = _normal(key0, key1, (p * rows + i) * cols + j, counter)
        g = np.float64(cells.conductance[p, i, j])
        cells.conductance[p, i, j] = _pulse(g, up == (p == 0), cells.parameters, p, i, j, law, xi)
        cells.epoch_index[p, i, j] = epoch
    return planes


@jit
def _largest(vector):
    top = 0.0
    for value in vector:
        top = max(top, abs(np.float64(value)))
    return top


@jit
def _plan(x_max, d_max, k, trains):
    """Train length, divisors of columns and rows, factor of the probabilities, and whether the update is cut short."""
    length = min(np.int64(math.ceil(k)), trains.length) if trains.length_management else trains.length
    if length <= 0 or k <= 0.0:
        return 0, 1.0, 1.0, 0.0, False
    short = k > length
    if trains.update_management:
        return length, x_max, d_max, math.sqrt(min(k / length, 1.0)), short
    asked = min(k, np.float64(length)) if trains.length_management else k
    p = math.sqrt(asked / (length * x_max * d_max))
    return length, 1.0, 1.0, p, short or p * x_max > 1.0 or p * d_max > 1.0


@jit
def _thresholds(vector, divisor, factor, out):
    """Probability |v| / divisor * factor as a 32-bit threshold for each line, by one rounding."""
    for line in range(vector.shape[0]):
        probability = min(abs(np.float64(vector[line])) / divisor * factor, 1.0)
        out[line] = np.int64(math.floor(probability * _TWO_POW_32 + 0.5))


@jit
def _fired(thresholds, counter, key, fired):
    """Indices of the lines that fire in one slot, into `fired`; returns how many."""
    count = 0
    for line in range(thresholds.shape[0]):
        if thresholds[line] > 0 and np.int64(_word(key[0], key[1], line, counter)) < thresholds[line]:
            fired[count] = line
            count += 1
    return count


@jit
def _sample_update(cells, law, trains, keys, x, d, sample, k, epoch, work):
    """One sample of a rank-one update; returns pulses and whether the update was cut short."""
    length, x_divisor, d_divisor, factor, short = _plan(_largest(x), _largest(d), k, trains)
    if length == 0:
        return 0, False
    col_thresholds, row_thresholds, fired_cols, fired_rows = work
    _thresholds(x, x_divisor, factor, col_thresholds)
    _thresholds(d, d_divisor, factor, row_thresholds)
    pulses = 0
    for slot in range(length):
        counter = sample * trains.length + slot
        n_rows = _fired(row_thresholds, counter, keys.rows, fired_rows)
        n_cols = _fired(col_thresholds, counter, keys.columns, fired_cols) if n_rows else 0
        for r in range(n_rows):
            i = fired_rows[r]
            for c in range(n_cols):
                j = fired_cols[c]
                up = (x[j] > 0.0) != (d[i] > 0.0)
                pulses += _pulse_planes(cells, law, keys.cells[0], keys.cells[1], i, j, counter, up, epoch)
    return pulses, short


@jit
def _work(rows, cols):
    return np.empty(cols, np.int64), np.empty(rows, np.int64), np.empty(cols, np.int64), np.empty(rows, np.int64)


@jit
def _pulsed_update(cells, law, trains, keys, x, d, learning_rate, epoch):
    counts = np.zeros(2, np.int64)
    work = _work(d.shape[1], x.shape[1])
    for sample in range(x.shape[0]):
        k = learning_rate * _largest(x[sample]) * _largest(d[sample]) / trains.granularity
        pulses, short = _sample_update(cells, law, trains, keys, x[sample], d[sample], sample, k, epoch, work)
        counts[0] += pulses
        counts[1] += short
    return counts


@jit
def _convert(value, converter):
    if converter.step > 0.0:
        value = converter.step * np.round(value / converter.step)
    return min(max(value, -converter.bound), converter.bound)


@jit
def _read_column(fast, weight, variance, converter, key, j, sample, epoch, out):
    """Read one column of the fast tile through noise and ADC, in tile weights; a cell pulsed just now has no read noise."""
    planes = fast.conductance.shape[0]
    for i in range(out.shape[0]):
        value = -weight[planes]
        for p in range(planes):
            value += weight[p] * np.float64(fast.conductance[p, i, j])
        fresh = True
        for p in range(planes):
            fresh = fresh and fast.epoch_index[p, i, j] == epoch
        sigma = math.sqrt((0.0 if fresh else np.float64(variance[i, j])) + converter.noise * converter.noise)
        if sigma > 0.0:
            value += sigma * _normal(key[0], key[1], i, sample)
        out[i] = _convert(value, converter)


@jit
def _transfer(slow, law, slow_key, state, settings, gain, j, sample, readout, epoch):
    """Steps a to d of the contract for one read column; returns the pulses on the slow tile."""
    reads = state.reads[j]
    armed = reads >= settings.period
    beta = max(min(settings.tail / settings.period, 1.0), 1.0 / (reads + 1.0))
    pulses = 0
    for i in range(readout.shape[0]):
        if armed:
            change = state.chopper[j] * gain * (readout[i] - np.float64(state.reference[i, j]))
            h = np.float64(np.float32(np.float64(state.hidden[i, j]) + change))
            steps = min(max(math.trunc(h), -settings.slow_length), settings.slow_length)
            for pulse in range(abs(steps)):
                counter = sample * settings.slow_length + pulse
                pulses += _pulse_planes(slow, law, slow_key[0], slow_key[1], i, j, counter, steps > 0, epoch)
            if steps != 0:
                h = h * settings.forget if settings.forget >= 0.0 else h - steps
            state.hidden[i, j] = h
        state.mean[i, j] += np.float32(beta * (readout[i] - np.float64(state.mean[i, j])))
    state.reads[j] = reads + 1
    if (reads + 1) % settings.period == 0:
        state.reference[:, j] = state.mean[:, j]
        state.chopper[j] = -state.chopper[j]
    return pulses


@jit
def _running_maxima(state, settings, x, d):
    """Update m_x and m_d; returns their product."""
    memory = min(state.scalars[0] + 1.0, settings.rate_memory)
    state.scalars[2] += (_largest(x) - state.scalars[2]) / memory
    state.scalars[3] += (_largest(d) - state.scalars[3]) / memory
    return state.scalars[2] * state.scalars[3]


@jit
def _agad_update(
    fast, slow, law, trains, keys, slow_key, read_key, read_variance, weight, converter, state, settings, x, d, epochs
):
    rows, cols = d.shape[1], x.shape[1]
    counts = np.zeros(4, np.int64)
    work = _work(rows, cols)
    chopped, readout = np.empty(cols, np.float32), np.empty(rows, np.float64)
    for sample in range(x.shape[0]):
        product = _running_maxima(state, settings, x[sample], d[sample])
        for j in range(cols):
            chopped[j] = x[sample, j] * state.chopper[j]
        if product > 0.0:
            k = settings.fast_rate * (_largest(x[sample]) / state.scalars[2]) * (_largest(d[sample]) / state.scalars[3])
            pulses, short = _sample_update(fast, law, trains, keys, chopped, d[sample], sample, k, epochs[0], work)
            counts[0] += pulses
            counts[1] += short
        state.scalars[0] += 1.0
        if state.scalars[0] % settings.every == 0.0:
            j = np.int64(state.scalars[1])
            gain = settings.gain * product**settings.gain_power
            _read_column(fast, weight, read_variance, converter, read_key, j, sample, epochs[0], readout)
            counts[2] += 1
            counts[3] += _transfer(slow, law, slow_key, state, settings, gain, j, sample, readout, epochs[1])
            state.scalars[1] = (j + 1) % cols
    return counts


@jit
def _convert_lines(z, variance, converter, key, counters, scale, y, saturated):
    """Noise, ADC and rescaling of a block of outputs; marks the samples in which an output saturates."""
    for b in range(z.shape[0]):
        for i in range(z.shape[1]):
            sigma = math.sqrt(np.float64(variance[b, i]) + converter.noise * converter.noise)
            value = np.float64(z[b, i])
            if sigma > 0.0:
                value += sigma * _normal(key[0], key[1], i, counters[b])
            saturated[b] += abs(value) > converter.bound + converter.step / 2
            y[b, i] = np.float32(_convert(value, converter) * scale[b])


@jit
def _drive_lines(x, step, shrink, driven, scale):
    """Noise management and DAC: each vector over its own maximum (times 2**rounds), rounded to the DAC's steps."""
    for b in range(x.shape[0]):
        scale[b] = _largest(x[b]) * shrink
        for j in range(x.shape[1]):
            value = np.float64(x[b, j]) / scale[b] if scale[b] > 0.0 else 0.0
            driven[b, j] = np.float32(step * np.round(value / step)) if step > 0.0 else np.float32(value)


@final
class Cpu:
    """The compiled member of the contract."""

    def pulsed_update(
        self,
        cells: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        x: FloatArray,
        d: FloatArray,
        learning_rate: float,
        epoch: int,
    ) -> NDArray[np.int64]:
        """See `Member.pulsed_update`."""
        return _pulsed_update(cells, law, trains, keys, x, d, float(learning_rate), int(epoch))

    def agad_update(
        self,
        fast: Cells,
        slow: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        slow_key: tuple[int, int],
        read_key: tuple[int, int],
        read_variance: FloatArray,
        weight: NDArray[np.float64],
        converter: Converter,
        state: TransferState,
        settings: TransferSettings,
        x: FloatArray,
        d: FloatArray,
        epochs: tuple[int, int],
    ) -> NDArray[np.int64]:
        """See `Member.agad_update`."""
        return _agad_update(
            fast,
            slow,
            law,
            trains,
            keys,
            slow_key,
            read_key,
            read_variance,
            weight,
            converter,
            state,
            settings,
            x,
            d,
            epochs,
        )

    def drive(self, x: FloatArray, step: float, shrink: float) -> tuple[FloatArray, FloatArray]:
        """See `Member.drive`."""
        driven, scale = np.empty_like(x), np.empty(x.shape[0], np.float32)
        _drive_lines(x, float(step), float(shrink), driven, scale)
        return driven, scale

    def convert(
        self,
        z: FloatArray,
        variance: FloatArray,
        converter: Converter,
        key: tuple[int, int],
        counters: NDArray[np.int64],
        scale: FloatArray,
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """See `Member.convert`."""
        y, saturated = np.empty_like(z), np.zeros(z.shape[0], np.int64)
        _convert_lines(z, variance, converter, key, counters, scale, y, saturated)
        return y, saturated
