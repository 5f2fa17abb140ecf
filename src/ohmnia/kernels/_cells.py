"""Pulses on cells, row after row: packed trains are met by AND and popcount, and a row's cells stay in cache.

A row and a sample meet in one of two ways, which give the same bits: *dense*, pulse after pulse on all columns at once; or
by *hits*, where the columns that coincide are first put close together. Either is vectorised for soft bounds with exponents
of 1; other exponents are done cell by cell. All steps are float32 operations in one order, without fast-math.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import lane, mix, popcount, step

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_SHIFT = np.uint32(20)


@jit
def _pulse(g, up, cell, size, parameters, law, xi):
    """Conductance after one pulse; `law` is (multiplicative, linear, exponent up, exponent down)."""
    multiplicative, linear, exponent_up, exponent_down = law
    low, high, noise = parameters[2 * size + cell], parameters[3 * size + cell], parameters[4 * size + cell]
    sign = _ONE if up else -_ONE
    full = parameters[cell] if up else parameters[size + cell]
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
    for j in range(width):
        xi[j] = table[index[j]]


@jit
def _vector_pulse(
    g, at, limits, low, high, noise, slopes, rise, fall, signs, sign_at, row_sign, counts, number, xi, width, scaled
):
    """Pulse `number` of every cell that has so many: `_pulse` without its branches."""
    for j in range(width):
        # All loads first: a load behind a condition becomes a gather.
        old, floor, ceiling, spread = g[at + j], limits[low + j], limits[high + j], limits[noise + j]
        up_slope, down_slope, sign = slopes[rise + j], slopes[fall + j], _F32(signs[sign_at + j] * row_sign)
        up = sign > _ZERO
        reach = _F32(sign * _F32((ceiling if up else floor) - old))
        reach = reach if reach > _ZERO else _ZERO
        mean = _F32((up_slope if up else down_slope) * reach)
        spread = _F32(spread * mean) if scaled else spread
        moved = _F32(old + _F32(sign * _F32(mean + _F32(spread * xi[j]))))
        floor, ceiling = old if old < floor else floor, old if old > ceiling else ceiling
        moved = moved if moved > floor else floor
        moved = moved if moved < ceiling else ceiling
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
def update_dense(tile, planes, row, width, size, signs, sign_at, row_sign, first, key1, scaled, most, work, table, epoch):
    """One sample on all columns of a row, pulse after pulse."""
    conductance, parameters, epochs = tile
    lanes, slopes, counts, index, xi = work
    for p in range(planes):
        at = p * width
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
                planes * width + at,
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
def find_hits(row_words, words, start, stride, count, hits):
    """Which of the listed columns coincide with a row, into `hits`; returns how many. Without a branch, for speed."""
    found = _U64(0)
    if row_words.shape[0] == 1:
        row_word = row_words[0]
        for k in range(count):
            hits[found] = k
            found += _U64(_U32(row_word & words[start + k]) != _U32(0))
        return found
    for k in range(count):
        both = _U32(0)
        for part in range(row_words.shape[0]):
            both = _U32(both | _U32(row_words[part] & words[start + _U64(part) * stride + k]))
        hits[found] = k
        found += _U64(both != _U32(0))
    return found


@jit
def count_hits(row_words, words, start, stride, listed, listed_at, found, hits, counts, columns):
    """Pulses and columns of the hit cells; the most of a cell, and their sum."""
    most, total = _U32(0), _U32(0)
    for h in range(found):
        k = _U64(hits[h])
        pulses = _U32(0)
        for part in range(row_words.shape[0]):
            pulses = _U32(pulses + popcount(_U32(row_words[part] & words[start + _U64(part) * stride + k])))
        counts[h], columns[h] = pulses, listed[listed_at + k]
        total = _U32(total + pulses)
        most = pulses if pulses > most else most
    return np.int64(most), np.int64(total)


@jit
def update_hits(tile, size, row_cell, signs, sign_at, row_sign, found, most, first, keys, law, work, close, table, epoch, stride):
    """One sample on the hit cells of a row of a plane: put close together, pulsed, and put back."""
    conductance, parameters, epochs = tile
    columns, counts, lanes, index, xi, numbers = work[0], work[1], close[0], close[1], close[2], close[3]
    low, high, noise, slope, sign_close = stride, _U64(2) * stride, _U64(3) * stride, _U64(4) * stride, _U64(5) * stride
    for h in range(found):
        j = _U64(columns[h])
        cell = row_cell + j
        sign = _F32(signs[sign_at + j] * row_sign)
        numbers[h] = conductance[cell]
        numbers[low + h] = parameters[_U64(2) * size + cell]
        numbers[high + h] = parameters[_U64(3) * size + cell]
        numbers[noise + h] = parameters[_U64(4) * size + cell]
        numbers[slope + h] = parameters[cell if sign > _ZERO else size + cell]
        numbers[sign_close + h] = sign
        epochs[cell] = epoch
    for h in range(found):
        numbers[slope + h] = _F32(numbers[slope + h] / _F32(numbers[high + h] - numbers[low + h]))
    for h in range(found):
        lanes[h] = mix(_U32(_U32(row_cell + _U64(columns[h])) ^ _U32(keys[0])))
    for number in range(most):
        _normals(lanes, _U64(0), step(first + number), _U32(keys[1]), index, xi, table, found)
        _vector_pulse(
            numbers,
            _U64(0),
            numbers,
            low,
            high,
            noise,
            numbers,
            slope,
            slope,
            numbers,
            sign_close,
            _ONE,
            counts,
            _U32(number),
            xi,
            found,
            law[0],
        )
    for h in range(found):
        conductance[row_cell + _U64(columns[h])] = numbers[h]


@jit
def update_singly(tile, row_cell, signs, sign_at, row_sign, found, first, keys, law, work, table, epoch):
    """One sample on the hit cells of a row of a plane, cell by cell, for any law."""
    conductance, parameters, epochs = tile
    for h in range(found):
        j = _U64(work[0][h])
        up = _F32(signs[sign_at + j] * row_sign) > _ZERO
        cell = np.int64(row_cell + j)
        pulses(conductance, parameters, cell, up, first, np.int64(work[1][h]), keys[0], keys[1], law, table)
        epochs[cell] = epoch
