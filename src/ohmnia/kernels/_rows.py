"""What a mini-batch does to the rows of a block: pulses on the fast tile, column reads, transfers to the slow tile.

Rows do not depend on one another, so that they can be done on any number of threads.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._cells import (
    count,
    find_hits,
    one_slot,
    prepare_row,
    pulse_close,
    put_close,
    sort_hits,
    update_dense,
    update_hits,
    update_singly,
)
from ohmnia.kernels._columns import transfer_column
from ohmnia.kernels._jit import jit
from ohmnia.kernels._memory import after, array_at
from ohmnia.kernels._words import popcount

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
# To put a hit cell close to the others costs as much as so many lanes of a pulse; below this share of the columns it pays.
_LANES_A_HIT, _DENSE_SHARE, _LISTED_SHARE = 7, 0.25, 0.4
AUTO, DENSE, HITS = range(3)
# Rows that are done together, so that their hits make long vectors; and how many hits find room, unless two rows have more.
TOGETHER, _ROOM = 64, 2048


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
def make_room(place, planes, cols, length):
    """Arrays at `place` that `update_rows` works in, for blocks of at most this size; and the address behind them."""
    room, lanes = max(_ROOM, 2 * cols), TOGETHER * planes * cols
    ends = np.empty(9, np.uint64)
    ends[0] = place
    # In units of four bytes.
    sizes = (lanes, 2 * lanes, cols, 2 * TOGETHER, TOGETHER + 1, 4 * length + 6, length, TOGETHER)
    for k in range(8):
        ends[k + 1] = after(ends[k], 4 * sizes[k])
    behind = after(ends[8], 4 * 14 * room)
    words = array_at(ends[8], (14, room), _U32)
    numbers = array_at(ends[8], (14, room), _F32)
    index, xi = words[0], numbers[1]
    dense = (
        array_at(ends[0], (lanes,), _U32),
        array_at(ends[1], (2 * lanes,), _F32),
        array_at(ends[2], (cols,), _U32),
        index,
        xi,
    )
    hits, ordered = (words[2], numbers[3], words[4]), (words[5], numbers[6])
    close = (words[7], index, xi, numbers[8], numbers[9], numbers[10], numbers[11], numbers[12], numbers[13])
    column = (array_at(ends[3], (TOGETHER,), np.float64), xi, index, array_at(ends[4], (TOGETHER + 1,), _U32))
    live, own = array_at(ends[5], (2 * length + 3,), _U64), array_at(ends[6], ((length + 31) // 32,), _U32)
    return (dense, hits, ordered, close, column, live, own, array_at(ends[7], (TOGETHER,), np.uint8)), behind


@jit
def _pulse_listed(
    tile,
    planes,
    top,
    bottom,
    row_words,
    row_signs,
    only,
    listed,
    listed_at,
    columns,
    signs,
    sign_at,
    first,
    keys,
    law,
    room,
    table,
    epoch,
):
    """One sample whose columns fire in one slot only, on some rows; the number of pulses."""
    (cells, directions, _), close, live = room[1], room[3], room[5]
    size, rows, found, total = _U64(tile[0].shape[0]), row_words.shape[0], _U64(0), 0
    cols = size // _U64(planes * rows)
    for k in range(columns):
        directions[k] = signs[sign_at + _U64(listed[listed_at + k])]
    for i in range(top, bottom):
        if row_words[i] & only == _U32(0):
            continue
        row_sign = _ONE if row_signs[i] > _ZERO else -_ONE
        for p in range(planes):
            row_cell, sign = _U64(p * rows + i) * cols, row_sign if p == 0 else -row_sign
            if found + columns > _U64(cells.shape[0]):
                live[0], found = found, _U64(0)
                pulse_close(tile[0], cells, _U64(0), live, np.int64(1), first, keys, law[0], close, table)
            found = put_close(tile, size, row_cell, listed, listed_at, columns, directions, sign, found, cells, close, epoch)
        total += np.int64(columns) * planes
    live[0] = found
    pulse_close(tile[0], cells, _U64(0), live, np.int64(1), first, keys, law[0], close, table)
    return total


@jit
def update_rows(
    top,
    bottom,
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
    room,
):
    """Everything that a mini-batch does to some rows of a block.

    Parameters
    ----------
    top, bottom
        The rows, at most `TOGETHER`.
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
    room
        See `make_room`.
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
    dense_work, hits, ordered, close, column_work, live, words, ready = room
    own = words[:parts]
    falling = _U64(dense_work[0].shape[0])
    ready[:] = np.uint8(0)
    for b in range(d.shape[0]):
        first, sign_at, found = b * length, _U64(b * cols), _U64(0)
        list_at, columns, only = _U64(b * (cols + 1)), _U64(listed_count[b]), _U32(0)
        if law[1] and path == AUTO and columns < _LISTED_SHARE * cols:
            only_part, only = one_slot(flat_listed_words, _U64(parts) * list_at, stride, parts, columns)
        if only != _U32(0):
            counts[0] += _pulse_listed(
                tile,
                planes,
                top,
                bottom,
                row_words[b, only_part],
                d[b],
                only,
                flat_listed,
                list_at,
                columns,
                flat_signs,
                sign_at,
                first,
                keys,
                law,
                room,
                table,
                epoch,
            )
        for i in range(top, bottom if only == _U32(0) else top):
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
                most, total = count(own, flat_words, _U64(b * parts * cols), width, width, dense_work[2])
                hit = min(total, np.int64(listed_count[b]))
                dense = path == DENSE or hit * _LANES_A_HIT + total > most * cols
            if dense:
                prepared = _U64((i - top) * planes * cols)
                if not ready[i - top]:
                    for p in range(planes):
                        row_cell, at = _U64((p * rows + i) * cols), prepared + _U64(p * cols)
                        prepare_row(tile[1], size, row_cell, width, at, _U32(keys[0]), dense_work[0], dense_work[1], falling)
                    ready[i - top] = np.uint8(1)
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
            if found + _U64(listed_count[b]) >= _U64(hits[0].shape[0]):
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
