"""Triton kernels of the verbs on single cells: writing, waiting, and reads of single cells; see `_contract_cells`."""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ohmnia.kernels._contract_cells import Acceptance, ClosedLoop, Targets
from ohmnia.kernels._contract_records import Cells, UpdateLaw, check_soft_bounds
from ohmnia.kernels._cuda_words import LAUNCH, finish, lane, log, numbers, power, quantile, table, table_normal, words_of

# A loop runs until the last cell of a block has reached its target: blocks of one warp.
_LOOP = {"BLOCK": 32, "num_warps": 1}
_FLAT = {"BLOCK": 512, "num_warps": 4}


@triton.jit(do_not_specialize=["cells", "levels", "most", "epoch", "key0", "key1"])
def program_kernel(
    conductance,
    parameters,
    epochs,
    target,
    bounds,
    own,
    table,
    pulses,
    failed,
    cells,
    levels,
    most,
    epoch,
    key0,
    key1,
    MULTIPLICATIVE: tl.constexpr,
    LINEAR: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Program-verify; `bounds`: `levels` limits, low and high of each level; `own`: step factor, acceptance, exponents."""
    cell = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = cell < cells
    g = tl.load(conductance + cell, mask=inside, other=1.0).to(tl.float64)
    goal = tl.load(target + cell, mask=inside, other=1.0)
    level = tl.zeros([BLOCK], tl.int32)
    for n in range(0, levels):
        level += tl.where(goal > tl.load(bounds + n), 1, 0)
    low, high = tl.load(bounds + levels + level), tl.load(bounds + 2 * levels + 1 + level)
    span, reach = high - low, tl.load(own + 1) * goal
    own_low = tl.load(parameters + 2 * cells.to(tl.int64) + cell, mask=inside, other=0.0).to(tl.float64)
    own_high = tl.load(parameters + 3 * cells.to(tl.int64) + cell, mask=inside, other=1.0).to(tl.float64)
    scale = tl.load(own) * span / (own_high - own_low)
    rise = tl.load(parameters + cell, mask=inside, other=0.0).to(tl.float64) * scale
    fall = tl.load(parameters + cells.to(tl.int64) + cell, mask=inside, other=0.0).to(tl.float64) * scale
    noise = tl.load(parameters + 4 * cells.to(tl.int64) + cell, mask=inside, other=0.0).to(tl.float64)
    if not MULTIPLICATIVE:
        noise = noise * scale
    exponent_up, exponent_down = tl.load(own + 2), tl.load(own + 3)
    lanes, count = lane(key0.to(tl.uint32), cell.to(tl.uint32)), tl.zeros([BLOCK], tl.int32)
    # Not ">": a conductance of NaN is outside, too.
    away = tl.where(inside, tl.where(tl.abs(g - goal) <= reach, 0, 1), 0)
    while tl.max(tl.where(count < most, away, 0), axis=0) > 0:
        active = (away != 0) & (count < most)
        xi = table_normal(table, finish(lanes, key1.to(tl.uint32), count.to(tl.uint32))).to(tl.float64)
        up = goal > g
        part = tl.maximum(tl.where(up, high - g, g - low) / span, 0.0)
        if not LINEAR:
            part = power(part, tl.where(up, exponent_up, exponent_down))
        mean = tl.where(up, rise, fall) * part
        if MULTIPLICATIVE:
            size = mean * (1.0 + noise * xi)
        else:
            size = mean + noise * xi
        moved = tl.where(up, g + size, g - size)
        moved = tl.minimum(tl.maximum(moved, tl.minimum(g, low)), tl.maximum(g, high))
        g = tl.where(active, moved, g)
        count += active.to(tl.int32)
        away = tl.where(inside, tl.where(tl.abs(g - goal) <= reach, 0, 1), 0)
    pulsed = inside & (count > 0)
    tl.store(conductance + cell, g.to(tl.float32), mask=pulsed)
    tl.store(epochs + cell, tl.zeros([BLOCK], tl.int32) + epoch, mask=pulsed)
    tl.store(pulses + cell, count, mask=inside)
    tl.store(failed + cell, away.to(tl.int8), mask=inside)


@triton.jit(do_not_specialize=["size", "rows", "starts", "points", "levels", "epoch", "key0", "key1"])
def sample_kernel(
    conductance,
    epochs,
    weights,
    base,
    slope,
    bounds,
    own,
    quantiles,
    means,
    counts,
    size,
    rows,
    starts,
    points,
    levels,
    epoch,
    key0,
    key1,
    BLOCK: tl.constexpr,
):
    """Sampled programming of a block of cells of one plane; `own` is (least, acceptance, first, step)."""
    k, plane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), tl.program_id(1)
    inside = k < size
    cell = plane.to(tl.int64) * size + k
    lowest, highest = tl.load(bounds + levels), tl.load(bounds + 2 * levels + 1)
    for n in range(1, levels + 1):
        lowest = tl.minimum(lowest, tl.load(bounds + levels + n))
        highest = tl.maximum(highest, tl.load(bounds + 2 * levels + 1 + n))
    weight = tl.load(weights + k, mask=inside, other=0.0)
    goal = (tl.load(base + plane) + tl.load(slope + plane) * weight).to(tl.float64)
    goal = tl.maximum(goal, tl.load(own))
    g = tl.load(conductance + cell, mask=inside, other=1.0).to(tl.float64)
    reach = tl.load(own + 1) * goal
    lanes = lane(key0.to(tl.uint32), cell.to(tl.uint32))
    w = finish(lanes, key1.to(tl.uint32), (k * 0).to(tl.uint32))
    v = finish(lanes, key1.to(tl.uint32), (k * 0 + 1).to(tl.uint32))
    place = tl.minimum(tl.maximum((goal - tl.load(own + 2)) / tl.load(own + 3), 0.0), (rows - 1).to(tl.float64))
    row = tl.minimum((place + (w >> 16).to(tl.float64) / 65536.0).to(tl.int32), rows - 1)
    below = g < goal
    edge = tl.where(below, goal - reach, goal + reach)
    way = (edge - g) / (edge - tl.where(below, lowest, highest))
    way = tl.sqrt(tl.minimum(tl.maximum(way, 0.0), 1.0)) * (starts - 1).to(tl.float64)
    column = tl.minimum((way + (w & 0xFFFF).to(tl.float64) / 65536.0).to(tl.int32), starts - 1) + tl.where(below, 0, starts)
    entry = row * (2 * starts) + column
    place = (v >> 9).to(tl.float64) / 8388608.0 * (points - 1).to(tl.float64)
    point = place.to(tl.int32)
    left = quantiles + entry * points + point
    outside = inside & (tl.abs(g - goal) > reach)
    here = tl.load(left, mask=outside, other=0.0).to(tl.float64)
    there = tl.load(left + 1, mask=outside, other=0.0).to(tl.float64)
    moved = goal + reach * (here + (place - point.to(tl.float64)) * (there - here))
    tl.store(conductance + cell, moved.to(tl.float32), mask=outside)
    tl.store(epochs + cell, k * 0 + epoch, mask=outside)
    mean = tl.load(means + entry, mask=outside, other=0)
    tl.atomic_add(counts, tl.sum(tl.where(outside, 1, 0), axis=0).to(tl.int64))
    tl.atomic_add(counts + 1, tl.sum(mean.to(tl.int64), axis=0))


@triton.jit(do_not_specialize=["cells", "key0", "key1"])
def advance_kernel(conductance, epochs, mean, sigma, own, counts, cells, key0, key1, BLOCK: tl.constexpr):
    """Relaxation of a block of cells; `own` is the floor, counts[0] the cells that it holds."""
    cell = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = cell < cells
    epoch, floor = tl.load(epochs + cell, mask=inside, other=0), tl.load(own)
    word = finish(lane(key0.to(tl.uint32), cell.to(tl.uint32)), key1.to(tl.uint32), (cell * 0).to(tl.uint32))
    g = tl.load(conductance + cell, mask=inside, other=1.0).to(tl.float64) + tl.load(mean + epoch)
    g += tl.load(sigma + epoch) * quantile(word).to(tl.float64)
    tl.store(conductance + cell, tl.maximum(g, floor).to(tl.float32), mask=inside)
    tl.atomic_add(counts, tl.sum(tl.where(inside & (g < floor), 1, 0), axis=0).to(tl.int64))


@triton.jit(do_not_specialize=["cells", "key0", "key1"])
def single_kernel(conductance, epochs, scale, out, cells, key0, key1, BLOCK: tl.constexpr):
    """One read of every cell of a block by itself."""
    cell = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = cell < cells
    g = tl.load(conductance + cell, mask=inside, other=1e-6)
    word = finish(lane(key0.to(tl.uint32), cell.to(tl.uint32)), key1.to(tl.uint32), (cell * 0).to(tl.uint32))
    decades = tl.maximum(log(g * 1e6) * 0.4342944819032518, 0.0)
    sigma = tl.load(scale + tl.load(epochs + cell, mask=inside, other=0)).to(tl.float32) * decades
    tl.store(out + cell, g + sigma * quantile(word), mask=inside)


def _bounds(loop: ClosedLoop, device: torch.device) -> tuple[Tensor, int]:
    """Limits of the targets, and lower and upper bounds between them, as one tensor; the number of limits."""
    limits = getattr(loop, "limits", None)
    if limits is None:
        return numbers(device, float(loop.low), float(loop.high)), 0
    parts = [torch.as_tensor(part, dtype=torch.float64, device=device) for part in (limits, loop.low, loop.high)]
    return torch.cat(parts), len(limits)


def program(cells: Cells, law: UpdateLaw, loop: ClosedLoop, target: Any, key: tuple[int, int], epoch: int) -> tuple[Any, Any]:
    """See `CellVerbs.program`."""
    check_soft_bounds(law)
    conductance: Any = cells.conductance
    device, count, exponents = conductance.device, conductance.numel(), (float(law.exponent_up), float(law.exponent_down))
    pulses = torch.empty(conductance.shape, dtype=torch.int32, device=device)
    failed = torch.empty(conductance.shape, dtype=torch.int8, device=device)
    bounds, levels = _bounds(loop, device)
    own = numbers(device, float(loop.step_factor), float(loop.acceptance), *exponents)
    program_kernel[(-(-count // _LOOP["BLOCK"]),)](
        *(*cells, target, bounds, own, table(device), pulses, failed, count, levels, int(loop.max_pulses), int(epoch)),
        *words_of(key),
        MULTIPLICATIVE=bool(law.multiplicative),
        LINEAR=exponents == (1.0, 1.0),
        **_LOOP,
        **LAUNCH,
    )
    return pulses, failed.view(torch.bool)


def program_sampled(
    cells: Cells, weights: Any, targets: Targets, acceptance: Acceptance, key: tuple[int, int], epoch: int
) -> tuple[Any, Any]:
    """See `CellVerbs.program_sampled`; both counts are tensors."""
    conductance, quantiles = cells.conductance, acceptance.quantiles
    device, size, planes = weights.device, weights.numel(), len(conductance)
    (rows, both, points), (bounds, levels) = quantiles.shape, _bounds(acceptance.loop, device)
    counts = torch.zeros(2, dtype=torch.int64, device=device)
    loop = acceptance.loop
    own = numbers(device, float(targets.least), float(loop.acceptance), float(acceptance.first), float(acceptance.step))
    sample_kernel[(-(-size // _FLAT["BLOCK"]), planes)](
        *(conductance, cells.epoch_index, weights, targets.base, targets.slope, bounds, own, quantiles, acceptance.pulses),
        *(counts, size, rows, both // 2, points, levels, int(epoch)),
        *words_of(key),
        **_FLAT,
        **LAUNCH,
    )
    return counts[0], counts[1]


def advance(cells: Cells, mean: Any, sigma: Any, floor: float, key: tuple[int, int]) -> Any:
    """See `CellVerbs.advance`; the count is a tensor."""
    conductance: Any = cells.conductance
    count, device = conductance.numel(), conductance.device
    counts = torch.zeros(1, dtype=torch.int64, device=device)
    own = numbers(device, float(floor))
    arrays = (conductance, cells.epoch_index, mean, sigma, own, counts, count)
    advance_kernel[(-(-count // _FLAT["BLOCK"]),)](*arrays, *words_of(key), **_FLAT, **LAUNCH)
    return counts[0]


def read_cells(cells: Cells, scale: Any, key: tuple[int, int]) -> Any:
    """See `CellVerbs.read_cells`."""
    conductance: Any = cells.conductance
    count, out = conductance.numel(), torch.empty_like(conductance)
    arrays = (conductance, cells.epoch_index, scale, out, count)
    single_kernel[(-(-count // _FLAT["BLOCK"]),)](*arrays, *words_of(key), **_FLAT, **LAUNCH)
    return out


def read_variance(cells: Cells, scale: Any, gains: Any) -> Any:
    """See `CellVerbs.read_variance`; a few passes of torch, since a tile keeps the result until its cells move."""
    conductance: Any = cells.conductance
    epochs: Any = cells.epoch_index
    decades = torch.log10(conductance.double() / 1e-6).clamp(min=0.0)
    return (gains[:, None, None] * scale[epochs.long()] * decades).square().sum(0).float()
