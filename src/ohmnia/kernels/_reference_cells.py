"""The verbs on single cells of `_contract_cells` in torch float64, by the device's own laws."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from ohmnia.kernels._contract_cells import Acceptance, ClosedLoop, Targets
from ohmnia.kernels._contract_records import Cells, FloatArray, IntArray, UpdateLaw, check_law
from ohmnia.random import Stream, quantile_normal, words


def program(
    cells: Cells, law: UpdateLaw, loop: ClosedLoop, target: NDArray[np.float64], key: tuple[int, int], epoch: int
) -> tuple[IntArray, NDArray[np.bool_]]:
    """The closed loop of the device's law; see `CellVerbs.program`."""
    # Imported late: the laws' modules need more than numpy and torch.
    from ohmnia.device.programming.identical_pulses import closed_loop
    from ohmnia.device.update.relative_step import pulse, widened

    check_law(law)
    parameters = torch.from_numpy(cells.parameters.reshape(5, -1))
    row = torch.bucketize(torch.from_numpy(target.reshape(-1)), torch.from_numpy(loop.limits))
    low, high = torch.from_numpy(loop.low)[row], torch.from_numpy(loop.high)[row]
    wide = widened(parameters, low, high, loop.step_factor, bool(law.multiplicative))
    exponents, tables = (law.exponent_up, law.exponent_down), torch.from_numpy(law.tables)
    result = closed_loop(
        torch.from_numpy(cells.conductance.reshape(-1)),
        torch.from_numpy(target.reshape(-1)),
        wide,
        loop.acceptance,
        loop.max_pulses,
        lambda g, direction, own, xi: pulse(g, direction, own, xi, bool(law.multiplicative), exponents, tables),
        Stream(*key),
    )
    shape = cells.conductance.shape
    pulses = result.pulses.numpy().astype(np.int32).reshape(shape)
    cells.conductance[:] = result.conductance.numpy().reshape(shape)
    cells.epoch_index[pulses > 0] = epoch
    return pulses, result.failed.numpy().reshape(shape)


def program_sampled(
    cells: Cells, weights: FloatArray, targets: Targets, acceptance: Acceptance, key: tuple[int, int], epoch: int
) -> tuple[int, int]:
    """One cell after the other; see `CellVerbs.program_sampled`."""
    low, high, share = float(acceptance.loop.low.min()), float(acceptance.loop.high.max()), acceptance.loop.acceptance
    rows, both, points = acceptance.quantiles.shape
    starts, written, total = both // 2, 0, 0
    for cell, index in enumerate(np.ndindex(cells.conductance.shape)):
        goal = max(float(targets.base[index[0]]) + float(targets.slope[index[0]]) * float(weights[index[1:]]), targets.least)
        g, reach = float(cells.conductance[index]), share * goal
        if abs(g - goal) <= reach:
            continue
        w, v = (int(words(Stream(*key), cell, part)) for part in (0, 1))
        place = min(max((goal - acceptance.first) / acceptance.step, 0.0), rows - 1.0)
        row = min(math.floor(place + (w >> 16) / 2**16), rows - 1)
        edge, bound = (goal - reach, low) if g < goal else (goal + reach, high)
        way = min(max((edge - g) / (edge - bound), 0.0), 1.0)
        column = min(math.floor(math.sqrt(way) * (starts - 1) + (w & 0xFFFF) / 2**16), starts - 1)
        column += 0 if g < goal else starts
        place = (v >> 9) / 2**23 * (points - 1)
        point = math.floor(place)
        here, there = acceptance.quantiles[row, column, point : point + 2].tolist()
        cells.conductance[index] = goal + reach * (here + (place - point) * (there - here))
        cells.epoch_index[index] = epoch
        written, total = written + 1, total + int(acceptance.pulses[row, column])
    return written, total


def advance(cells: Cells, mean: NDArray[np.float64], sigma: NDArray[np.float64], floor: float, key: tuple[int, int]) -> int:
    """See `CellVerbs.advance`."""
    shape, index = cells.conductance.shape, cells.epoch_index
    xi = quantile_normal(Stream(*key), torch.arange(index.size)).numpy().reshape(shape)
    moved = cells.conductance.astype(np.float64) + mean[index] + sigma[index] * xi
    cells.conductance[:] = np.maximum(moved, floor)
    return int((moved < floor).sum())


def read_cells(cells: Cells, scale: NDArray[np.float64], key: tuple[int, int]) -> FloatArray:
    """See `CellVerbs.read_cells`."""
    shape, g = cells.conductance.shape, cells.conductance.astype(np.float64)
    xi = quantile_normal(Stream(*key), torch.arange(g.size)).numpy().reshape(shape)
    return (g + _read_sigma(cells, scale) * xi).astype(np.float32)


def read_variance(cells: Cells, scale: NDArray[np.float64], gains: NDArray[np.float64]) -> FloatArray:
    """See `CellVerbs.read_variance`."""
    return ((gains[:, None, None] * _read_sigma(cells, scale)) ** 2).sum(0).astype(np.float32)


def _read_sigma(cells: Cells, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of one read of each cell, siemens."""
    return scale[cells.epoch_index] * np.maximum(np.log10(cells.conductance.astype(np.float64) / 1e-6), 0.0)
