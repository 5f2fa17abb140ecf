"""The compiled verbs on single cells: the contract of `_contract_cells`, in parallel over a flat range of cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._cells import tabulated
from ohmnia.kernels._contract_cells import Acceptance, ClosedLoop, Targets
from ohmnia.kernels._contract_records import Cells, FloatArray, IntArray, UpdateLaw, check_law
from ohmnia.kernels._cpu_normals import log, look_up, quantile
from ohmnia.kernels._jit import jit, jit_entry
from ohmnia.kernels._threads import over_rows, threads
from ohmnia.kernels._words import lane, mix, step, word
from ohmnia.random import normal_table

f32, i32, u32, _U64 = np.float32, np.int32, np.uint32, np.uint64
_TABLE_SHIFT = u32(20)
_TWO_POW_MINUS_16, _TWO_POW_MINUS_23 = f32(2.0**-16), f32(2.0**-23)
_PER_MICRO, _PER_LN_10 = f32(1e6), f32(1.0 / math.log(10.0))
# Cells that are worth a thread of their own, where each is pulsed many times and where it is touched once.
_PULSED_A_THREAD, _TOUCHED_A_THREAD = 4096, 262144
_BLOCK = 512


@jit
def _indices(lanes, count, key1, index):
    """Where in the table of normals pulse `count` of every cell is."""
    offset, key = step(count), u32(key1)
    for j in range(lanes.shape[0]):
        index[j] = mix(u32(u32(lanes[j] + offset) ^ key)) >> _TABLE_SHIFT


@jit
def _by_epoch(table, index, found):
    # A loop of its own: a store beside a load by index keeps a loop from becoming vector code.
    for j in range(index.shape[0]):
        found[j] = table[index[j]]


@jit
def _pulses(state, xi, law):
    """One pulse towards its target on every cell; `state` has the rows of `_program`."""
    multiplicative, exponent_up, exponent_down, tables = law
    g, goal, step_up, step_down, noise, outside, reach, low, high, per_span = state
    has_table = tables.shape[1] > 0
    linear = exponent_up == 1.0 and exponent_down == 1.0 and not has_table
    for j in range(xi.shape[0]):
        now, floor, ceiling, rise, fall = g[j], low[j], high[j], step_up[j], step_down[j]
        up = goal[j] > now
        distance = (ceiling - now if up else now - floor) * per_span[j]
        distance = distance if distance > 0.0 else 0.0
        if has_table:
            distance = tabulated(tables, 0 if up else 1, distance)
        elif not linear:
            distance = distance ** (exponent_up if up else exponent_down)
        mean = (rise if up else fall) * distance
        spread = noise[j] * mean if multiplicative else noise[j]
        size = mean + spread * np.float64(xi[j])
        moved = now + size if up else now - size
        floor, ceiling = now if now < floor else floor, now if now > ceiling else ceiling
        moved = moved if moved > floor else floor
        moved = moved if moved < ceiling else ceiling
        g[j] = moved
        outside[j] = 0.0 if abs(moved - goal[j]) <= reach[j] else 1.0


@jit
def _load(first, last, conductance, parameters, target, loop, multiplicative, key0, state, lanes, cells):
    """Cells of a block that are outside their range; returns how many."""
    limits, lows, highs, factor, acceptance = loop
    active = 0
    for cell in range(first, last):
        g, goal = np.float64(conductance[cell]), target[cell]
        # Not ">": a conductance of NaN is outside, too.
        if not abs(g - goal) <= acceptance * goal:
            row = 0
            for limit in limits:
                row += 1 if limit < goal else 0
            low, high = lows[row], highs[row]
            scale = factor * (high - low) / (np.float64(parameters[3, cell]) - np.float64(parameters[2, cell]))
            state[0, active], state[1, active] = g, goal
            state[2, active], state[3, active] = parameters[0, cell] * scale, parameters[1, cell] * scale
            state[4, active] = parameters[4, cell] * (1.0 if multiplicative else scale)
            state[5, active], state[6, active] = 1.0, acceptance * goal
            state[7, active], state[8, active], state[9, active] = low, high, 1.0 / (high - low)
            lanes[active], cells[active] = lane(key0, cell), cell
            active += 1
    return active


@jit_entry
def _program(first, last, conductance, parameters, epochs, target, law, loop, most, key0, key1, table, epoch, pulses, failed):
    """Blocks of cells, all of a block pulsed at once; those that are done leave the front of the block."""
    # Rows: conductance, target, full steps up and down, noise, outside or not, half width of the range, bounds, 1 / span.
    state, lanes, cells = np.empty((10, _BLOCK)), np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.int64)
    index, xi = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.float32)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        active = _load(start, stop, conductance, parameters, target, loop, law[0], key0, state, lanes, cells)
        pulses[start:stop], failed[start:stop] = 0, False
        count = np.int64(0)
        while active > 0:
            if count < most:
                _indices(lanes[:active], count, key1, index[:active])
                look_up(table, index, active, xi)
                first_rows = (state[0], state[1], state[2], state[3], state[4])
                _pulses(first_rows + (state[5], state[6], state[7], state[8], state[9]), xi[:active], law)
                count += 1
            for j in range(active - 1, -1, -1):
                if state[5, j] == 0.0 or count >= most:
                    cell = cells[j]
                    conductance[cell], pulses[cell], failed[cell] = state[0, j], count, state[5, j] != 0.0
                    if count > 0:
                        epochs[cell] = epoch
                    active -= 1
                    for row in range(10):
                        state[row, j] = state[row, active]
                    lanes[j], cells[j] = lanes[active], cells[active]


@jit
def _places(offset, conductance, weights, line, loop, grid, sizes, key0, key1, goals, reaches, entries, points, parts):
    """Target, entry of the table, and point between its quantiles, for each cell of a block."""
    base, slope, least = line
    low, high, acceptance = loop
    start, per_step = grid
    targets, starts, intervals = sizes
    last_target, last_start = f32(targets - i32(1)), f32(starts - i32(1))
    for k in range(weights.shape[0]):
        goal = base + slope * weights[k]
        goal = goal if goal > least else least
        g = conductance[k]
        reach = acceptance * goal
        w = word(key0, key1, u32(offset + k), u32(0))
        v = word(key0, key1, u32(offset + k), u32(1))
        place = (goal - start) * per_step
        place = place if place > f32(0.0) else f32(0.0)
        place = (place if place < last_target else last_target) + f32(i32(w >> u32(16))) * _TWO_POW_MINUS_16
        row = i32(place)
        row = row if row < targets else i32(targets - i32(1))
        below = g < goal
        edge, bound = (goal - reach if below else goal + reach), (low if below else high)
        way = (edge - g) / (edge - bound)
        way = way if way > f32(0.0) else f32(0.0)
        way = way if way < f32(1.0) else f32(1.0)
        place = np.sqrt(way) * last_start + f32(i32(w & u32(0xFFFF))) * _TWO_POW_MINUS_16
        column = i32(place)
        column = column if column < starts else i32(starts - i32(1))
        column = i32(column + (i32(0) if below else starts))
        place = f32(i32(v >> u32(9))) * _TWO_POW_MINUS_23 * f32(intervals)
        point = i32(place)
        inside = abs(g - goal) <= reach
        goals[k], reaches[k], parts[k] = (g if inside else goal), (f32(0.0) if inside else reach), place - f32(point)
        entries[k] = i32(i32(row * i32(starts + starts)) + column)
        points[k] = i32(-1) if inside else point


@jit_entry
def _sample_plane(first, last, offset, conductance, epochs, weights, line, loop, grid, quantiles, means, key0, key1, epoch):
    """One plane of `program_sampled`, in blocks: numbers in vector code, then the table, then the cells."""
    both, width = quantiles.shape[1], _U64(quantiles.shape[2])
    sizes = i32(quantiles.shape[0]), i32(both // 2), i32(quantiles.shape[2] - 1)
    flat, flat_means = quantiles.reshape(-1), means.reshape(-1)
    goals, reaches, parts = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    entries, points = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32)
    written, total = 0, 0
    for start in range(first, last, _BLOCK):
        count = min(start + _BLOCK, last) - start
        own, cells = weights[start : start + count], conductance[offset + start : offset + start + count]
        own_epochs = epochs[offset + start : offset + start + count]
        block = goals[:count], reaches[:count], entries[:count], points[:count], parts[:count]
        _places(offset + start, cells, own, line, loop, grid, sizes, key0, key1, *block)
        # Unsigned, as a signed index is tested for a negative one.
        for k in range(_U64(count)):
            point, entry = points[k], _U64(entries[k])
            if point >= 0:
                left = entry * width + _U64(point)
                here, there = flat[left], flat[left + _U64(1)]
                cells[k] = goals[k] + reaches[k] * (here + parts[k] * (there - here))
                own_epochs[k] = epoch
                written += 1
                total += np.int64(flat_means[entry])
    return written, total


@jit
def _normals(first, key0, key1, xi):
    for k in range(xi.shape[0]):
        xi[k] = quantile(word(key0, key1, u32(first + k), u32(0)))


@jit
def _relax(conductance, shift, spread, xi, floor):
    floored = 0
    for k in range(xi.shape[0]):
        moved = np.float64(conductance[k]) + shift[k] + spread[k] * np.float64(xi[k])
        floored += 1 if moved < floor else 0
        conductance[k] = f32(moved if moved > floor else floor)
    return floored


@jit_entry
def _advance(first, last, conductance, epochs, mean, sigma, floor, key0, key1):
    xi, shift, spread = np.empty(_BLOCK, np.float32), np.empty(_BLOCK), np.empty(_BLOCK)
    shift[:], spread[:] = mean[0], sigma[0]
    floored = 0
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        count = stop - start
        _normals(start, key0, key1, xi[:count])
        if mean.shape[0] > 1:
            _by_epoch(mean, epochs[start:stop], shift[:count])
            _by_epoch(sigma, epochs[start:stop], spread[:count])
        floored += _relax(conductance[start:stop], shift[:count], spread[:count], xi[:count], floor)
    return floored


@jit
def _decades(g):
    """max(log10(G / uS), 0)."""
    decades = log(g * _PER_MICRO) * _PER_LN_10
    return decades if decades > f32(0.0) else f32(0.0)


@jit
def _noisy(conductance, scale, xi, out):
    for k in range(xi.shape[0]):
        out[k] = conductance[k] + scale[k] * _decades(conductance[k]) * xi[k]


@jit
def _add_variance(conductance, scale, gain, out):
    for k in range(out.shape[0]):
        sigma = gain * scale[k] * _decades(conductance[k])
        out[k] = out[k] + sigma * sigma


@jit_entry
def _read(first, last, conductance, epochs, scale, key0, key1, out):
    xi, own = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    own[:] = scale[0]
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        count = stop - start
        _normals(start, key0, key1, xi[:count])
        if scale.shape[0] > 1:
            _by_epoch(scale, epochs[start:stop], own[:count])
        _noisy(conductance[start:stop], own[:count], xi[:count], out[start:stop])


@jit_entry
def _read_variance(first, last, conductance, epochs, scale, gains, out):
    own = np.empty(_BLOCK, np.float32)
    own[:] = scale[0]
    out[first:last] = f32(0.0)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for plane in range(gains.shape[0]):
            if scale.shape[0] > 1:
                _by_epoch(scale, epochs[plane, start:stop], own[: stop - start])
            _add_variance(conductance[plane, start:stop], own[: stop - start], gains[plane], out[start:stop])


def _over_cells(work: Callable[[int, int], Any], cells: int, a_thread: int = _TOUCHED_A_THREAD) -> list[Any]:
    """`work(first, last)` over all cells, on as many threads as they are worth."""
    return over_rows(work, cells, min(threads(), max(cells // a_thread, 1)))


def program(
    cells: Cells, law: UpdateLaw, loop: ClosedLoop, target: NDArray[np.float64], key: tuple[int, int], epoch: int
) -> tuple[IntArray, NDArray[np.bool_]]:
    """See `CellVerbs.program`."""
    check_law(law)
    shape = cells.conductance.shape
    pulses, failed = np.empty(shape, np.int32), np.empty(shape, np.bool_)
    flat = [cells.conductance.reshape(-1), cells.parameters.reshape(5, -1), cells.epoch_index.reshape(-1), target.reshape(-1)]
    coefficients = bool(law.multiplicative), float(law.exponent_up), float(law.exponent_down), law.tables
    numbers = loop.limits, loop.low, loop.high, float(loop.step_factor), float(loop.acceptance)
    table, results = normal_table().numpy(), (pulses.reshape(-1), failed.reshape(-1))

    def work(first: int, last: int) -> None:
        _program(first, last, *flat, coefficients, numbers, int(loop.max_pulses), *key, table, epoch, *results)

    _over_cells(work, pulses.size, _PULSED_A_THREAD)
    return pulses, failed


def program_sampled(
    cells: Cells, weights: FloatArray, targets: Targets, acceptance: Acceptance, key: tuple[int, int], epoch: int
) -> tuple[int, int]:
    """See `CellVerbs.program_sampled`."""
    loop, size = acceptance.loop, weights.size
    arrays = cells.conductance.reshape(-1), cells.epoch_index.reshape(-1), weights.reshape(-1)
    numbers = f32(loop.low.min()), f32(loop.high.max()), f32(loop.acceptance)
    table = (f32(acceptance.first), f32(1.0 / acceptance.step)), acceptance.quantiles, acceptance.pulses
    written = total = 0
    for plane, (base, slope) in enumerate(zip(targets.base, targets.slope, strict=True)):
        line = f32(base), f32(slope), f32(targets.least)

        def work(first: int, last: int, offset: int = plane * size, line: tuple[Any, ...] = line) -> tuple[int, int]:
            return _sample_plane(first, last, offset, *arrays, line, numbers, *table, *key, i32(epoch))

        for part, pulses in _over_cells(work, size):
            written, total = written + part, total + pulses
    return written, total


def advance(cells: Cells, mean: NDArray[np.float64], sigma: NDArray[np.float64], floor: float, key: tuple[int, int]) -> int:
    """See `CellVerbs.advance`."""
    conductance, epochs = cells.conductance.reshape(-1), cells.epoch_index.reshape(-1)

    def work(first: int, last: int) -> int:
        return _advance(first, last, conductance, epochs, mean, sigma, float(floor), *key)

    return sum(_over_cells(work, conductance.size))


def read_cells(cells: Cells, scale: NDArray[np.float64], key: tuple[int, int]) -> FloatArray:
    """See `CellVerbs.read_cells`."""
    conductance, epochs = cells.conductance.reshape(-1), cells.epoch_index.reshape(-1)
    out, own = np.empty(cells.conductance.shape, np.float32), scale.astype(np.float32)
    flat = out.reshape(-1)

    def work(first: int, last: int) -> None:
        _read(first, last, conductance, epochs, own, *key, flat)

    _over_cells(work, conductance.size)
    return out


def read_variance(cells: Cells, scale: NDArray[np.float64], gains: NDArray[np.float64]) -> FloatArray:
    """See `CellVerbs.read_variance`."""
    planes, rows, cols = cells.conductance.shape
    conductance, epochs = cells.conductance.reshape(planes, -1), cells.epoch_index.reshape(planes, -1)
    out, own, factors = np.empty((rows, cols), np.float32), scale.astype(np.float32), gains.astype(np.float32)
    flat = out.reshape(-1)

    def work(first: int, last: int) -> None:
        _read_variance(first, last, conductance, epochs, own, factors, flat)

    _over_cells(work, flat.size)
    return out
