"""Pulses on cells, row after row: packed trains are met by AND and popcount, and a row's cells stay in cache.

A row and a sample meet in one of three ways, which give the same bits: *dense*, all columns at once and pulse after pulse
(vectorised, for soft bounds with exponents of 1); *lanes*, the hit columns one by one; and *lists*, the same over the
few columns whose trains are not empty. All steps are float32 operations in one order, without fast-math.
"""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._jit import jit
from ohmnia.kernels._plan import AUTO, DENSE
from ohmnia.kernels._words import lane, mix, popcount, step, word

_F32, _U32 = np.float32, np.uint32
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_TWO_POW_32 = 4294967296.0
_SHIFT = np.uint32(20)
_BLOCK = 512
# A pulse alone costs as much as ten lanes of a vectorised pulse.
_LANES_A_PULSE = 10


@jit
def _pulse(g, up, parameters, p, i, j, law, xi):
    """Conductance after one pulse; `law` is (multiplicative, linear, exponent up, exponent down)."""
    multiplicative, linear, exponent_up, exponent_down = law
    low, high, noise = parameters[2, p, i, j], parameters[3, p, i, j], parameters[4, p, i, j]
    sign = _ONE if up else -_ONE
    full = parameters[0, p, i, j] if up else parameters[1, p, i, j]
    reach = _F32(sign * _F32((high if up else low) - g))
    reach = reach if reach > _ZERO else _ZERO
    span = _F32(high - low)
    if linear:
        mean = _F32(_F32(full / span) * reach)
    else:
        mean = _F32(full * (np.float64(reach) / span) ** (exponent_up if up else exponent_down))
    spread = _F32(noise * mean) if multiplicative else noise
    moved = _F32(g + _F32(sign * _F32(mean + _F32(spread * xi))))
    floor, ceiling = g if g < low else low, g if g > high else high
    moved = moved if moved > floor else floor
    return moved if moved < ceiling else ceiling


@jit
def _pulses(conductance, parameters, p, i, j, up, first, count, key0, key1, law, table):
    """`count` pulses on one cell, with the normals of counters first, first + 1, ..."""
    cell = lane(key0, (p * conductance.shape[1] + i) * conductance.shape[2] + j)
    g = conductance[p, i, j]
    for n in range(count):
        xi = table[mix(_U32(_U32(cell + step(first + n)) ^ _U32(key1))) >> _SHIFT]
        g = _pulse(g, up, parameters, p, i, j, law, xi)
    conductance[p, i, j] = g


@jit
def _meet(row_word, col_words, counts):
    for j in range(counts.shape[0]):
        counts[j] = popcount(_U32(row_word & col_words[j]))


@jit
def _meet_more(row_word, col_words, counts):
    for j in range(counts.shape[0]):
        counts[j] = _U32(counts[j] + popcount(_U32(row_word & col_words[j])))


@jit
def _sum_up(counts):
    most, total = _U32(0), _U32(0)
    for j in range(counts.shape[0]):
        total = _U32(total + counts[j])
        most = counts[j] if counts[j] > most else most
    return np.int64(most), np.int64(total)


@jit
def _coincidences(row_words, col_words, left, counts):
    """Pulses of every column of a block, into `counts`; the most of a column, and their sum."""
    right = left + counts.shape[0]
    _meet(row_words[0], col_words[0, left:right], counts)
    for part in range(1, row_words.shape[0]):
        _meet_more(row_words[part], col_words[part, left:right], counts)
    return _sum_up(counts)


@jit
def _indices(lanes, counter, key1, index):
    """Where in the table the normals of one pulse of every lane are."""
    for j in range(lanes.shape[0]):
        index[j] = _U32(mix(_U32(_U32(lanes[j] + counter) ^ key1)) >> _SHIFT)


@jit
def _look_up(table, index, xi):
    for j in range(index.shape[0]):
        xi[j] = table[index[j]]


@jit
def _vector_pulse(conductance, low, high, noise, slope_up, slope_down, signs, row_sign, counts, number, xi, multiplicative):
    """Pulse `number` of every column that has so many: `_pulse` without its branches."""
    for j in range(conductance.shape[0]):
        # All loads first: a load behind a condition becomes a gather.
        g, floor, ceiling, rise, fall, spread = conductance[j], low[j], high[j], slope_up[j], slope_down[j], noise[j]
        sign = _F32(signs[j] * row_sign)
        up = sign > _ZERO
        reach = _F32(sign * _F32((ceiling if up else floor) - g))
        reach = reach if reach > _ZERO else _ZERO
        mean = _F32((rise if up else fall) * reach)
        spread = _F32(spread * mean) if multiplicative else spread
        moved = _F32(g + _F32(sign * _F32(mean + _F32(spread * xi[j]))))
        floor, ceiling = g if g < floor else floor, g if g > ceiling else ceiling
        moved = moved if moved > floor else floor
        moved = moved if moved < ceiling else ceiling
        conductance[j] = moved if number < counts[j] else g


@jit
def _prepare_row(parameters, i, key0, lanes, slopes):
    """Slopes and lanes of the noise of one row's cells."""
    _, planes, rows, cols = parameters.shape
    for p in range(planes):
        for j in range(cols):
            span = _F32(parameters[3, p, i, j] - parameters[2, p, i, j])
            slopes[0, p, j] = _F32(parameters[0, p, i, j] / span)
            slopes[1, p, j] = _F32(parameters[1, p, i, j] / span)
        for j in range(cols):
            lanes[p, j] = lane(key0, (p * rows + i) * cols + j)


@jit
def _dense(cells, p, i, left, right, signs, row_sign, counts, most, first, key1, multiplicative, row, table):
    """All pulses of one sample on a block of a row."""
    conductance, parameters = cells
    lanes, slopes, index, xi = row
    width = right - left
    for number in range(most):
        _indices(lanes[p, left:right], step(first + number), _U32(key1), index[:width])
        _look_up(table, index[:width], xi[:width])
        _vector_pulse(
            conductance[p, i, left:right],
            parameters[2, p, i, left:right],
            parameters[3, p, i, left:right],
            parameters[4, p, i, left:right],
            slopes[0, p, left:right],
            slopes[1, p, left:right],
            signs[left:right],
            row_sign,
            counts,
            _U32(number),
            xi[:width],
            multiplicative,
        )


@jit
def _stamp(epochs, counts, epoch):
    for j in range(epochs.shape[0]):
        epochs[j] = epoch if counts[j] > _U32(0) else epochs[j]


@jit
def _update_listed(
    conductance, parameters, epochs, i, row_words, col_words, listed, signs, row_sign, first, keys, law, table, epoch
):
    """One sample on the listed columns of a row; returns the pulses."""
    total = 0
    for j in listed:
        count = 0
        for part in range(row_words.shape[0]):
            count += np.int64(popcount(_U32(row_words[part] & col_words[part, j])))
        if count > 0:
            up = _F32(signs[j] * row_sign) > _ZERO
            for p in range(conductance.shape[0]):
                _pulses(conductance, parameters, p, i, j, up == (p == 0), first, count, keys[0], keys[1], law, table)
                epochs[p, i, j] = epoch
            total += count
    return total


@jit
def _update_block(
    conductance, parameters, epochs, i, left, counts, most, dense, signs, row_sign, first, keys, law, row, table, epoch
):
    """One sample on a block of columns of a row."""
    right = left + counts.shape[0]
    for p in range(conductance.shape[0]):
        own_sign = row_sign if p == 0 else -row_sign
        if dense:
            cells = conductance, parameters
            _dense(cells, p, i, left, right, signs, own_sign, counts, most, first, keys[1], law[0], row, table)
        else:
            for j in range(left, right):
                count = np.int64(counts[j - left])
                if count > 0:
                    up = _F32(signs[j] * own_sign) > _ZERO
                    _pulses(conductance, parameters, p, i, j, up, first, count, keys[0], keys[1], law, table)
        _stamp(epochs[p, i, left:right], counts, epoch)


@jit
def _read(conductance, epochs, weight, variance, converter, xi, i, j, epoch):
    """Read one weight of the fast tile through noise and ADC; a weight pulsed just now has no read noise."""
    planes = conductance.shape[0]
    value, fresh = -weight[planes], True
    for p in range(planes):
        value += weight[p] * np.float64(conductance[p, i, j])
        fresh = fresh and epochs[p, i, j] == epoch
    bound, resolution, noise = converter
    sigma = math.sqrt((0.0 if fresh else np.float64(variance)) + noise * noise)
    value += sigma * np.float64(xi)
    if resolution > 0.0:
        value = resolution * np.round(value / resolution)
    return min(max(value, -bound), bound)


@jit
def _hidden_steps(hidden, i, j, change, slow_length, forget):
    """Add to H; the steps that leave it (signed), and whether they were limited."""
    h = np.float64(_F32(np.float64(hidden[i, j]) + change))
    whole = math.trunc(min(max(h, -1e9), 1e9))
    steps = min(max(whole, -slow_length), slow_length)
    if steps != 0:
        h = h * forget if forget >= 0.0 else h - steps
    hidden[i, j] = h
    return steps, abs(whole) > slow_length


@jit
def _direct_steps(key0, key1, i, b, change, slow_length):
    """Pulses of a stochastic train for one read (signed), and whether they were limited."""
    threshold = np.int64(math.floor(min(abs(change) / slow_length, 1.0) * _TWO_POW_32 + 0.5))
    steps = 0
    for slot in range(slow_length):
        steps += np.int64(word(key0, key1, i, b * slow_length + slot)) < threshold
    return steps if change > 0.0 else -steps, abs(change) > slow_length


@jit
def update_rows(
    first_row,
    last_row,
    fast,
    slow,
    law,
    planned,
    events,
    factors,
    buffers,
    path,
    keys,
    numbers,
    counts,
):
    """Everything that a mini-batch does to some rows of a block.

    Parameters
    ----------
    first_row, last_row
        The rows.
    fast, slow
        Conductance, parameters and epochs of the two tiles; `slow` is not touched without events.
    law
        (multiplicative, linear, exponent up, exponent down).
    planned
        d, signs and packed trains of the columns, packed trains of the rows, listed columns and their number, table.
    events, factors
        Column reads; see `plan_transfer`.
    buffers
        H, P, M, variance of the column reads, weight.
    path
        AUTO, or what a test asks for.
    keys
        int64: the cells' noise, the slow cells' noise, read noise, direct transfers, two words each.
    numbers
        float64: bound, step and noise of the converter, longest fast train, direct, slow_length, forget, epochs.
    counts
        int64 (3,): pulses on the fast tile, on the slow tile, limited transfers; added to.
    """
    conductance, parameters, epochs = fast
    slow_conductance, slow_parameters, slow_epochs = slow
    d, signs, col_words, row_words, listed, listed_count, table = planned
    hidden, reference, mean, variance, weight = buffers
    planes, _, cols = conductance.shape
    converter = (numbers[0], numbers[1], numbers[2])
    length, direct, slow_length, forget = np.int64(numbers[3]), numbers[4] > 0.0, np.int64(numbers[5]), numbers[6]
    epoch, slow_epoch = np.int32(numbers[7]), np.int32(numbers[8])
    block = min(_BLOCK, cols)
    hits, lanes, slopes = np.empty(block, np.uint32), np.empty((planes, cols), np.uint32), np.empty((2, planes, cols), np.float32)
    row = (lanes, slopes, np.empty(block, np.uint32), np.empty(block, np.float32))
    for i in range(first_row, last_row):
        ready = False
        for b in range(d.shape[0]):
            filled = _U32(0)
            for part in range(row_words.shape[1]):
                filled = _U32(filled | row_words[b, part, i])
            row_sign = _ONE if d[b, i] > _ZERO else -_ONE
            if filled != _U32(0) and listed_count[b] >= 0:
                total = _update_listed(
                    conductance,
                    parameters,
                    epochs,
                    i,
                    row_words[b, :, i],
                    col_words[b],
                    listed[b, : listed_count[b]],
                    signs[b],
                    row_sign,
                    b * length,
                    keys,
                    law,
                    table,
                    epoch,
                )
                counts[0] += total * planes
            elif filled != _U32(0):
                for left in range(0, cols, block):
                    width = min(block, cols - left)
                    most, total = _coincidences(row_words[b, :, i], col_words[b], left, hits[:width])
                    if total > 0:
                        dense = law[1] and (path == DENSE or (path == AUTO and total * _LANES_A_PULSE > most * width))
                        if dense and not ready:
                            _prepare_row(parameters, i, keys[0], lanes, slopes)
                            ready = True
                        _update_block(
                            conductance,
                            parameters,
                            epochs,
                            i,
                            left,
                            hits[:width],
                            most,
                            dense,
                            signs[b],
                            row_sign,
                            b * length,
                            keys,
                            law,
                            row,
                            table,
                            epoch,
                        )
                        counts[0] += total * planes
            j = np.int64(events[b, 0])
            if j >= 0:
                xi = table[word(keys[4], keys[5], i, b) >> _SHIFT]
                r = _read(conductance, epochs, weight, variance[i, events[b, 1]], converter, xi, i, j, epoch)
                if events[b, 2]:
                    change = factors[b, 0] * (r - np.float64(reference[i, j]))
                    if direct:
                        steps, limited = _direct_steps(keys[6], keys[7], i, b, change, slow_length)
                    else:
                        steps, limited = _hidden_steps(hidden, i, j, change, slow_length, forget)
                    counts[2] += limited
                    if steps != 0:
                        for p in range(planes):
                            up = (steps > 0) == (p == 0)
                            first = b * slow_length
                            _pulses(
                                slow_conductance, slow_parameters, p, i, j, up, first, abs(steps), keys[2], keys[3], law, table
                            )
                            slow_epochs[p, i, j] = slow_epoch
                        counts[1] += abs(steps) * planes
                if factors[b, 1] > 0.0:
                    mean[i, j] = _F32(np.float64(mean[i, j]) + factors[b, 1] * (r - np.float64(mean[i, j])))
                if events[b, 3]:
                    reference[i, j] = mean[i, j]
