"""The contract of `_contract` in plain loops: slow, to be read side by side with its docstrings.

Decisions and steps are computed in float64; conductances and the buffers H, P and M are rounded to float32 whenever
they are stored. One sample, one slot, one row, one column at a time; the planes of a weight are pulsed together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray

from ohmnia.kernels import _reference_cells, _reference_read
from ohmnia.kernels._contract import (
    Cells,
    FloatArray,
    Keys,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
)
from ohmnia.kernels._contract_records import check_law
from ohmnia.random import Stream, table_normal, words

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
TWO_POW_32 = 2.0**32
SAMPLES_SEEN, NEXT_COLUMN, MEAN_X, MEAN_D = range(4)


class _Target(NamedTuple):
    """The cells that pulses go to, with all that a pulse on them needs.

    Attributes
    ----------
    cells
        Changed in place.
    law
        The cells' update law.
    stream
        Cycle-to-cycle noise.
    epoch
        Write epoch that a pulsed cell gets.
    """

    cells: Cells
    law: UpdateLaw
    stream: Stream
    epoch: int


class _Transfer(NamedTuple):
    """What the column reads of one call need.

    Attributes
    ----------
    fast
        The tile that is read.
    slow
        The tile that is pulsed.
    keys, path, state, settings
        As the contract has them.
    """

    fast: _Target
    slow: _Target
    keys: TransferKeys
    path: ReadPath
    state: TransferState
    settings: TransferSettings


class _Plan(NamedTuple):
    """The pulse trains of one sample.

    Attributes
    ----------
    slots
        L'; 0 for no pulse.
    columns, rows
        Probability a slot that each line fires.
    smaller
        Whether the update is smaller than asked.
    """

    slots: int
    columns: Float64Array
    rows: Float64Array
    smaller: bool


def _plan(trains: Trains, k: float, x: Float64Array, d: Float64Array) -> _Plan:
    """Length and probabilities of the trains of one sample that asks for k slots."""
    size_x, size_d = np.abs(x), np.abs(d)
    x_max, d_max = float(size_x.max()), float(size_d.max())
    slots = min(math.ceil(k), trains.length) if trains.length_management else trains.length
    smaller = k > slots
    if slots <= 0 or k <= 0.0:
        return _Plan(0, np.zeros_like(x), np.zeros_like(d), smaller)
    if trains.update_management:
        q = math.sqrt(min(k / slots, 1.0))
        return _Plan(slots, size_x / x_max * q, size_d / d_max * q, smaller)
    asked = min(k, float(slots)) if trains.length_management else k
    p = math.sqrt(asked / (slots * x_max * d_max))
    clipped = p * x_max > 1.0 or p * d_max > 1.0
    return _Plan(slots, np.minimum(p * size_x, 1.0), np.minimum(p * size_d, 1.0), smaller or clipped)


def _fires(stream: Stream, probability: Float64Array, counter: int) -> NDArray[np.bool_]:
    """Which lines fire in the slot with this counter."""
    threshold = np.floor(probability * TWO_POW_32 + 0.5).astype(np.int64)
    return words(stream, torch.arange(len(probability)), counter).numpy() < threshold


def _coincidences(plan: _Plan, keys: Keys, first_counter: int) -> Iterator[tuple[int, int]]:
    """Row and column of every coincidence of one sample, in the order of the slots."""
    columns, rows = Stream(*keys.columns), Stream(*keys.rows)
    for counter in range(first_counter, first_counter + plan.slots):
        column_fires, row_fires = _fires(columns, plan.columns, counter), _fires(rows, plan.rows, counter)
        for i in range(len(row_fires)):
            for j in range(len(column_fires)):
                if row_fires[i] and column_fires[j]:
                    yield i, j


def _pulse(target: _Target, i: int, j: int, direction: int, counter: int) -> int:
    """Give one pulse to every plane of a weight, plane 1 against `direction`; returns how many cells it went to."""
    # Imported late: the law's module needs more than numpy and torch.
    from ohmnia.device.update.relative_step import pulse

    check_law(target.law)
    conductance, parameters, epoch_index = target.cells
    planes, rows, cols = conductance.shape
    for plane in range(planes):
        cell = (plane * rows + i) * cols + j
        moved = pulse(
            torch.tensor(float(conductance[plane, i, j]), dtype=torch.float64),
            direction if plane == 0 else -direction,
            torch.as_tensor(parameters[:, plane, i, j].astype(np.float64)),
            table_normal(target.stream, cell, counter),
            bool(target.law.multiplicative),
            (target.law.exponent_up, target.law.exponent_down),
            torch.from_numpy(target.law.tables),
        )
        conductance[plane, i, j] = moved.item()
        epoch_index[plane, i, j] = target.epoch
    return planes


def _update_sample(target: _Target, plan: _Plan, keys: Keys, first_counter: int, up: NDArray[np.bool_]) -> int:
    """Apply the trains of one sample.

    Parameters
    ----------
    target
        The tile.
    plan
        Its trains.
    keys
        Keys of the lines.
    first_counter
        b * L.
    up
        Direction of plane 0 of each weight, (rows, cols).

    Returns
    -------
    int
        Pulses, one for each plane of a coincidence.
    """
    pulses = 0
    given = np.zeros(up.shape, dtype=np.int64)
    for i, j in _coincidences(plan, keys, first_counter):
        pulses += _pulse(target, i, j, 1 if up[i, j] else -1, first_counter + int(given[i, j]))
        given[i, j] += 1
    return pulses


def _moves_up(x: Float64Array, d: Float64Array) -> NDArray[np.bool_]:
    """Where -x_j d_i > 0, (rows, cols)."""
    return -np.outer(d, x) > 0.0


def _track_maxima(state: TransferState, settings: TransferSettings, x: Float64Array, d: Float64Array) -> None:
    """Step 1 of a transfer rule: the running means of max|x| and max|d|."""
    if settings.rate_memory == 0.0:
        return
    memory = min(state.scalars[SAMPLES_SEEN] + 1.0, settings.rate_memory)
    state.scalars[MEAN_X] += (float(np.abs(x).max()) - state.scalars[MEAN_X]) / memory
    state.scalars[MEAN_D] += (float(np.abs(d).max()) - state.scalars[MEAN_D]) / memory


def _means(state: TransferState, settings: TransferSettings) -> tuple[float, float]:
    """m_x and m_d."""
    if settings.rate_memory == 0.0:
        return 1.0, 1.0
    return float(state.scalars[MEAN_X]), float(state.scalars[MEAN_D])


def _fast_slots(state: TransferState, settings: TransferSettings, x: Float64Array, d: Float64Array) -> float:
    """The slots k that step 2 of a transfer rule asks for; 0 where the maxima are."""
    mean_x, mean_d = _means(state, settings)
    if mean_x * mean_d == 0.0:
        return 0.0
    return settings.fast_rate * (float(np.abs(x).max()) / mean_x) * (float(np.abs(d).max()) / mean_d)


def _tile_weight(conductance: FloatArray, weight: Float64Array, i: int, j: int) -> float:
    """The weight that a cell, or a differential pair, stands for, in tile weights."""
    planes = conductance.shape[0]
    return sum(float(weight[p]) * float(conductance[p, i, j]) for p in range(planes)) - float(weight[planes])


def _slow_weights(conductance: FloatArray, weight: FloatArray) -> FloatArray:
    """Tile weights of all cells, in float32."""
    total = conductance[0] * weight[0]
    for gain, plane in zip(weight[1:], conductance[1:], strict=False):
        total = total + gain * plane
    return total - weight[-1]


def _read_column(transfer: _Transfer, j: int, sample: int, read: int) -> list[float]:
    """Column j of the fast tile, in the `read`-th read of the call."""
    outputs, cells, path = [], transfer.fast.cells, transfer.path
    for i in range(cells.conductance.shape[1]):
        fresh = bool((cells.epoch_index[:, i, j] == transfer.fast.epoch).all())
        variance = 0.0 if fresh or not path.variance.size else float(path.variance[i, read])
        value, xi = (
            _tile_weight(cells.conductance, path.weight, i, j),
            float(table_normal(Stream(*transfer.keys.read), i, sample)),
        )
        outputs.append(_reference_read.digitise(path.converter, value, variance, xi)[0])
    return outputs


def _hidden_steps(transfer: _Transfer, i: int, j: int, change: float) -> tuple[int, bool]:
    """Step 3a: add to H; the steps that leave it (signed), and whether they were limited."""
    hidden, settings = transfer.state.hidden, transfer.settings
    hidden[i, j] = float(hidden[i, j]) + change
    h = float(hidden[i, j])
    n = min(max(math.trunc(h), -settings.slow_length), settings.slow_length)
    if n != 0:
        hidden[i, j] = h * settings.forget if settings.forget >= 0.0 else h - n
    return n, abs(math.trunc(h)) > settings.slow_length


def _direct_steps(transfer: _Transfer, i: int, sample: int, change: float) -> tuple[int, bool]:
    """Step 3b: the pulses of a stochastic train (signed), and whether they were limited."""
    length = transfer.settings.slow_length
    threshold = math.floor(min(abs(change) / length, 1.0) * TWO_POW_32 + 0.5)
    slots = words(Stream(*transfer.keys.transfer), i, sample * length + torch.arange(length))
    n = int((slots < threshold).sum())
    return n if change > 0.0 else -n, abs(change) > length


def _transfer_column(transfer: _Transfer, j: int, sample: int, outputs: list[float]) -> tuple[int, int]:
    """Steps 3a and 3b: pulses on column j of the slow tile, and limited transfers."""
    pulses = limited = 0
    state, settings = transfer.state, transfer.settings
    if int(state.reads[j]) < settings.wait:
        return 0, 0
    mean_x, mean_d = _means(state, settings)
    gain = settings.gain * (mean_x * mean_d) ** settings.gain_power
    for i, r in enumerate(outputs):
        change = int(state.chopper[j]) * gain * (r - float(state.reference[i, j]))
        if settings.direct:
            n, beyond = _direct_steps(transfer, i, sample, change)
        else:
            n, beyond = _hidden_steps(transfer, i, j, change)
        limited += beyond
        for pulse in range(abs(n) * settings.slow_unit):
            turn = sample * settings.slow_length * settings.slow_unit + pulse
            pulses += _pulse(transfer.slow, i, j, 1 if n > 0 else -1, turn)
    return pulses, limited


def _finish_read(transfer: _Transfer, j: int, sample: int, outputs: list[float]) -> None:
    """Steps 3c to 3e: the mean, the chopper and the reference, and on to the next column."""
    state, settings = transfer.state, transfer.settings
    if settings.dynamic:
        beta = max(settings.mean_rate, 1.0 / (int(state.reads[j]) + 1))
        for i, r in enumerate(outputs):
            mean = float(state.mean[i, j])
            state.mean[i, j] = mean + beta * (r - mean)
    state.reads[j] += 1
    regular = settings.period > 0 and int(state.reads[j]) % settings.period == 0
    threshold = math.floor(settings.flip_probability * TWO_POW_32 + 0.5)
    if regular or int(words(Stream(*transfer.keys.chopper), j, sample)) < threshold:
        state.chopper[j] = -state.chopper[j]
        if settings.dynamic:
            state.reference[:, j] = state.mean[:, j]
    state.scalars[NEXT_COLUMN] = (j + 1) % len(state.reads)


@final
class Reference:
    """The kernel member that judges the others."""

    read = staticmethod(_reference_read.read)
    drive = staticmethod(_reference_read.drive)
    convert = staticmethod(_reference_read.convert)
    program = staticmethod(_reference_cells.program)
    program_sampled = staticmethod(_reference_cells.program_sampled)
    advance = staticmethod(_reference_cells.advance)
    read_cells = staticmethod(_reference_cells.read_cells)
    read_variance = staticmethod(_reference_cells.read_variance)

    def pulsed_update(
        self,
        cells: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        x: FloatArray,
        d: FloatArray,
        learning_rate: float,
        epoch: int,
    ) -> Int64Array:
        """Stochastic pulse trains; see `Member.pulsed_update`."""
        target = _Target(cells, law, Stream(*keys.cells), epoch)
        pulses = smaller = 0
        for b in range(len(x)):
            x_b, d_b = x[b].astype(np.float64), d[b].astype(np.float64)
            k = learning_rate * float(np.abs(x_b).max()) * float(np.abs(d_b).max()) / trains.granularity
            plan = _plan(trains, k, x_b, d_b)
            pulses += _update_sample(target, plan, keys, b * trains.length, _moves_up(x_b, d_b))
            smaller += plan.smaller
        return np.array([pulses, smaller], dtype=np.int64)

    def transfer_update(self, works: Sequence[Transfer]) -> Int64Array:
        """The Tiki-Taka family; see `Member.transfer_update`."""
        return np.stack([self._transfer(work) for work in works])

    def _transfer(self, work: Transfer) -> Int64Array:
        fast, slow, law, trains, keys, path, state, settings, x, d, epochs, weights, _ = work
        fast_target = _Target(fast, law, Stream(*keys.pulses.cells), epochs[0])
        slow_target = _Target(slow, law, Stream(*keys.slow), epochs[1])
        transfer = _Transfer(fast_target, slow_target, keys, path, state, settings)
        counts = np.zeros(5, dtype=np.int64)
        for b in range(len(x)):
            x_b, d_b = x[b].astype(np.float64), d[b].astype(np.float64)
            _track_maxima(state, settings, x_b, d_b)
            chopped = state.chopper * x_b
            plan = _plan(trains, _fast_slots(state, settings, x_b, d_b), chopped, d_b)
            counts[0] += _update_sample(fast_target, plan, keys.pulses, b * trains.length, _moves_up(chopped, d_b))
            counts[1] += plan.smaller
            state.scalars[SAMPLES_SEEN] += 1.0
            if int(state.scalars[SAMPLES_SEEN]) % settings.every == 0:
                j = int(state.scalars[NEXT_COLUMN])
                outputs = _read_column(transfer, j, b, int(counts[2]))
                counts[2] += 1
                counts[3:] += _transfer_column(transfer, j, b, outputs)
                _finish_read(transfer, j, b, outputs)
        if weights is not None:
            weights[:] = _slow_weights(slow.conductance, path.weight.astype(np.float32))
        return counts
