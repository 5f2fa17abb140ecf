"""Pulses on cells, row after row: packed trains are met by AND and popcount, and a row's cells stay in cache.

A row and a sample meet in one of two ways, which give the same bits: *dense*, pulse after pulse on all columns at once; or
by *hits*, where the pulsed cells of many rows are first put close together, those with most pulses first. Either is
vectorised for soft bounds with exponents of 1; other exponents and tables are done cell by cell. All steps are float32
operations in one order, without fast-math, but for these, whose relative step is float64.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._cpu_normals import look_up
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import lane, mix, popcount, step

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_ONE, _HALF, _ZERO = np.float32(1.0), np.float32(0.5), np.float32(0.0)
_SHIFT = np.uint32(20)
# Cells that are pulsed to the end before the next ones, so that they and the table of normals stay in the nearest cache.
_NEAR = np.uint64(512)


@jit
def tabulated(tables, row, reach):
    """Relative step at a distance to the bound ahead of `reach` spans, by row 0 (up) or 1 (down) of the tables; float64."""
    last = tables.shape[1] - 1
    # In this form NaN becomes 1, and every place lies in the table.
    place = (reach if reach < 1.0 else 1.0) * last
    left = min(np.int64(place), last - 1)
    here, there = np.float64(tables[row, left]), np.float64(tables[row, left + 1])
    return here + (place - left) * (there - here)


@jit
def _pulse(g, up, cell, size, parameters, law, xi):
    """Conductance after one pulse; `law` is (multiplicative, linear, exponent up, exponent down, tables)."""
    multiplicative, linear, exponent_up, exponent_down, tables = law
    low, high, noise = parameters[2 * size + cell], parameters[3 * size + cell], parameters[4 * size + cell]
    sign = _ONE if up else -_ONE
    full = parameters[cell] if up else parameters[size + cell]
    reach = _F32(sign * _F32((high if up else low) - g))
    reach = reach if reach > _ZERO else _ZERO
    span = _F32(high - low)
    if linear:
        mean = _F32(_F32(full / span) * reach)
    elif tables.shape[1] > 0:
        mean = _F32(full * tabulated(tables, 0 if up else 1, np.float64(reach) / span))
    else:
        mean = _F32(full * (np.float64(reach) / span) ** (exponent_up if up else exponent_down))
    spread = _F32(noise * mean) if multiplicative else noise
    moved = _F32(g + _F32(sign * _F32(mean + _F32(spread * xi))))
    floor, ceiling = g if g < low else low, g if g > high else high
    moved = moved if moved > floor else floor
    return moved if moved < ceiling else ceiling


@jit
def pulses(conductance, parameters, cell, up, first, count, key0, key1, law, table):
    """`count` pulses on one cell, with the normals of counters first, first + 1, ..."""
    own, g = lane(key0, cell), conductance[cell]
    for n in range(count):
        xi = table[mix(_U32(_U32(own + step(first + n)) ^ _U32(key1))) >> _SHIFT]
        g = _pulse(g, up, cell, conductance.shape[0], parameters, law, xi)
    conductance[cell] = g


# Arrays are flat from here on, with offsets that are not signed: a slice costs two atomic counts of its references, and a
# signed index a test for a negative one. `width` is the number of columns, or of hit cells put close together.


@jit
def count(row_words, words, start, stride, width, counts):
    """Pulses of every column, into `counts`; the most of a column, and their sum."""
    most, total = _U32(0), _U32(0)
    row_word = row_words[0]
    for j in range(width):
        counts[j] = popcount(_U32(row_word & words[start + j]))
    for part in range(1, row_words.shape[0]):
        row_word, begin = row_words[part], start + _U64(part) * stride
        for j in range(width):
            counts[j] = _U32(counts[j] + popcount(_U32(row_word & words[begin + j])))
    for j in range(width):
        total = _U32(total + counts[j])
        most = counts[j] if counts[j] > most else most
    return np.int64(most), np.int64(total)


@jit
def _normals(lanes, at, counter, key1, index, xi, table, width):
    """The normals of one pulse of every lane."""
    for j in range(width):
        index[j] = _U32(mix(_U32(_U32(lanes[at + j] + counter) ^ key1)) >> _SHIFT)
    look_up(table, index, width, xi)


@jit
def _moved(old, low, high, noise, slope, sign, xi, scaled):
    """Conductance after one pulse of a linear law: `_pulse` without its branches."""
    reach = _F32(sign * _F32((high if sign > _ZERO else low) - old))
    reach = reach if reach > _ZERO else _ZERO
    mean = _F32(slope * reach)
    spread = _F32(noise * mean) if scaled else noise
    moved = _F32(old + _F32(sign * _F32(mean + _F32(spread * xi))))
    floor, ceiling = old if old < low else low, old if old > high else high
    moved = moved if moved > floor else floor
    return moved if moved < ceiling else ceiling


@jit
def _vector_pulse(
    g, at, limits, low, high, noise, slopes, rise, fall, signs, sign_at, row_sign, counts, number, xi, width, scaled
):
    """Pulse `number` of every cell of a row that has so many."""
    for j in range(width):
        # All loads first: a load behind a condition becomes a gather.
        old, floor, ceiling, spread = g[at + j], limits[low + j], limits[high + j], limits[noise + j]
        up_slope, down_slope, sign = slopes[rise + j], slopes[fall + j], _F32(signs[sign_at + j] * row_sign)
        moved = _moved(old, floor, ceiling, spread, up_slope if sign > _ZERO else down_slope, sign, xi[j], scaled)
        g[at + j] = moved if number < counts[j] else old


@jit
def prepare_row(parameters, size, cell, width, at, key0, lanes, slopes, slopes_stride):
    """Slopes and lanes of the noise of one row of a plane."""
    for j in range(width):
        span = _F32(parameters[_U64(3) * size + cell + j] - parameters[_U64(2) * size + cell + j])
        slopes[at + j] = _F32(parameters[cell + j] / span)
        slopes[slopes_stride + at + j] = _F32(parameters[size + cell + j] / span)
    for j in range(width):
        lanes[at + j] = mix(_U32(_U32(cell + j) ^ key0))


@jit
def update_dense(
    tile, planes, row, width, size, signs, sign_at, row_sign, first, key1, scaled, most, work, prepared, falling, table, epoch
):
    """One sample on all columns of a row, pulse after pulse; the row's lanes and slopes start at `prepared`."""
    conductance, parameters, epochs = tile
    lanes, slopes, counts, index, xi = work
    for p in range(planes):
        at = prepared + p * width
        cell = (p * (size // (planes * width)) + row) * width
        own_sign = row_sign if p == _U64(0) else -row_sign
        for number in range(most):
            _normals(lanes, at, step(first + number), key1, index, xi, table, width)
            _vector_pulse(
                conductance,
                cell,
                parameters,
                _U64(2) * size + cell,
                _U64(3) * size + cell,
                _U64(4) * size + cell,
                slopes,
                at,
                falling + at,
                signs,
                sign_at,
                own_sign,
                counts,
                _U32(number),
                xi,
                width,
                scaled,
            )
        for j in range(width):
            epochs[cell + j] = epoch if counts[j] > _U32(0) else epochs[cell + j]


@jit
def find_hits(row_words, words, start, stride, count, listed, listed_at, signs, sign_at, row_cell, row_sign, found, hits):
    """Append the listed columns that coincide with a row: cell, direction and pulses; returns how many hits there are now."""
    cells, directions, counts = hits
    row_word = row_words[0]
    for k in range(count):
        j = _U64(listed[listed_at + k])
        pulses = popcount(_U32(row_word & words[start + k]))
        for part in range(1, row_words.shape[0]):
            pulses = _U32(pulses + popcount(_U32(row_words[part] & words[start + _U64(part) * stride + k])))
        # Without a branch, for speed: what is no hit is overwritten by the next one.
        cells[found], directions[found], counts[found] = _U32(row_cell + j), _F32(signs[sign_at + j] * row_sign), pulses
        found += _U64(pulses != _U32(0))
    return found


@jit
def sort_hits(found, hits, ordered, live):
    """Hits by falling number of pulses; `live[n]` have more than n. Returns the most of a cell, and their sum."""
    cells, directions, counts = hits
    most, total = _U32(0), _U32(0)
    for h in range(found):
        total = _U32(total + counts[h])
        most = counts[h] if counts[h] > most else most
    if most <= _U32(1):
        live[0] = found
        for h in range(found):
            ordered[0][h], ordered[1][h] = cells[h], directions[h]
        return np.int64(most), np.int64(total)
    places = live[most + 1 :]
    for n in range(most + 1):
        live[n] = 0
    for h in range(found):
        live[counts[h] - 1] += 1
    for n in range(most - 1, -1, -1):
        live[n] += live[n + 1]
    for n in range(most + 1):
        places[n] = live[n]
    for h in range(found):
        at = places[counts[h]]
        places[counts[h]] = at + 1
        ordered[0][at], ordered[1][at] = cells[h], directions[h]
    return np.int64(most), np.int64(total)


@jit
def _put_close(tile, size, cell, sign, h, close, epoch):
    """Put one cell close to the others, at place `h`."""
    conductance, parameters, epochs = tile
    old, low, high, noise, slope, signs = close[3:]
    old[h] = conductance[cell]
    low[h] = parameters[_U64(2) * size + cell]
    high[h] = parameters[_U64(3) * size + cell]
    noise[h] = parameters[_U64(4) * size + cell]
    # By arithmetic on a sign of +-1: a choice becomes a branch, and directions are random, so that half of the guesses are wrong.
    slope[h] = parameters[cell + size * _U64(np.int64(_HALF - _HALF * sign))]
    signs[h] = sign
    epochs[cell] = epoch


@jit
def pulse_close(conductance, cells, offset, live, most, first, keys, scaled, close, table):
    """Pulses on cells that are close together, those with most pulses first, and back to where they belong."""
    lanes, index, xi, old, low, high, noise, slope, signs = close
    found = live[0]
    for h in range(found):
        slope[h] = _F32(slope[h] / _F32(high[h] - low[h]))
    for h in range(found):
        lanes[h] = mix(_U32(_U32(cells[h] + _U32(offset)) ^ _U32(keys[0])))
    for start in range(_U64(0), found, _NEAR):
        for number in range(most):
            if live[number] <= start:
                break
            width = min(live[number] - start, _NEAR)
            _normals(lanes, start, step(first + number), _U32(keys[1]), index, xi, table, width)
            for k in range(width):
                h = start + k
                old[h] = _moved(old[h], low[h], high[h], noise[h], slope[h], signs[h], xi[k], scaled)
    for h in range(found):
        conductance[_U64(cells[h]) + offset] = old[h]


@jit
def update_hits(tile, size, offset, plane_sign, ordered, live, most, first, keys, scaled, close, table, epoch):
    """One sample on hit cells of a plane: put close together, pulsed, and put back."""
    cells, directions = ordered
    for h in range(live[0]):
        _put_close(tile, size, _U64(cells[h]) + offset, _F32(directions[h] * plane_sign), h, close, epoch)
    pulse_close(tile[0], cells, offset, live, most, first, keys, scaled, close, table)


@jit
def one_slot(words, start, stride, parts, count):
    """The word and the bit of the only slot in which any of the listed columns fires; (0, 0) if there is no such slot."""
    at, bits = 0, _U32(0)
    for part in range(parts):
        begin, own = start + _U64(part) * stride, _U32(0)
        for k in range(count):
            own = _U32(own | words[begin + k])
        if own != _U32(0):
            if bits != _U32(0) or popcount(own) != _U32(1):
                return 0, _U32(0)
            at, bits = part, own
    return at, bits


@jit
def put_close(tile, size, row_cell, listed, listed_at, count, directions, sign, found, cells, close, epoch):
    """Append the listed columns of a row to the cells that are close together; returns how many there are now."""
    for k in range(count):
        cell = row_cell + _U64(listed[listed_at + k])
        cells[found + k] = _U32(cell)
        _put_close(tile, size, cell, _F32(directions[k] * sign), found + k, close, epoch)
    return found + count


@jit
def update_singly(tile, offset, plane_sign, found, hits, first, keys, law, table, epoch):
    """One sample on hit cells of a plane, cell by cell, for any law."""
    conductance, parameters, epochs = tile
    cells, directions, counts = hits
    for h in range(found):
        cell, up = np.int64(_U64(cells[h]) + offset), _F32(directions[h] * plane_sign) > _ZERO
        pulses(conductance, parameters, cell, up, first, np.int64(counts[h]), keys[0], keys[1], law, table)
        epochs[cell] = epoch
