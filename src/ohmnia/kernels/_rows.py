"""What a mini-batch does to the rows of a block: pulses on the fast tile, column reads, transfers to the slow tile.

Rows do not depend on one another, so that they can be done on any number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._cells import (
    count,
    count_hits,
    find_hits,
    prepare_row,
    pulses,
    update_dense,
    update_hits,
    update_singly,
)
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import popcount, word

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_TWO_POW_32 = 4294967296.0
_SHIFT = np.uint32(20)
# To put a hit cell close to the others costs as much as ten lanes of a pulse; below this share of the columns it pays.
_LANES_A_HIT, _DENSE_SHARE = 10, 0.25
AUTO, DENSE, HITS = range(3)


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
        d, table, packed trains of the columns and rows, listed columns (words, indices, number), columns that fire in a
        slot, signs.
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
    d, table, col_words, row_words, listed_words, listed, listed_count, share, signs = planned
    hidden, reference, mean, variance, weight = buffers
    planes, rows, cols = conductance.shape
    converter = (numbers[0], numbers[1], numbers[2])
    length, direct, slow_length, forget = np.int64(numbers[3]), numbers[4] > 0.0, np.int64(numbers[5]), numbers[6]
    epoch, slow_epoch = np.int32(numbers[7]), np.int32(numbers[8])
    size, width, parts, stride = _U64(planes * rows * cols), _U64(cols), col_words.shape[1], _U64(cols + 1)
    tile = (conductance.reshape(-1), parameters.reshape(-1), epochs.reshape(-1))
    slow_tile = (slow_conductance.reshape(-1), slow_parameters.reshape(-1))
    flat_signs, flat_words, flat_listed_words, flat_listed = (
        signs.ravel(),
        col_words.ravel(),
        listed_words.ravel(),
        listed.ravel(),
    )
    hits, columns = np.empty(cols + 1, np.uint32), np.empty(cols + 1, np.uint32)
    hit_counts, row_counts = np.empty(cols + 1, np.uint32), np.empty(cols + 1, np.uint32)
    lanes, slopes = np.empty(planes * cols, np.uint32), np.empty(2 * planes * cols, np.float32)
    index, xi = np.empty(cols, np.uint32), np.empty(cols, np.float32)
    dense_work = (lanes, slopes, row_counts, index, xi)
    close = (np.empty(cols, np.uint32), index, xi, np.empty(6 * (cols + 1), np.float32))
    own = np.empty(parts, np.uint32)
    for i in range(first_row, last_row):
        ready = False
        for b in range(d.shape[0]):
            slots = 0
            for part in range(parts):
                own[part] = row_words[b, part, i]
                slots += np.int64(popcount(own[part]))
            if slots > 0:
                row_sign, first, sign_at = _ONE if d[b, i] > _ZERO else -_ONE, b * length, _U64(b * cols)
                dense, most, total = False, 0, 0
                likely = min(slots * share[b], np.float64(listed_count[b]))
                if law[1] and (path == DENSE or (path == AUTO and likely > _DENSE_SHARE * cols)):
                    most, total = count(own, flat_words, _U64(b * parts * cols), width, width, row_counts)
                    hit = min(total, np.int64(listed_count[b]))
                    dense = path == DENSE or hit * (most + _LANES_A_HIT) > most * cols
                if dense:
                    if not ready:
                        for p in range(planes):
                            row_cell, at = _U64((p * rows + i) * cols), _U64(p * cols)
                            prepare_row(tile[1], size, row_cell, width, at, _U32(keys[0]), lanes, slopes, _U64(planes * cols))
                        ready = True
                    update_dense(
                        tile,
                        _U64(planes),
                        _U64(i),
                        width,
                        size,
                        flat_signs,
                        sign_at,
                        row_sign,
                        first,
                        _U32(keys[1]),
                        law[0],
                        most,
                        dense_work,
                        table,
                        epoch,
                    )
                else:
                    start = _U64(b * parts * (cols + 1))
                    found = find_hits(own, flat_listed_words, start, stride, _U64(listed_count[b]), hits)
                    most, total = count_hits(
                        own, flat_listed_words, start, stride, flat_listed, _U64(b * (cols + 1)), found, hits, hit_counts, columns
                    )
                    work = (columns, hit_counts)
                    for p in range(planes):
                        own_sign, row_cell = row_sign if p == 0 else -row_sign, _U64((p * rows + i) * cols)
                        if law[1]:
                            update_hits(
                                tile,
                                size,
                                row_cell,
                                flat_signs,
                                sign_at,
                                own_sign,
                                found,
                                most,
                                first,
                                keys,
                                law,
                                work,
                                close,
                                table,
                                epoch,
                                stride,
                            )
                        else:
                            update_singly(
                                tile, row_cell, flat_signs, sign_at, own_sign, found, first, keys, law, work, table, epoch
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
                            cell = (p * rows + i) * cols + j
                            pulses(slow_tile[0], slow_tile[1], cell, up, first, abs(steps), keys[2], keys[3], law, table)
                            slow_epochs[p, i, j] = slow_epoch
                        counts[1] += abs(steps) * planes
                if factors[b, 1] > 0.0:
                    mean[i, j] = _F32(np.float64(mean[i, j]) + factors[b, 1] * (r - np.float64(mean[i, j])))
                if events[b, 3]:
                    reference[i, j] = mean[i, j]
