"""The compiled member: the contract of `_contract`, by numba.

A mini-batch is first planned (`_plan`: trains, choppers, column reads), then done row by row (`_rows`, `_cells`), in parallel.
"""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from ohmnia._errors import out_of_range
from ohmnia.kernels import _cpu_cells, _cpu_read
from ohmnia.kernels._contract import (
    Cells,
    FloatArray,
    IntArray,
    Keys,
    ReadPath,
    Trains,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
)
from ohmnia.kernels._plan import plan_transfer, plan_update
from ohmnia.kernels._rows import AUTO, update_rows
from ohmnia.kernels._threads import over_rows, threads
from ohmnia.random import normal_table

_NO_READS = np.zeros((0, 0), np.float32)
# Rough costs, in nanoseconds, of a coincidence and of a row that meets a sample; worth a second thread above the last.
_COST_PULSE, _COST_MEETING, _WORTH_A_THREAD = 4.0, 100.0, 1e5


class _Planned(NamedTuple):
    """Packed trains of a mini-batch, filled by `_plan`."""

    col_words: NDArray[np.uint32]
    row_words: NDArray[np.uint32]
    listed_words: NDArray[np.uint32]
    listed: IntArray
    count: IntArray
    share: NDArray[np.float64]
    signs: FloatArray


def _empty_plan(samples: int, rows: int, cols: int, length: int) -> _Planned:
    parts = (length + 31) // 32
    return _Planned(
        np.zeros((samples, parts, cols), np.uint32),
        np.zeros((samples, parts, rows), np.uint32),
        np.empty((samples, parts, cols + 1), np.uint32),
        np.empty((samples, cols + 1), np.int32),
        np.empty(samples, np.int32),
        np.zeros(samples),
        np.empty((samples, cols), np.float32),
    )


def _law(law: UpdateLaw) -> tuple[bool, bool, float, float]:
    if law.code != 0:
        raise out_of_range("law.code", law.code, "0 (generalised soft bounds)")
    up, down = float(law.exponent_up), float(law.exponent_down)
    return bool(law.multiplicative), up == down == 1.0, up, down


@final
class Cpu:
    """The compiled member of the contract.

    Parameters
    ----------
    path
        AUTO, or how a row and a sample meet in any case (DENSE, HITS of `_rows`); the bits are the same.
    """

    read = staticmethod(_cpu_read.read)
    drive = staticmethod(_cpu_read.drive)
    convert = staticmethod(_cpu_read.convert)
    program = staticmethod(_cpu_cells.program)
    program_sampled = staticmethod(_cpu_cells.program_sampled)
    advance = staticmethod(_cpu_cells.advance)
    read_cells = staticmethod(_cpu_cells.read_cells)
    read_variance = staticmethod(_cpu_cells.read_variance)

    def __init__(self, path: int = AUTO) -> None:
        self.path = path

    def _rows(self, expected: float, samples: int, rows: int, *arguments: Any) -> NDArray[np.int64]:
        """Run `update_rows` on one or all threads, by the work that is expected; its counts."""
        cost = expected * _COST_PULSE + samples * rows * _COST_MEETING

        def work(first: int, last: int) -> NDArray[np.int64]:
            counts = np.zeros(3, np.int64)
            update_rows(first, last, *arguments, counts)
            return counts

        return sum(over_rows(work, rows, threads() if cost > _WORTH_A_THREAD else 1), np.zeros(3, np.int64))

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
    ) -> NDArray[np.int64]:
        """See `Member.pulsed_update`."""
        samples, rows, cols = len(x), d.shape[1], x.shape[1]
        planned = _empty_plan(samples, rows, cols, trains.length)
        line_keys = np.array([*keys.columns, *keys.rows], np.int64)
        rate, granularity, lengths = float(learning_rate), float(trains.granularity), trains[1:]
        smaller, expected = plan_update(x, d, rate, granularity, lengths, line_keys, *planned)
        cell_keys = np.array([*keys.cells, 0, 0, 0, 0, 0, 0], np.int64)
        events, factors = np.full((samples, 4), -1, np.int32), np.zeros((samples, 2))
        buffers = (_NO_READS, _NO_READS, _NO_READS, _NO_READS, np.zeros(2))
        numbers = (0.0, 0.0, 0.0, float(trains.length), 0.0, 1.0, 0.0, float(epoch), 0.0)
        counts = self._rows(
            expected,
            samples,
            rows,
            tuple(cells),
            tuple(cells),
            _law(law),
            (d, normal_table().numpy(), *planned),
            events,
            factors,
            buffers,
            self.path,
            cell_keys,
            numbers,
        )
        return np.array([counts[0], smaller], np.int64)

    def transfer_update(
        self,
        fast: Cells,
        slow: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: TransferKeys,
        path: ReadPath,
        state: TransferState,
        settings: TransferSettings,
        x: FloatArray,
        d: FloatArray,
        epochs: tuple[int, int],
    ) -> NDArray[np.int64]:
        """See `Member.transfer_update`."""
        samples, rows, cols = len(x), d.shape[1], x.shape[1]
        planned = _empty_plan(samples, rows, cols, trains.length)
        line_keys = np.array([*keys.pulses.columns, *keys.pulses.rows, *keys.chopper], np.int64)
        events, factors = np.empty((samples, 4), np.int32), np.empty((samples, 2))
        smaller, expected, column_reads = plan_transfer(
            x,
            d,
            tuple(map(float, settings[:10])),
            trains[1:],
            line_keys,
            *planned,
            state.chopper,
            state.reads,
            state.scalars,
            events,
            factors,
        )
        cell_keys = np.array([*keys.pulses.cells, *keys.slow, *keys.read, *keys.transfer], np.int64)
        lengths = (trains.length, settings.direct, settings.slow_length, settings.forget)
        numbers = tuple(map(float, (*path.converter, *lengths, *epochs)))
        counts = self._rows(
            expected,
            samples,
            rows,
            tuple(fast),
            tuple(slow),
            _law(law),
            (d, normal_table().numpy(), *planned),
            events,
            factors,
            (state.hidden, state.reference, state.mean, path.variance, path.weight),
            self.path,
            cell_keys,
            numbers,
        )
        return np.array([counts[0], smaller, column_reads, counts[1], counts[2]], np.int64)
