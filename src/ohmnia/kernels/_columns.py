"""What follows a sample of a transfer rule: one column of the fast tile is read, and reaches H, M, P and the slow tile.

Rows do not depend on one another; those that are done together make the vectors.
"""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._cells import pulses
from ohmnia.kernels._cpu_normals import look_up
from ohmnia.kernels._jit import jit
from ohmnia.kernels._words import lane, mix, step, word

_F32, _U32, _U64 = np.float32, np.uint32, np.uint64
_TWO_POW_32 = 4294967296.0
_SHIFT, _ZERO = np.uint32(20), np.float32(0.0)


@jit
def read_column(first_row, count, at, number, b, tile, planes, size, cols, weight, variance, converter, keys, epoch, table, work):
    """Read the weights of some rows through noise and ADC, float64; a weight pulsed just now has no read noise."""
    conductance, _, epochs = tile
    value, xi, index, _ = work
    bound, resolution, noise = converter
    for n in range(count):
        value[n] = -weight[planes]
    for p in range(planes):
        gain, cell = weight[p], _U64(p) * size + at
        for n in range(count):
            value[n] += gain * np.float64(conductance[cell + n * cols])
    quiet = variance.shape[1] == 0
    if noise > 0.0 or not quiet:
        turn, key1 = step(b), _U32(keys[5])
        for n in range(count):
            index[n] = _U32(mix(_U32(_U32(lane(keys[4], first_row + n) + turn) ^ key1)) >> _SHIFT)
        look_up(table, index, count, xi)
    if not quiet:
        for n in range(count):
            fresh = True
            for p in range(planes):
                fresh = fresh and epochs[_U64(p) * size + at + n * cols] == epoch
            own = 0.0 if fresh else np.float64(variance[first_row + n, number])
            value[n] += math.sqrt(own + noise * noise) * np.float64(xi[n])
    elif noise > 0.0:
        for n in range(count):
            value[n] += noise * np.float64(xi[n])
    if resolution > 0.0:
        for n in range(count):
            value[n] = resolution * np.rint(value[n] / resolution)
    for n in range(count):
        value[n] = min(max(value[n], -bound), bound)


@jit
def _add_to_hidden(hidden, reference, at, cols, gain, value, count, beyond):
    """H of some rows; those where |H| >= 1 into `beyond`, without a branch for speed; returns how many."""
    found = _U64(0)
    for n in range(count):
        cell = at + n * cols
        change = gain * (value[n] - np.float64(reference[cell]))
        h = _F32(np.float64(hidden[cell]) + change)
        hidden[cell] = h
        beyond[found] = n
        found += _U64(not (abs(h) < _F32(1.0)))
    return found


@jit
def _hidden_steps(h, slow_length, forget):
    """What leaves H: steps (signed), what stays, and whether they were limited."""
    whole = math.trunc(min(max(h, -1e9), 1e9))
    steps = min(max(whole, -slow_length), slow_length)
    return steps, (h * forget if forget >= 0.0 else h - steps) if steps != 0 else h, abs(whole) > slow_length


@jit
def _direct_steps(key0, key1, i, b, change, slow_length):
    """Pulses of a stochastic train for one read (signed), and whether they were limited."""
    threshold = np.int64(math.floor(min(abs(change) / slow_length, 1.0) * _TWO_POW_32 + 0.5))
    steps = 0
    for slot in range(slow_length):
        steps += np.int64(word(key0, key1, i, b * slow_length + slot)) < threshold
    return steps if change > 0.0 else -steps, abs(change) > slow_length


@jit
def _pulse_slow(target, cell, steps, first, pulse):
    """Signed steps on one weight of the slow tile, which stays true in `weights`; the number of pulses."""
    (conductance, parameters, epochs), gains, weights, planes, size = target
    keys, law, table, epoch = pulse
    if steps != 0:
        weight = _ZERO
        for p in range(planes):
            own = np.int64(_U64(p) * size + cell)
            pulses(conductance, parameters, own, (steps > 0) == (p == 0), first, abs(steps), keys[2], keys[3], law, table)
            epochs[own] = epoch
            part = _F32(_F32(gains[p]) * conductance[own])
            weight = part if p == 0 else _F32(weight + part)
        if weights.shape[0] > 0:
            weights[cell] = _F32(weight - _F32(gains[planes]))
    return abs(steps) * planes


@jit
def transfer_column(
    first_row, count, b, planes, size, cols, tile, slow, law, table, event, factor, buffers, keys, numbers, work, counts
):
    """Read a column of some rows, and let it reach H, M, P and the slow tile (`Member.transfer_update`, step 3)."""
    hidden, reference, mean, variance, weight, weights = buffers
    converter = (numbers[0], numbers[1], numbers[2])
    direct, slow_length, forget = numbers[4] > 0.0, np.int64(numbers[5]), numbers[6]
    target, pulse = (slow, weight, weights, planes, size), (keys, law, table, np.int32(numbers[8]))
    epoch, unit = np.int32(numbers[7]), np.int64(numbers[9])
    first = b * slow_length * unit
    column, number, reaches, renews = event
    (gain, beta), at, value, beyond = factor, _U64(first_row) * cols + _U64(column), work[0], work[3]
    rows = _U64(count)
    read_column(first_row, rows, at, number, b, tile, planes, size, cols, weight, variance, converter, keys, epoch, table, work)
    if reaches and direct:
        for n in range(rows):
            change = gain * (value[n] - np.float64(reference[at + n * cols]))
            steps, limited = _direct_steps(keys[6], keys[7], first_row + np.int64(n), b, change, slow_length)
            counts[4] += limited
            counts[3] += _pulse_slow(target, at + n * cols, steps, first, pulse)
    elif reaches:
        found = _add_to_hidden(hidden, reference, at, cols, gain, value, rows, beyond)
        for k in range(found):
            cell = at + _U64(beyond[k]) * cols
            steps, hidden[cell], limited = _hidden_steps(np.float64(hidden[cell]), slow_length, forget)
            counts[4] += limited
            counts[3] += _pulse_slow(target, cell, steps * unit, first, pulse)
    if beta > 0.0:
        for n in range(rows):
            cell = at + n * cols
            mean[cell] = _F32(np.float64(mean[cell]) + beta * (value[n] - np.float64(mean[cell])))
    if renews:
        for n in range(rows):
            reference[at + n * cols] = mean[at + n * cols]
