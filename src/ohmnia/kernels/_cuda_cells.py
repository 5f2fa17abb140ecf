"""The Triton kernel of pulses and transfers: each program owns some columns of one row, for the whole mini-batch.

A lane is a weight. It walks through its own pulses without waiting for its neighbours: a bit mask says in which of up to 32
words its row and its column meet, and a loop runs until the last lane of the block has done its last pulse. The column reads
of a transfer cut the mini-batch of a lane into stretches.
"""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

import triton
import triton.language as tl

from ohmnia.kernels._cuda_words import digitise, finish, lane, pulse, table_normal


@triton.jit
def _load_cell(parameters, cell, count, mask, LINEAR: tl.constexpr):
    """Steps up and down (over the span where the law is linear), bounds and noise of some cells; `count` cells in all."""
    rise = tl.load(parameters + cell, mask=mask, other=0.0)
    fall = tl.load(parameters + count + cell, mask=mask, other=0.0)
    low = tl.load(parameters + 2 * count + cell, mask=mask, other=0.0)
    high = tl.load(parameters + 3 * count + cell, mask=mask, other=1.0)
    noise = tl.load(parameters + 4 * count + cell, mask=mask, other=0.0)
    if LINEAR:
        rise, fall = tl.div_rn(rise, high - low), tl.div_rn(fall, high - low)
    return rise, fall, low, high, noise


@triton.jit
def _meetings(
    row_words, col_words, i, j, inside, first, words, rows, cols, start, stop, BOUNDED: tl.constexpr, PARTS: tl.constexpr
):
    """Which of the words first, ..., first + 31 of a row and its columns share a slot, as bits; only samples in [start, stop)."""
    pending = (j * 0).to(tl.uint32)
    for outer in range(0, tl.minimum(words - first, 32), 4):
        for inner in tl.static_range(4):
            word = first + outer + inner
            row = tl.load(row_words + tl.minimum(word, words - 1) * rows + i)
            col = tl.load(col_words + word * cols + j, mask=inside & (j * 0 + word < words), other=0)
            meets = (row & col & 0x7FFFFFFF) != 0
            if BOUNDED:
                b = word // PARTS
                meets = meets & (b >= start) & (b < stop)
            pending = pending | (meets.to(tl.uint32) << (outer + inner))
    return pending


@triton.jit
def _stretch(
    g0,
    g1,
    cell0,
    cell1,
    row_words,
    col_words,
    table,
    i,
    j,
    inside,
    words,
    rows,
    cols,
    length,
    start,
    stop,
    lane0,
    lane1,
    key1,
    exponent_up,
    exponent_down,
    PLANES: tl.constexpr,
    PARTS: tl.constexpr,
    BOUNDED: tl.constexpr,
    MULTIPLICATIVE: tl.constexpr,
    LINEAR: tl.constexpr,
):
    """All pulses of the samples from `start` to `stop`: conductances of both planes, and the pulses of each lane."""
    rise0, fall0, low0, high0, noise0 = cell0
    rise1, fall1, low1, high1, noise1 = cell1
    total = j * 0
    b, n = j * 0 - 1, j * 0
    for first in range(0, words, 32):
        pending = _meetings(row_words, col_words, i, j, inside, first, words, rows, cols, start, stop, BOUNDED, PARTS)
        slots, down = (j * 0).to(tl.uint32), j * 0
        while tl.max(tl.where((pending | slots) != 0, 1, 0), axis=0) > 0:
            fetch = (slots == 0) & (pending != 0)
            lowest = pending & (~pending + 1)
            word = first + (lowest.to(tl.float32).to(tl.int32, bitcast=True) >> 23) - 127
            row = tl.load(row_words + word * rows + i, mask=fetch, other=0)
            col = tl.load(col_words + word * cols + j, mask=fetch, other=0)
            pending = tl.where(fetch, pending ^ lowest, pending)
            sample = tl.where(fetch, word // PARTS, b)
            n = tl.where(sample != b, 0, n)
            b = sample
            slots = tl.where(fetch, row & col & 0x7FFFFFFF, slots)
            down = tl.where(fetch, ((row ^ col) >> 31).to(tl.int32) ^ 1, down)
            hit = slots != 0
            slots = slots & (slots - 1)
            counter = (b * length + n).to(tl.uint32)
            xi = table_normal(table, finish(lane0, key1, counter))
            moved = pulse(
                g0, down == 0, rise0, fall0, low0, high0, noise0, xi, exponent_up, exponent_down, MULTIPLICATIVE, LINEAR
            )
            g0 = tl.where(hit, moved, g0)
            if PLANES == 2:
                xi = table_normal(table, finish(lane1, key1, counter))
                moved = pulse(
                    g1, down != 0, rise1, fall1, low1, high1, noise1, xi, exponent_up, exponent_down, MULTIPLICATIVE, LINEAR
                )
                g1 = tl.where(hit, moved, g1)
            n += hit.to(tl.int32)
            total += hit.to(tl.int32)
    return g0, g1, total


@triton.jit
def _hidden_steps(hidden, place, event, change, slow_length, forget):
    """Add to H; the steps that leave it (signed), and whether they were limited."""
    h = tl.load(hidden + place, mask=event, other=0.0).to(tl.float64)
    h = (h + change).to(tl.float32).to(tl.float64)
    whole = tl.minimum(tl.maximum(h, -1e9), 1e9).to(tl.int32)
    steps = tl.minimum(tl.maximum(whole, -slow_length), slow_length)
    left = tl.where(forget >= 0.0, h * forget, h - steps.to(tl.float64))
    tl.store(hidden + place, tl.where(steps != 0, left, h).to(tl.float32), mask=event)
    return steps, tl.abs(whole) > slow_length


@triton.jit
def _direct_steps(own, key1, b, change, slow_length):
    """Pulses of a stochastic train for one read (signed), and whether they were limited."""
    share = tl.abs(change) / slow_length.to(tl.float64)
    threshold = (tl.minimum(share, 1.0) * 4294967296.0 + 0.5).to(tl.int64)
    steps = b * 0
    for slot in range(0, slow_length):
        word = finish(own, key1, (b * slow_length + slot).to(tl.uint32))
        steps += tl.where(word.to(tl.int64) < threshold, 1, 0)
    return tl.where(change > 0.0, steps, -steps), tl.abs(change) > slow_length.to(tl.float64)


@triton.jit
def _slow_pulses(
    conductance,
    parameters,
    epochs,
    table,
    cell,
    count,
    most,
    number,
    up,
    first,
    key0,
    key1,
    epoch,
    exponent_up,
    exponent_down,
    MULTIPLICATIVE: tl.constexpr,
    LINEAR: tl.constexpr,
):
    """`number` pulses on some cells of one plane of the slow tile, of which there are `count`; `most` is the largest number."""
    pulsed = number > 0
    g = tl.load(conductance + cell, mask=pulsed, other=0.0)
    rise, fall, low, high, noise = _load_cell(parameters, cell, count, pulsed, LINEAR)
    lanes = lane(key0, cell.to(tl.uint32))
    for n in range(0, most):
        xi = table_normal(table, finish(lanes, key1, (first + n).to(tl.uint32)))
        moved = pulse(g, up, rise, fall, low, high, noise, xi, exponent_up, exponent_down, MULTIPLICATIVE, LINEAR)
        g = tl.where(n < number, moved, g)
    tl.store(conductance + cell, g, mask=pulsed)
    tl.store(epochs + cell, epoch + cell.to(tl.int32) * 0, mask=pulsed)


_KEYS = ["cell_key0", "cell_key1", "slow_key0", "slow_key1", "read_key0", "read_key1", "direct_key0", "direct_key1"]
_SIZES = ["samples", "rows", "cols", "length", "slow_length", "slow_unit", "epoch", "slow_epoch", "visits", "reads"]


@triton.jit(do_not_specialize=[*_KEYS, *_SIZES])
def cells_kernel(
    conductance,
    parameters,
    epochs,
    slow_conductance,
    slow_parameters,
    slow_epochs,
    col_words,
    row_words,
    table,
    visit_sample,
    visit_read,
    visit_flags,
    visit_beta,
    signs,
    gains,
    hidden,
    reference,
    mean,
    variance,
    weight,
    numbers,
    counts,
    samples,
    rows,
    cols,
    length,
    slow_length,
    slow_unit,
    epoch,
    slow_epoch,
    visits,
    reads,
    cell_key0,
    cell_key1,
    slow_key0,
    slow_key1,
    read_key0,
    read_key1,
    direct_key0,
    direct_key1,
    PLANES: tl.constexpr,
    PARTS: tl.constexpr,
    MULTIPLICATIVE: tl.constexpr,
    LINEAR: tl.constexpr,
    TRANSFER: tl.constexpr,
    DIRECT: tl.constexpr,
    DYNAMIC: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Everything that a mini-batch does to a block of columns of one row.

    `numbers` (float64): exponents up and down; bound, step and noise of the converter; forget.
    `counts` (int64): pulses on the fast tile at 0, on the slow tile at 3, limited transfers at 4.
    """
    pid, blocks = tl.program_id(0), tl.cdiv(cols, BLOCK)
    i = pid // blocks
    j = (pid % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = j < cols
    count = rows.to(tl.int64) * cols
    place = i.to(tl.int64) * cols + j
    exponent_up, exponent_down = tl.load(numbers), tl.load(numbers + 1)
    g0 = tl.load(conductance + place, mask=inside, other=0.0)
    cell0 = _load_cell(parameters, place, PLANES * count, inside, LINEAR)
    lane0 = lane(cell_key0.to(tl.uint32), place.to(tl.uint32))
    g1, cell1, lane1 = g0, cell0, lane0
    if PLANES == 2:
        g1 = tl.load(conductance + count + place, mask=inside, other=0.0)
        cell1 = _load_cell(parameters, count + place, PLANES * count, inside, LINEAR)
        lane1 = lane(cell_key0.to(tl.uint32), (count + place).to(tl.uint32))
    key1 = cell_key1.to(tl.uint32)
    start, total, slow_total, limited = j * 0, j * 0, j * 0, j * 0
    words = samples * PARTS
    if TRANSFER:
        converter_noise, forget = tl.load(numbers + 4), tl.load(numbers + 5)
        reader = lane(read_key0.to(tl.uint32), i.to(tl.uint32))
        direct = lane(direct_key0.to(tl.uint32), i.to(tl.uint32))
        for visit in range(0, visits):
            b = tl.load(visit_sample + visit * cols + j, mask=inside, other=samples)
            event = inside & (b < samples)
            if tl.max(tl.where(event, 1, 0), axis=0) > 0:
                stop = tl.where(event, b + 1, start)
                g0, g1, pulses = _stretch(
                    g0,
                    g1,
                    cell0,
                    cell1,
                    row_words,
                    col_words,
                    table,
                    i,
                    j,
                    inside,
                    words,
                    rows,
                    cols,
                    length,
                    start,
                    stop,
                    lane0,
                    lane1,
                    key1,
                    exponent_up,
                    exponent_down,
                    PLANES,
                    PARTS,
                    True,
                    MULTIPLICATIVE,
                    LINEAR,
                )
                start = stop
                total += pulses
                value = tl.load(weight) * g0.to(tl.float64)
                fresh = (tl.load(epochs + place, mask=event, other=0) == epoch) | (total > 0)
                if PLANES == 2:
                    value += tl.load(weight + 1) * g1.to(tl.float64)
                    fresh = fresh & ((tl.load(epochs + count + place, mask=event, other=0) == epoch) | (total > 0))
                value -= tl.load(weight + PLANES)
                read = tl.load(visit_read + visit * cols + j, mask=event, other=0)
                own = tl.load(variance + i.to(tl.int64) * reads + read, mask=event, other=0.0).to(tl.float64)
                sigma = tl.sqrt(tl.where(fresh, 0.0, own) + converter_noise * converter_noise)
                xi = table_normal(table, finish(reader, read_key1.to(tl.uint32), b.to(tl.uint32)))
                value = digitise(value + sigma * xi.to(tl.float64), tl.load(numbers + 2), tl.load(numbers + 3))
                sign = tl.load(signs + visit * cols + j, mask=event, other=1).to(tl.float64)
                flags = tl.load(visit_flags + visit * cols + j, mask=event, other=0)
                gain = sign * tl.load(gains + b, mask=event, other=0.0)
                change = gain * (value - tl.load(reference + place, mask=event, other=0.0).to(tl.float64))
                reaches = event & ((flags & 1) != 0)
                if DIRECT:
                    steps, beyond = _direct_steps(direct, direct_key1.to(tl.uint32), b, change, slow_length)
                else:
                    steps, beyond = _hidden_steps(hidden, place, reaches, change, slow_length, forget)
                number = tl.where(reaches, tl.abs(steps) * slow_unit, 0)
                limited += tl.where(reaches & beyond, 1, 0)
                slow_total += number
                most = tl.max(number, axis=0)
                if most > 0:
                    for plane in tl.static_range(PLANES):
                        towards = steps
                        if plane == 1:
                            towards = -steps
                        _slow_pulses(
                            slow_conductance,
                            slow_parameters,
                            slow_epochs,
                            table,
                            plane * count + place,
                            PLANES * count,
                            most,
                            number,
                            towards > 0,
                            b * slow_length * slow_unit,
                            slow_key0.to(tl.uint32),
                            slow_key1.to(tl.uint32),
                            slow_epoch,
                            exponent_up,
                            exponent_down,
                            MULTIPLICATIVE,
                            LINEAR,
                        )
                if DYNAMIC:
                    beta = tl.load(visit_beta + visit * cols + j, mask=event, other=0.0)
                    old = tl.load(mean + place, mask=event, other=0.0).to(tl.float64)
                    moved = (old + beta * (value - old)).to(tl.float32)
                    tl.store(mean + place, moved, mask=event)
                    tl.store(reference + place, moved, mask=event & ((flags & 2) != 0))
    g0, g1, pulses = _stretch(
        g0,
        g1,
        cell0,
        cell1,
        row_words,
        col_words,
        table,
        i,
        j,
        inside,
        words,
        rows,
        cols,
        length,
        start,
        j * 0 + samples,
        lane0,
        lane1,
        key1,
        exponent_up,
        exponent_down,
        PLANES,
        PARTS,
        TRANSFER,
        MULTIPLICATIVE,
        LINEAR,
    )
    total += pulses
    changed = inside & (total > 0)
    tl.store(conductance + place, g0, mask=changed)
    tl.store(epochs + place, j * 0 + epoch, mask=changed)
    if PLANES == 2:
        tl.store(conductance + count + place, g1, mask=changed)
        tl.store(epochs + count + place, j * 0 + epoch, mask=changed)
    slot = counts + (pid % 32) * 5
    tl.atomic_add(slot, tl.sum(total, axis=0).to(tl.int64) * PLANES)
    if TRANSFER:
        tl.atomic_add(slot + 3, tl.sum(slow_total, axis=0).to(tl.int64) * PLANES)
        tl.atomic_add(slot + 4, tl.sum(limited, axis=0).to(tl.int64))
