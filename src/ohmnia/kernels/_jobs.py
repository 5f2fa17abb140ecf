"""Work for the compiled member, one record a block: a kernel call then takes all blocks of a step at once.

A call with forty arrays costs forty checks, and a step of a small network has many such calls. So every array of a block is
put down by its address and sizes, once, and the loops see one array of records. The caller keeps the arrays alive.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._jit import jit, jit_entry
from ohmnia.kernels._memory import add_shared, address, after, array_at, uncounted
from ohmnia.kernels._plan import plan_transfer, plan_update
from ohmnia.kernels._rows import TOGETHER, make_room, update_rows

# How often to look whether the others are done, about a tenth of a millisecond: to sleep and to wake takes nearly as long.
_PATIENCE = 20000
_U64, _F32, _I32, _U32 = np.uint64, np.float32, np.int32, np.uint32
_ADDRESSES = (
    *("conductance", "parameters", "epochs", "slow_conductance", "slow_parameters", "slow_epochs"),
    *("hidden", "reference", "mean", "variance", "weight", "weights", "chopper", "reads", "scalars", "x", "d"),
    *("col_words", "row_words", "listed_words", "listed", "count", "share", "signs", "events", "factors", "tables"),
)
_SIZES = ("planes", "rows", "cols", "samples", "reads_count", "length", "update_management", "length_management")
_FLAGS = ("transfers", "has_weights", "multiplicative", "linear", "points")
JOB = np.dtype(
    [
        *((name, np.uint64) for name in _ADDRESSES),
        *((name, np.int64) for name in (*_SIZES, *_FLAGS)),
        *((name, np.float64) for name in ("exponent_up", "exponent_down", "rate", "granularity")),
        ("line_keys", np.int64, 6),
        ("cell_keys", np.int64, 8),
        ("settings", np.float64, 10),
        ("numbers", np.float64, 10),
    ],
    align=True,
)


@jit_entry
def fill_cells(jobs, k, cells, law, tables, trains):
    """Put down cells that are pulsed; the slow tile is the same until it gets another one.

    `law` is (code, multiplicative, exponents) in floats; its tables are kept by address, so that the caller keeps them alive.
    """
    job = jobs[k]
    conductance, parameters, epochs = cells
    job.planes, job.rows, job.cols = conductance.shape
    job.conductance, job.parameters, job.epochs = address(conductance), address(parameters), address(epochs)
    job.slow_conductance, job.slow_parameters, job.slow_epochs = job.conductance, job.parameters, job.epochs
    job.multiplicative, job.exponent_up, job.exponent_down = law[1], law[2], law[3]
    job.tables, job.points = address(tables), tables.shape[1]
    job.linear = tables.shape[1] == 0 and law[2] == 1.0 and law[3] == 1.0
    job.granularity, job.length, job.update_management, job.length_management = trains
    job.transfers, job.reads_count, job.rate = 0, 0, 0.0
    for n in range(10):
        job.numbers[n] = 0.0
    job.numbers[3] = trains[1]


@jit_entry
def fill_rule(jobs, k, slow, state, weight, settings, converter):
    """Put down what a transfer rule adds: the slow tile, digital buffers, and numbers as floats."""
    job = jobs[k]
    hidden, reference, mean, chopper, reads, scalars = state
    job.transfers = 1
    job.slow_conductance, job.slow_parameters, job.slow_epochs = address(slow[0]), address(slow[1]), address(slow[2])
    job.hidden, job.reference, job.mean = address(hidden), address(reference), address(mean)
    job.chopper, job.reads, job.scalars, job.weight = address(chopper), address(reads), address(scalars), address(weight)
    for n in range(10):
        job.settings[n] = settings[n]
    job.numbers[0], job.numbers[1], job.numbers[2] = converter
    job.numbers[4], job.numbers[5], job.numbers[6], job.numbers[9] = settings[10], settings[11], settings[12], settings[13]


@jit_entry
def fill_batch(jobs, k, x, d, variance, weights, line_keys, cell_keys, rate, epoch, slow_epoch):
    """Put down a mini-batch; returns the bytes that its plan needs."""
    job = jobs[k]
    job.x, job.d, job.samples, job.rate = address(x), address(d), x.shape[0], rate
    job.variance, job.reads_count = address(variance), variance.shape[1]
    job.weights, job.has_weights = address(weights), weights.shape[0] > 0
    for n in range(3):
        job.line_keys[2 * n], job.line_keys[2 * n + 1] = line_keys[n]
    for n in range(4):
        job.cell_keys[2 * n], job.cell_keys[2 * n + 1] = cell_keys[n]
    job.numbers[7], job.numbers[8] = epoch, slow_epoch
    parts = (job.length + 31) // 32
    a_sample = 4 * parts * (2 * job.cols + 1 + job.rows) + 4 * (2 * job.cols + 1) + 4 + 8 + 16 + 16
    return job.samples * a_sample + 10 * 16


@jit
def _planned(job):
    """The arrays of a job's plan."""
    samples, rows, cols, parts = job.samples, job.rows, job.cols, (job.length + 31) // 32
    return (
        array_at(job.col_words, (samples, parts, cols), _U32),
        array_at(job.row_words, (samples, parts, rows), _U32),
        array_at(job.listed_words, (samples, parts, cols + 1), _U32),
        array_at(job.listed, (samples, cols + 1), _I32),
        array_at(job.count, (samples,), _I32),
        array_at(job.share, (samples,), np.float64),
        array_at(job.signs, (samples, cols), _F32),
    )


@jit
def _visits(job):
    """Column reads of a job, and their factors."""
    events = array_at(job.events, (job.samples, 4), _I32)
    return events, array_at(job.factors, (job.samples, 2), np.float64)


@jit
def _lines(job):
    x = array_at(job.x, (job.samples, job.cols), _F32)
    return x, array_at(job.d, (job.samples, job.rows), _F32)


@jit
def _lay_out(job, free):
    """Give the parts of a job's plan their addresses from `free` on; returns the next free address."""
    samples, parts = _U64(job.samples), _U64((job.length + 31) // 32)
    rows, cols, mask = _U64(job.rows), _U64(job.cols), ~_U64(15)
    four, step = _U64(4) * samples, _U64(15)
    job.col_words = free
    job.row_words = (job.col_words + four * parts * cols + step) & mask
    job.listed_words = (job.row_words + four * parts * rows + step) & mask
    job.listed = (job.listed_words + four * parts * (cols + _U64(1)) + step) & mask
    job.count = (job.listed + four * (cols + _U64(1)) + step) & mask
    job.share = (job.count + four + step) & mask
    job.signs = (job.share + _U64(2) * four + step) & mask
    job.events = (job.signs + four * cols + step) & mask
    job.factors = (job.events + _U64(4) * four + step) & mask
    return (job.factors + _U64(4) * four + step) & mask


@jit_entry
def plan_jobs(jobs, scratch, counts):
    """Plan every job (`_plan`), with room in `scratch`; adds to `counts`, and returns the pulses to be expected."""
    total = 0.0
    free = (address(scratch) + _U64(15)) & ~_U64(15)
    for k in range(jobs.shape[0]):
        job = jobs[k]
        free = _lay_out(job, free)
        planned, (events, factors), (x, d) = _planned(job), _visits(job), _lines(job)
        planned[0][:] = _U32(0)
        planned[1][:] = _U32(0)
        planned[5][:] = 0.0
        trains = (job.length, job.update_management, job.length_management)
        if job.transfers:
            chopper = array_at(job.chopper, (job.cols,), _I32)
            reads = array_at(job.reads, (job.cols,), _I32)
            scalars = array_at(job.scalars, (4,), np.float64)
            own = job.settings
            numbers = (own[0], own[1], own[2], own[3], own[4], own[5], own[6], own[7], own[8], own[9])
            smaller, expected, column_reads = plan_transfer(
                x, d, numbers, trains, job.line_keys, planned, chopper, reads, scalars, events, factors
            )
        else:
            events[:] = _I32(-1)
            smaller, expected = plan_update(x, d, job.rate, job.granularity, trains, job.line_keys, planned)
            column_reads = 0
        total += expected * job.planes
        counts[k, 1] += smaller
        counts[k, 2] += column_reads
    return total


@jit
def _groups(jobs):
    """Groups of rows of all jobs."""
    groups = 0
    for k in range(jobs.shape[0]):
        groups += (jobs[k].rows + TOGETHER - 1) // TOGETHER
    return groups


@jit
def _group(jobs, number):
    """Job and first row of the `number`-th group of rows; no job: there are no more groups."""
    for k in range(jobs.shape[0]):
        groups = (jobs[k].rows + TOGETHER - 1) // TOGETHER
        if number < groups:
            return k, number * TOGETHER
        number -= groups
    return -1, 0


@jit_entry
def run_jobs(jobs, turn, path, table, counts):
    """Do groups of rows, one after the other, until none is left; adds to `counts`, (jobs, 5).

    `turn`, int64 (2,), says which group is next, and how many are done. Threads that share it share the work; who does a group
    makes no difference. Returns whether all groups were done in the end, for which it waits a moment.
    """
    # Typed, as a literal number would compile what it is given to once more.
    planes, most, length = np.int64(1), np.int64(1), np.int64(1)
    for k in range(jobs.shape[0]):
        planes, most, length = max(planes, jobs[k].planes), max(most, jobs[k].cols), max(length, jobs[k].length)
    _, size = make_room(_U64(0), planes, most, length)
    memory, normals, total = np.empty(size + _U64(64), np.uint8), uncounted(table), uncounted(counts)
    room, _ = make_room(after(address(memory), 0), planes, most, length)
    following, done, groups = turn[:1], turn[1:], _groups(jobs)
    k, top = _group(jobs, add_shared(following, 1))
    while k >= 0:
        job = jobs[k]
        planes, rows, cols = job.planes, job.rows, job.cols
        bottom = min(top + TOGETHER, rows)
        digital = (rows, cols) if job.transfers else (0, 0)
        reads = (rows, job.reads_count) if job.transfers else (0, 0)
        weights = planes + 1 if job.transfers else 0
        events, factors = _visits(job)
        tables = array_at(job.tables, (2, job.points), _F32)
        update_rows(
            top,
            bottom,
            (
                array_at(job.conductance, (planes, rows, cols), _F32),
                array_at(job.parameters, (5, planes, rows, cols), _F32),
                array_at(job.epochs, (planes, rows, cols), _I32),
            ),
            (
                array_at(job.slow_conductance, (planes, rows, cols), _F32),
                array_at(job.slow_parameters, (5, planes, rows, cols), _F32),
                array_at(job.slow_epochs, (planes, rows, cols), _I32),
            ),
            (job.multiplicative > 0, job.linear > 0, job.exponent_up, job.exponent_down, tables),
            _lines(job)[1],
            normals,
            _planned(job),
            events,
            factors,
            (
                array_at(job.hidden, digital, _F32),
                array_at(job.reference, digital, _F32),
                array_at(job.mean, digital, _F32),
                array_at(job.variance, reads, _F32),
                array_at(job.weight, (weights,), np.float64),
                array_at(job.weights, (rows, cols) if job.has_weights else (0, 0), _F32),
            ),
            path,
            job.cell_keys,
            job.numbers,
            total[5 * k : 5 * k + 5],
            room,
        )
        add_shared(done, 1)
        k, top = _group(jobs, add_shared(following, 1))
    # Used here, so that it lives until here.
    memory[0] = 0
    looks = 0
    while add_shared(done, 0) < groups and looks < _PATIENCE:
        looks += 1
    return looks < _PATIENCE
