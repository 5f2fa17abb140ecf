"""Triton kernels that plan a mini-batch: maxima, running means, choppers with their column reads, and packed trains.

A train is packed in words of 31 slots; the top bit of a word is the line's direction, so that two words of a row and a
column hold all that a cell needs: a common bit is a pulse, and it goes up where the top bits differ.
"""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

import triton
import triton.language as tl

from ohmnia.kernels._cuda_words import finish, lane, power

SLOTS_A_WORD = 31


@triton.jit
def largest(vector, lines, BLOCK: tl.constexpr):
    """max |v| of one vector, float64."""
    top = tl.zeros([BLOCK], tl.float32)
    for first in range(0, lines, BLOCK):
        line = first + tl.arange(0, BLOCK)
        top = tl.maximum(top, tl.abs(tl.load(vector + line, mask=line < lines, other=0.0)))
    return tl.max(top, axis=0).to(tl.float64)


@triton.jit(do_not_specialize=["rows", "cols"])
def maxima_kernel(x, d, scalars, maxima, snapshot, rows, cols, BLOCK: tl.constexpr):
    """Maxima of every sample, (samples, 2), and a copy of the scalars: one program a sample."""
    b = tl.program_id(0)
    tl.store(maxima + 2 * b, largest(x + b.to(tl.int64) * cols, cols, BLOCK))
    tl.store(maxima + 2 * b + 1, largest(d + b.to(tl.int64) * rows, rows, BLOCK))
    if b == 0:
        tl.store(snapshot, tl.load(scalars))
        tl.store(snapshot + 1, tl.load(scalars + 1))


@triton.jit
def _running_means(scalars, maxima, snapshot, numbers, asked, gains, counts, samples, cols, every, HAS_MEMORY: tl.constexpr):
    """Steps 1 and 2 of `Member.transfer_update`: the slots that each sample asks for, and gain * (m_x m_d)**gain_power."""
    rate, memory = tl.load(numbers), tl.load(numbers + 1)
    gain, gain_power = tl.load(numbers + 4), tl.load(numbers + 5)
    seen, column = tl.load(snapshot), tl.load(snapshot + 1).to(tl.int64)
    mean_x, mean_d = tl.load(scalars + 2), tl.load(scalars + 3)
    for b in range(0, samples):
        x_max, d_max = tl.load(maxima + 2 * b), tl.load(maxima + 2 * b + 1)
        if HAS_MEMORY:
            span = tl.minimum(seen + b + 1.0, memory)
            mean_x = mean_x + (x_max - mean_x) / span
            mean_d = mean_d + (d_max - mean_d) / span
            live = mean_x * mean_d > 0.0
            slots = rate * (x_max / tl.where(live, mean_x, 1.0)) * (d_max / tl.where(live, mean_d, 1.0))
            tl.store(asked + b, tl.where(live, slots, 0.0))
            tl.store(gains + b, gain * power(mean_x * mean_d, gain_power))
        else:
            tl.store(asked + b, rate * x_max * d_max)
            tl.store(gains + b, gain)
    if HAS_MEMORY:
        tl.store(scalars + 2, mean_x)
        tl.store(scalars + 3, mean_d)
    before = seen.to(tl.int64)
    reads = (before + samples) // every - before // every
    tl.store(scalars, seen + samples)
    tl.store(scalars + 1, ((column + reads) % cols).to(tl.float64))
    tl.atomic_add(counts + 2, reads)


@triton.jit(do_not_specialize=["samples", "cols", "every", "period", "wait", "visits", "key0", "key1"])
def visits_kernel(
    scalars,
    maxima,
    snapshot,
    numbers,
    chopper,
    reads,
    asked,
    gains,
    visit_sample,
    visit_read,
    visit_flags,
    visit_beta,
    signs,
    counts,
    samples,
    cols,
    every,
    period,
    wait,
    visits,
    key0,
    key1,
    HAS_MEMORY: tl.constexpr,
    DYNAMIC: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Program 0: running means. The others: every read of a block of columns in this mini-batch, in order.

    `visit_*` are (visits, cols): the sample (samples: no read), number of the read, flags (1: it reaches H, 2: P is renewed)
    and beta; `signs` (visits + 1, cols): the chopper before each of them and after the last.
    """
    block = tl.program_id(0)
    if block == 0:
        _running_means(scalars, maxima, snapshot, numbers, asked, gains, counts, samples, cols, every, HAS_MEMORY)
    else:
        j = (block - 1) * BLOCK + tl.arange(0, BLOCK)
        inside = j < cols
        seen, column = tl.load(snapshot).to(tl.int64), tl.load(snapshot + 1).to(tl.int64)
        mean_rate, threshold = tl.load(numbers + 2), tl.load(numbers + 3).to(tl.int64)
        lanes = lane(key0.to(tl.uint32), j.to(tl.uint32))
        sign = tl.load(chopper + j, mask=inside, other=1)
        count = tl.load(reads + j, mask=inside, other=0)
        turn = (j - column + cols) % cols
        safe_period = tl.maximum(period, 1)
        for visit in range(0, visits):
            read = turn + visit * cols
            b = (seen // every + read + 1) * every - seen - 1
            valid = inside & (b < samples)
            word = finish(lanes, key1.to(tl.uint32), b.to(tl.uint32))
            flip = (period > 0) & ((count + 1) % safe_period == 0)
            flip = (flip | (word.to(tl.int64) < threshold)) & valid
            flags = tl.where(count >= wait, 1, 0)
            if DYNAMIC:
                flags += tl.where(flip, 2, 0)
            beta = tl.maximum(mean_rate, 1.0 / (count + 1).to(tl.float64))
            place = visit * cols + j
            tl.store(visit_sample + place, tl.where(valid, b, samples).to(tl.int32), mask=inside)
            tl.store(visit_read + place, read.to(tl.int32), mask=inside)
            tl.store(visit_flags + place, flags, mask=inside)
            tl.store(visit_beta + place, beta, mask=inside)
            tl.store(signs + place, sign, mask=inside)
            sign = tl.where(flip, -sign, sign)
            count = tl.where(valid, count + 1, count)
        tl.store(signs + visits * cols + j, sign, mask=inside)
        tl.store(chopper + j, sign, mask=inside)
        tl.store(reads + j, count, mask=inside)


@triton.jit
def _split(x_max, d_max, k, length, UPDATE_MANAGEMENT: tl.constexpr, LENGTH_MANAGEMENT: tl.constexpr):
    """Slots, divisors of columns and rows, factor of the probabilities, and 1 where the update is cut short."""
    if LENGTH_MANAGEMENT:
        slots = tl.minimum(tl.ceil(tl.minimum(k, 1e9)).to(tl.int32), length)
    else:
        slots = length
    live = (slots > 0) & (k > 0.0)
    safe = tl.maximum(slots, 1).to(tl.float64)
    x_safe, d_safe = tl.where(live, x_max, 1.0), tl.where(live, d_max, 1.0)
    short = k > safe
    if UPDATE_MANAGEMENT:
        x_divisor, d_divisor = x_safe, d_safe
        factor = tl.sqrt(tl.minimum(tl.maximum(k, 0.0) / safe, 1.0))
    else:
        x_divisor, d_divisor = tl.full([], 1.0, tl.float64), tl.full([], 1.0, tl.float64)
        if LENGTH_MANAGEMENT:
            asked = tl.minimum(k, safe)
        else:
            asked = k
        factor = tl.sqrt(tl.maximum(asked, 0.0) / (safe * x_safe * d_safe))
        short = short | (factor * x_safe > 1.0) | (factor * d_safe > 1.0)
    return tl.where(live, slots, 0), x_divisor, d_divisor, factor, tl.where(live & short, 1, 0)


@triton.jit
def _train(value, inside, line, lines, direction, divisor, factor, slots, length, b, key0, key1, words, PARTS: tl.constexpr):
    """Pack the trains of a block of lines of one sample."""
    probability = tl.minimum(tl.abs(value.to(tl.float64)) / divisor * factor, 1.0)
    threshold = (probability * 4294967296.0 + 0.5).to(tl.int64)
    last = tl.maximum(threshold - 1, 0).to(tl.uint32)
    fires = tl.where(threshold > 0, 1, 0).to(tl.uint32)
    lanes = lane(key0.to(tl.uint32), line.to(tl.uint32))
    first = (b * length).to(tl.uint32)
    for part in range(0, PARTS):
        packed = direction.to(tl.uint32) << 31
        for bit in range(0, tl.minimum(slots - part * 31, 31)):
            word = finish(lanes, key1.to(tl.uint32), first + part * 31 + bit)
            packed = packed | (tl.where(word <= last, fires, 0) << bit)
        tl.store(words + (b * PARTS + part).to(tl.int64) * lines + line, packed, mask=inside)


@triton.jit(do_not_specialize=["samples", "rows", "cols", "length", "visits", "col_key0", "col_key1", "row_key0", "row_key1"])
def trains_kernel(
    x,
    d,
    numbers,
    maxima,
    asked,
    visit_sample,
    signs,
    col_words,
    row_words,
    counts,
    samples,
    rows,
    cols,
    length,
    visits,
    col_key0,
    col_key1,
    row_key0,
    row_key1,
    PLANNED: tl.constexpr,
    UPDATE_MANAGEMENT: tl.constexpr,
    LENGTH_MANAGEMENT: tl.constexpr,
    PARTS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Trains of a block of columns, or of rows, of one sample; `numbers` are the learning rate and the granularity.

    Words are uint32 (samples * PARTS, lines). PLANNED: maxima, slots asked for and choppers come from `visits_kernel`.
    """
    b, block = tl.program_id(0), tl.program_id(1)
    x_b, d_b = x + b.to(tl.int64) * cols, d + b.to(tl.int64) * rows
    if PLANNED:
        x_max, d_max, k = tl.load(maxima + 2 * b), tl.load(maxima + 2 * b + 1), tl.load(asked + b)
    else:
        x_max, d_max = largest(x_b, cols, BLOCK), largest(d_b, rows, BLOCK)
        k = tl.load(numbers) * x_max * d_max / tl.load(numbers + 1)
    slots, x_divisor, d_divisor, factor, short = _split(x_max, d_max, k, length, UPDATE_MANAGEMENT, LENGTH_MANAGEMENT)
    if block == 0:
        tl.atomic_add(counts + 1, short.to(tl.int64))
    col_blocks = tl.cdiv(cols, BLOCK)
    if block < col_blocks:
        j = block * BLOCK + tl.arange(0, BLOCK)
        inside = j < cols
        value = tl.load(x_b + j, mask=inside, other=0.0)
        positive = value > 0.0
        if PLANNED:
            visit = tl.zeros([BLOCK], tl.int32)
            for t in range(0, visits):
                visit += tl.where(tl.load(visit_sample + t * cols + j, mask=inside, other=0) < b, 1, 0)
            sign = tl.load(signs + visit * cols + j, mask=inside, other=1)
            positive = value * sign.to(tl.float32) > 0.0
        direction = tl.where(positive, 1, 0)
        _train(value, inside, j, cols, direction, x_divisor, factor, slots, length, b, col_key0, col_key1, col_words, PARTS)
    else:
        i = (block - col_blocks) * BLOCK + tl.arange(0, BLOCK)
        inside = i < rows
        value = tl.load(d_b + i, mask=inside, other=0.0)
        direction = tl.where(value > 0.0, 1, 0)
        _train(value, inside, i, rows, direction, d_divisor, factor, slots, length, b, row_key0, row_key1, row_words, PARTS)
