"""Jobs: several blocks in one call are what they are one after the other, by any number of threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from contracts.kernel_member import AGAD, GRANULARITY, WEIGHTS, make_cells, make_state
from ohmnia.kernels import Converter, Keys, ReadPath, Trains, Transfer, TransferKeys, UpdateLaw
from ohmnia.kernels._cpu import Cpu
from ohmnia.kernels._jobs import JOB, fill_batch, fill_cells, fill_rule, plan_jobs, run_jobs
from ohmnia.kernels._rows import TOGETHER
from ohmnia.random import normal_table

LENGTHS = (5, 40, 31)


def make_works() -> list[Transfer]:
    """Blocks of different trains, laws and numbers of samples."""
    works = []
    for k, length in enumerate(LENGTHS):
        fast, slow, state = make_cells(k, 1 + k % 2, k % 2), make_cells(k + 9, 1 + k % 2, k % 2), make_state()
        (_, rows, cols), rng = fast.conductance.shape, np.random.default_rng(k)
        x, d = (rng.uniform(-1, 1, (2 + k, lines)).astype(np.float32) for lines in (cols, rows))
        keys = TransferKeys(Keys((1, k), (3, k), (5, k)), (7, k), (8, k), (9, k), (10, k))
        path = ReadPath(WEIGHTS[1 + k % 2], np.zeros((rows, 0), np.float32), Converter(12.0, 0.05, 0.02))
        law, trains = UpdateLaw(0, k % 2, 1.0, 1.0), Trains(GRANULARITY, length, 1, 1)
        works.append(Transfer(fast, slow, law, trains, keys, path, state, AGAD._replace(wait=0), x, d, (1, 2)))
    return works


def bits(works: list[Transfer]) -> list[bytes]:
    return [part.tobytes() for work in works for part in (*work.fast, *work.slow, *work.state)]


def test_blocks_in_one_call_are_blocks_one_after_the_other() -> None:
    together, singly = make_works(), make_works()
    counts = Cpu().transfer_update(together)
    alone = np.concatenate([Cpu().transfer_update([work]) for work in singly])
    assert counts.tolist() == alone.tolist()
    assert bits(together) == bits(singly)
    assert bits(together) != bits(make_works())
    assert counts[:, [0, 2]].all()


@pytest.mark.parametrize("parts", [1, 2, 3, 12])
def test_every_row_is_done_once_by_any_number_of_threads(parts: int) -> None:
    expected, works, jobs, size = make_works(), make_works(), np.empty(len(LENGTHS), JOB), 0
    counts = Cpu().transfer_update(expected)
    for k, (fast, slow, law, trains, keys, path, state, settings, x, d, epochs, *_) in enumerate(works):
        fill_cells(jobs, k, fast, tuple(map(float, law[:4])), law.tables, trains)
        fill_rule(jobs, k, slow, state, path.weight, tuple(map(float, settings)), tuple(path.converter))
        own = (*keys.pulses[:2], keys.chopper), (keys.pulses.cells, keys.slow, keys.read, keys.transfer)
        size += fill_batch(jobs, k, x, d, path.variance, np.empty((0, 0), np.float32), *own, 0.0, *epochs)
    scratch, own = np.empty(size, np.uint8), np.zeros((len(works), 5), np.int64)
    assert plan_jobs(jobs, scratch, own) > 0
    assert jobs["factors"][-1] + 16 * jobs["samples"][-1] <= scratch.ctypes.data + size
    turn, counted = np.zeros(2, np.int64), np.zeros((parts, *own.shape), np.int64)

    def work(part: int) -> None:
        run_jobs(jobs, turn, 0, normal_table().numpy(), counted[part])

    threads = [threading.Thread(target=work, args=(part,)) for part in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own += counted.sum(0)
    # Every thread has asked once more than it got.
    assert turn[0] == sum(-(-work.fast.conductance.shape[1] // TOGETHER) for work in works) + parts
    assert bits(works) == bits(expected)
    assert own.tolist() == counts.tolist()


def test_a_memo_serves_the_next_mini_batch() -> None:
    once, again = make_works(), [work._replace(memo={}) for work in make_works()]
    for k in range(3):
        keys = TransferKeys(Keys((1, k), (3, k), (5, k)), (7, k), (8, k), (9, k), (10, k))
        counts = [Cpu().transfer_update([work._replace(keys=keys) for work in works]) for works in (once, again)]
        assert counts[0].tolist() == counts[1].tolist()
    assert bits(once) == bits(again)
    assert all(work.memo for work in again)


def test_a_batch_without_samples_does_nothing() -> None:
    works, before = [work._replace(x=work.x[:0], d=work.d[:0]) for work in make_works()], bits(make_works())
    assert not Cpu().transfer_update(works).any()
    assert bits(works) == before
