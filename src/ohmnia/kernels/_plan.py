"""What a mini-batch does, before any cell is touched: packed pulse trains, directions, column reads and choppers.

All of it follows from x, d and the digital state; cells do not depend on one another, so that the rows can then be done
in any order and on any number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._cpu_normals import float_of
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import lane, mix, step, word

_TWO_POW_32 = 4294967296.0
_U32, _F32 = np.uint32, np.float32


@jit
def largest(vector):
    """max |v|, by its bits: without their sign they are in the order of the numbers, and whole numbers make a vector."""
    bits, top = vector.view(np.uint32), _U32(0)
    for k in range(bits.shape[0]):
        size = _U32(bits[k] & _U32(0x7FFFFFFF))
        top = size if size > top else top
    return np.float64(float_of(np.int32(top)))


@jit
def _split(x_max, d_max, k, length, update_management, length_management):
    """Slots, divisors of columns and rows, factor of the probabilities, and whether the update is cut short."""
    slots = min(np.int64(math.ceil(min(k, 1e9))), length) if length_management else length
    if slots <= 0 or k <= 0.0:
        return 0, 1.0, 1.0, 0.0, False
    short = k > slots
    if update_management:
        return slots, x_max, d_max, math.sqrt(min(k / slots, 1.0)), short
    asked = min(k, np.float64(slots)) if length_management else k
    p = math.sqrt(asked / (slots * x_max * d_max))
    return slots, 1.0, 1.0, p, short or p * x_max > 1.0 or p * d_max > 1.0


@jit
def _thresholds(vector, divisor, factor, last, live):
    """|v| / divisor * factor as 32-bit thresholds by one rounding: a line fires where word <= last and live; their sum."""
    total = 0
    for line in range(vector.shape[0]):
        probability = min(abs(np.float64(vector[line])) / divisor * factor, 1.0)
        threshold = np.int64(math.floor(probability * _TWO_POW_32 + 0.5))
        last[line] = _U32(max(threshold - 1, 0))
        live[line] = _U32(0xFFFFFFFF) if threshold > 0 else _U32(0)
        total += threshold
    return total / _TWO_POW_32


@jit
def _fire(lanes, last, live, counter, key1, bit, words):
    """Set one slot's bit in the word of every line that fires."""
    for line in range(lanes.shape[0]):
        drawn = mix(_U32(_U32(lanes[line] + counter) ^ key1))
        words[line] = _U32(words[line] | (_U32(bit & live[line]) if drawn <= last[line] else _U32(0)))


@jit
def _trains(lanes, last, live, key1, first, slots, words):
    """The packed trains of one sample, (words of 32 slots, lines)."""
    for slot in range(slots):
        bit = _U32(_U32(1) << _U32(slot & 31))
        _fire(lanes, last, live, step(first + slot), _U32(key1), bit, words[slot >> 5])


@jit
def _list_columns(words, listed, listed_words):
    """Columns whose train is not empty, and their words, close together; without a branch, for speed."""
    parts, cols = words.shape
    count = 0
    for j in range(cols):
        filled = _U32(0)
        for part in range(parts):
            filled = _U32(filled | words[part, j])
            listed_words[part, count] = words[part, j]
        listed[count] = j
        count += filled != _U32(0)
    return count


@jit
def make_trains(x, d, asked, trains, keys, planned):
    """Pack the trains of a mini-batch.

    Parameters
    ----------
    x, d
        float32 (samples, cols) and (samples, rows).
    asked
        k of each sample, float64.
    trains
        Longest train, update management, length management.
    keys
        int64: columns, rows, two words each.
    planned
        Filled: packed trains of the columns and rows, uint32 (samples, words, lines), zeros at first; words, index and
        number of the columns whose train is not empty, uint32 (samples, words, cols + 1), int32 (samples, cols + 1) and
        (samples,); columns that fire in a slot, on average, float64 (samples,); directions, float32 (samples, cols).

    Returns
    -------
    tuple
        Samples whose update was smaller than asked, and coincidences to be expected.
    """
    length, update_management, length_management = trains
    col_words, row_words, listed_words, listed, count, share, _ = planned
    rows, cols = d.shape[1], x.shape[1]
    col_lanes, row_lanes = np.empty(cols, np.uint32), np.empty(rows, np.uint32)
    for j in range(cols):
        col_lanes[j] = lane(keys[0], j)
    for i in range(rows):
        row_lanes[i] = lane(keys[2], i)
    last, live = np.empty(max(rows, cols), np.uint32), np.empty(max(rows, cols), np.uint32)
    smaller, expected = 0, 0.0
    for b in range(x.shape[0]):
        slots, x_divisor, d_divisor, factor, short = _split(
            largest(x[b]), largest(d[b]), asked[b], length, update_management, length_management
        )
        smaller += short
        count[b] = 0
        if slots > 0:
            sum_x = _thresholds(x[b], x_divisor, factor, last, live)
            _trains(col_lanes, last[:cols], live[:cols], keys[1], b * length, slots, col_words[b])
            sum_d = _thresholds(d[b], d_divisor, factor, last, live)
            _trains(row_lanes, last[:rows], live[:rows], keys[3], b * length, slots, row_words[b])
            expected += sum_x * sum_d * slots
            count[b] = _list_columns(col_words[b], listed[b], listed_words[b])
            share[b] = sum_x
    return smaller, expected


@jit
def plan_update(x, d, learning_rate, granularity, trains, keys, planned):
    """k, directions and trains of a plain update; see `make_trains`."""
    asked, signs = np.empty(x.shape[0]), planned[6]
    for b in range(x.shape[0]):
        asked[b] = learning_rate * largest(x[b]) * largest(d[b]) / granularity
        for j in range(x.shape[1]):
            signs[b, j] = _F32(-1.0) if x[b, j] > _F32(0.0) else _F32(1.0)
    return make_trains(x, d, asked, trains, keys, planned)


@jit
def _running_means(scalars, memory, x_max, d_max):
    """Update m_x and m_d, and return them; without a memory both are 1."""
    if memory == 0.0:
        return 1.0, 1.0
    span = min(scalars[0] + 1.0, memory)
    scalars[2] += (x_max - scalars[2]) / span
    scalars[3] += (d_max - scalars[3]) / span
    return scalars[2], scalars[3]


@jit
def plan_transfer(
    x,
    d,
    numbers,
    trains,
    keys,
    planned,
    chopper,
    reads,
    scalars,
    events,
    factors,
):
    """k, directions, trains and column reads of a transfer rule; moves choppers, reads and running means on.

    Parameters
    ----------
    numbers
        The first ten fields of `TransferSettings`, as float64.
    keys
        int64: columns, rows, choppers, two words each.
    events
        int32 (samples, 4): column read after the sample (-1: none), number of the read, whether it reaches H, whether the
        reference is renewed.
    factors
        float64 (samples, 2): gain with the chopper's sign, beta.
    """
    fast_rate, memory, gain, power, every, period, flip, wait, dynamic, mean_rate = numbers
    threshold = math.floor(flip * _TWO_POW_32 + 0.5)
    asked, column_reads, cols, signs = np.empty(x.shape[0]), 0, x.shape[1], planned[6]
    for b in range(x.shape[0]):
        x_max, d_max = largest(x[b]), largest(d[b])
        mean_x, mean_d = _running_means(scalars, memory, x_max, d_max)
        asked[b] = fast_rate * (x_max / mean_x) * (d_max / mean_d) if mean_x * mean_d > 0.0 else 0.0
        for j in range(cols):
            signs[b, j] = _F32(-chopper[j]) if x[b, j] > _F32(0.0) else _F32(chopper[j])
        scalars[0] += 1.0
        events[b, 0] = -1
        if scalars[0] % every == 0.0:
            j = np.int64(scalars[1])
            factors[b, 0] = chopper[j] * (gain * (mean_x * mean_d) ** power)
            factors[b, 1] = max(mean_rate, 1.0 / (reads[j] + 1.0)) if dynamic > 0.0 else 0.0
            events[b, 0], events[b, 1], events[b, 2], events[b, 3] = j, column_reads, reads[j] >= wait, 0
            column_reads += 1
            reads[j] += 1
            if (period > 0.0 and reads[j] % period == 0.0) or np.int64(word(keys[4], keys[5], j, b)) < threshold:
                chopper[j] = -chopper[j]
                events[b, 3] = dynamic > 0.0
            scalars[1] = (j + 1) % cols
    smaller, expected = make_trains(x, d, asked, trains, keys, planned)
    return smaller, expected, column_reads
