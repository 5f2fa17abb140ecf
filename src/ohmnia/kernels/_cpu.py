"""The compiled member: the contract of `_contract`, by numba.

A mini-batch is first planned (`_plan`: trains, choppers, column reads), then done row by row (`_rows`, `_cells`), in parallel
over the rows of all blocks of a step (`_jobs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels import _cpu_cells, _cpu_read
from ohmnia.kernels._contract import Cells, FloatArray, Keys, Trains, Transfer, UpdateLaw
from ohmnia.kernels._contract_records import check_law
from ohmnia.kernels._jobs import JOB, fill_batch, fill_cells, fill_rule, plan_jobs, run_jobs
from ohmnia.kernels._rows import AUTO
from ohmnia.kernels._threads import threads, together
from ohmnia.random import normal_table

# Nanoseconds of work that are worth a second thread, and rough costs of a pulse and of a row that meets a sample.
_WORTH_A_THREAD, _COST_PULSE, _COST_MEETING = 1e5, 3.0, 40.0
_NO_KEY, _QUIET = (0, 0), np.empty((0, 0), np.float32)


def _filled(cells: Cells, law: UpdateLaw, trains: Trains) -> NDArray[np.void]:
    """A job for these cells."""
    check_law(law)
    jobs = np.empty(1, JOB)
    fill_cells(jobs, 0, cells, tuple(map(float, law[:4])), law.tables, trains)
    return jobs


def _known(work: Transfer) -> np.void:
    """What a transfer's job holds beside the mini-batch, from its memo where it has one."""
    if work.memo and "job" in work.memo:
        return work.memo["job"]
    jobs = _filled(work.fast, work.law, work.trains)
    settings, converter = tuple(map(float, work.settings)), tuple(map(float, work.path.converter))
    fill_rule(jobs, 0, work.slow, work.state, work.path.weight, settings, converter)
    if work.memo is not None:
        # The job has the address of the law's tables.
        work.memo["job"], work.memo["law"] = jobs[0], work.law
    return jobs[0]


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

    def _run(self, jobs: NDArray[np.void], size: int, meetings: int) -> NDArray[np.int64]:
        """Plan and do the jobs, on one or all threads by the work that is expected; the counts of `Member.transfer_update`.

        `meetings` of a row and a sample are work in any case; the plan says how many pulses there are besides.
        """
        counts, table = np.zeros((threads(), len(jobs), 5), np.int64), normal_table().numpy()
        # A plan lies in here, and the jobs know its address.
        scratch, turn = np.empty(size, np.uint8), np.zeros(2, np.int64)

        def plan() -> float:
            return plan_jobs(jobs, scratch, counts[0])

        def work(part: int) -> bool:
            return run_jobs(jobs, turn, self.path, table, counts[part])

        if meetings * _COST_MEETING > _WORTH_A_THREAD:
            together(work, len(counts), plan)
        else:
            together(work, len(counts) if plan() * _COST_PULSE > _WORTH_A_THREAD else 1)
        return counts.sum(0)

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
        jobs = _filled(cells, law, trains)
        line_keys, cell_keys = (keys.columns, keys.rows, _NO_KEY), (keys.cells, _NO_KEY, _NO_KEY, _NO_KEY)
        size = fill_batch(jobs, 0, x, d, _QUIET, _QUIET, line_keys, cell_keys, float(learning_rate), epoch, 0)
        return self._run(jobs, size, len(x) * d.shape[1])[0, :2]

    def transfer_update(self, works: Sequence[Transfer]) -> NDArray[np.int64]:
        """See `Member.transfer_update`."""
        jobs, size, meetings = np.empty(len(works), JOB), 0, 0
        for k, work in enumerate(works):
            jobs[k] = _known(work)
            pulses, *others, chopper = work.keys
            keys = (*pulses[:2], chopper), (pulses.cells, *others)
            weights = _QUIET if work.weights is None else work.weights
            size += fill_batch(jobs, k, work.x, work.d, work.path.variance, weights, *keys, 0.0, *work.epochs)
            meetings += work.d.size
        return self._run(jobs, size, meetings)
