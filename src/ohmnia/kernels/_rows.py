"""What a mini-batch does to the rows of a block: pulses on the fast tile, column reads, transfers to the slow tile.

Rows do not depend on one another, so that they can be done on any number of threads.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._cells import (
    count,
    find_hits,
    prepare_row,
    sort_hits,
    update_dense,
    update_hits,
    update_singly,
)
from ohmnia.kernels._columns import transfer_column
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import popcount

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
# To put a hit cell close to the others costs as much as so many lanes of a pulse; below this share of the columns it pays.
_LANES_A_HIT, _DENSE_SHARE = 7, 0.25
AUTO, DENSE, HITS = range(3)
# Rows whose hits are put together, for long vectors; and how many hits find room, unless two rows have more.
_TOGETHER, _ROOM = 64, 2048


@jit
def _pulse_hits(tile, planes, found, hits, ordered, live, first, keys, law, close, table, epoch):
    """One sample on the hit cells of some rows; the number of pulses."""
    size = _U64(tile[0].shape[0])
    most, total = sort_hits(found, hits, ordered, live)
    for p in range(planes):
        offset, sign = _U64(p) * (size // _U64(planes)), _ONE if p == 0 else -_ONE
        if law[1]:
            update_hits(tile, size, offset, sign, ordered, live, most, first, keys, law[0], close, table, epoch)
        else:
            update_singly(tile, offset, sign, found, hits, first, keys, law, table, epoch)
    return total * planes


@jit
def update_rows(
    first_row,
    last_row,
    fast,
    slow,
    law,
    d,
    table,
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
        (multiplicative, linear, exponent up, exponent down, tables).
    d, table
        Output gradients, and the table of normals.
    planned
        See `make_trains`.
    events, factors
        Column reads; see `plan_transfer`.
    buffers
        H, P, M, variance of the column reads, weight, weights of the slow tile (or nothing).
    path
        AUTO, or what a test asks for.
    keys
        int64: the cells' noise, the slow cells' noise, read noise, direct transfers, two words each.
    numbers
        float64: bound, step and noise of the converter, longest fast train, direct, slow_length, forget, epochs,
        slow_unit.
    counts
        int64 (5,): as `Member.transfer_update` returns them; added to.
    """
    conductance, parameters, epochs = fast
    col_words, row_words, listed_words, listed, listed_count, share, signs = planned
    planes, rows, cols = conductance.shape
    length, epoch = np.int64(numbers[3]), np.int32(numbers[7])
    size, width, parts, stride = _U64(planes * rows * cols), _U64(cols), col_words.shape[1], _U64(cols + 1)
    tile = (conductance.reshape(-1), parameters.reshape(-1), epochs.reshape(-1))
    slow_tile = (slow[0].reshape(-1), slow[1].reshape(-1), slow[2].reshape(-1))
    hidden, reference, mean, variance, weight, weights = buffers
    digital = (hidden.reshape(-1), reference.reshape(-1), mean.reshape(-1), variance, weight, weights.reshape(-1))
    flat_signs, flat_words, flat_listed_words, flat_listed = (
        signs.ravel(),
        col_words.ravel(),
        listed_words.ravel(),
        listed.ravel(),
    )
    room = max(_ROOM, 2 * cols)
    lanes, falling = np.empty(_TOGETHER * planes * cols, np.uint32), _U64(_TOGETHER * planes * cols)
    slopes, row_counts = np.empty(2 * lanes.shape[0], np.float32), np.empty(cols, np.uint32)
    index, xi = np.empty(room, np.uint32), np.empty(room, np.float32)
    dense_work = (lanes, slopes, row_counts, index, xi)
    hits = (np.empty(room, np.uint32), np.empty(room, np.float32), np.empty(room, np.uint32))
    ordered = (np.empty(room, np.uint32), np.empty(room, np.float32))
    live = np.empty(2 * length + 3, np.uint64)
    six = np.empty((6, room), np.float32)
    close = (np.empty(room, np.uint32), index, xi, six[0], six[1], six[2], six[3], six[4], six[5])
    column_work = (np.empty(_TOGETHER), xi, index, np.empty(_TOGETHER + 1, np.uint32))
    own, ready = np.empty(parts, np.uint32), np.empty(_TOGETHER, np.bool_)
    for top in range(first_row, last_row, _TOGETHER):
        bottom = min(top + _TOGETHER, last_row)
        ready[:] = False
        for b in range(d.shape[0]):
            first, sign_at, found = b * length, _U64(b * cols), _U64(0)
            for i in range(top, bottom):
                slots = 0
                for part in range(parts):
                    own[part] = row_words[b, part, i]
                    slots += np.int64(popcount(own[part]))
                if slots == 0:
                    continue
                row_sign = _ONE if d[b, i] > _ZERO else -_ONE
                dense, most, total = False, 0, 0
                likely = min(slots * share[b], np.float64(listed_count[b]))
                if law[1] and (path == DENSE or (path == AUTO and likely > _DENSE_SHARE * cols)):
                    most, total = count(own, flat_words, _U64(b * parts * cols), width, width, row_counts)
                    hit = min(total, np.int64(listed_count[b]))
                    dense = path == DENSE or hit * _LANES_A_HIT + total > most * cols
                if dense:
                    prepared = _U64((i - top) * planes * cols)
                    if not ready[i - top]:
                        for p in range(planes):
                            row_cell, at = _U64((p * rows + i) * cols), prepared + _U64(p * cols)
                            prepare_row(tile[1], size, row_cell, width, at, _U32(keys[0]), lanes, slopes, falling)
                        ready[i - top] = True
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
                        prepared,
                        falling,
                        table,
                        epoch,
                    )
                    counts[0] += total * planes
                    continue
                if found + _U64(listed_count[b]) >= _U64(room):
                    counts[0] += _pulse_hits(tile, planes, found, hits, ordered, live, first, keys, law, close, table, epoch)
                    found = _U64(0)
                found = find_hits(
                    own,
                    flat_listed_words,
                    _U64(b * parts * (cols + 1)),
                    stride,
                    _U64(listed_count[b]),
                    flat_listed,
                    _U64(b * (cols + 1)),
                    flat_signs,
                    sign_at,
                    _U64(i * cols),
                    row_sign,
                    found,
                    hits,
                )
            if found > _U64(0):
                counts[0] += _pulse_hits(tile, planes, found, hits, ordered, live, first, keys, law, close, table, epoch)
            if events[b, 0] >= 0:
                event = (events[b, 0], events[b, 1], events[b, 2] > 0, events[b, 3] > 0)
                factor, plane = (factors[b, 0], factors[b, 1]), _U64(rows * cols)
                transfer_column(
                    top,
                    bottom - top,
                    b,
                    planes,
                    plane,
                    width,
                    tile,
                    slow_tile,
                    law,
                    table,
                    event,
                    factor,
                    digital,
                    keys,
                    numbers,
                    column_work,
                    counts,
                )
