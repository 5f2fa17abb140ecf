"""Threads of the compiled kernels: the setting, the partition, and bits that do not depend on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from contracts.kernel_member import make_cells
from ohmnia._errors import InvalidValueError
from ohmnia.kernels import Cells, Keys, Trains, UpdateLaw, _cpu, _threads, set_threads, threads
from ohmnia.kernels._cpu import Cpu
from ohmnia.kernels._rows import TOGETHER
from ohmnia.kernels._threads import over_rows, together


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    before = threads()
    yield
    set_threads(before)


def test_at_first_all_that_the_process_may_use() -> None:
    assert threads() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_thread_is_refused(count: int) -> None:
    with pytest.raises(InvalidValueError, match="threads"):
        set_threads(count)


@pytest.mark.parametrize(("rows", "count"), [(1, 1), (1, 4), (5, 2), (7, 3), (8, 8), (9, 16), (0, 3)])
def test_every_row_is_done_once_and_in_order(rows: int, count: int) -> None:
    set_threads(max(count, 1))
    parts = over_rows(lambda first, last: (first, last), rows, count)
    assert [row for first, last in parts for row in range(first, last)] == list(range(rows))


def test_the_first_part_runs_here_and_the_others_elsewhere() -> None:
    names = over_rows(lambda _first, _last: threading.current_thread().name, 6, 3)
    assert names[0] == threading.current_thread().name
    assert all(name.startswith("ohmnia") for name in names[1:])


def test_an_error_in_a_thread_is_raised() -> None:
    def fail(first: int, _last: int) -> None:
        if first > 0:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        over_rows(fail, 4, 2)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_what_comes_before_is_done_before_any_part(parts: int) -> None:
    done, seen = [], []

    def before() -> None:
        time.sleep(0.02)
        done.append(1)

    def work(part: int) -> None:
        seen.append((part, len(done), threading.current_thread() is threading.main_thread()))
        time.sleep(0.02)

    together(work, parts, before)
    # Who wakes up too late does nothing.
    assert (0, 1, True) in seen
    assert all(ready == 1 and here == (part == 0) for part, ready, here in seen)
    assert len({part for part, *_ in seen}) == len(seen) <= parts


def test_all_work_is_over_afterwards() -> None:
    ended, all_here = list[int](), threading.Barrier(3, timeout=20)

    def work(part: int) -> None:
        all_here.wait()
        time.sleep(0.02 * part)
        ended.append(part)

    set_threads(3)
    together(work, 3)
    assert sorted(ended) == [0, 1, 2]


def test_nobody_waits_for_a_thread_that_has_not_begun() -> None:
    set_threads(2)
    blocked, free, begun = threading.Event(), threading.Event(), []

    def hold() -> None:
        blocked.set()
        free.wait(5)

    for _ in range(max(threads(), _threads._AVAILABLE)):
        _threads._THREADS.crew().tasks.put(hold)
    blocked.wait(5)
    together(begun.append, 2)
    free.set()
    assert begun == [0]


def test_threads_that_are_not_needed_any_more_end() -> None:
    set_threads(3)
    over_rows(lambda first, last: None, 6, 3)
    crew = _threads._THREADS.crew()
    assert crew is _threads._THREADS.crew()
    own = [thread for thread in threading.enumerate() if thread.name.startswith("ohmnia")]
    assert len(own) >= crew.count
    set_threads(2)
    for thread in own:
        thread.join(20)
    assert not any(thread.is_alive() for thread in own)
    assert _threads._THREADS.crew() is not crew


def test_an_error_in_shared_work_is_raised() -> None:
    both_here = threading.Barrier(2, timeout=20)

    def fail(part: int) -> None:
        both_here.wait()
        if part > 0:
            raise ZeroDivisionError

    set_threads(2)
    with pytest.raises(ZeroDivisionError):
        together(fail, 2)


def test_no_part_is_done_where_the_first_step_fails() -> None:
    done: list[int] = []
    with pytest.raises(ZeroDivisionError):
        together(done.append, 3, lambda: 1 // 0)
    together(lambda part: None, 3)
    assert done == []


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_bits_do_not_depend_on_the_number_of_threads(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu, "_WORTH_A_THREAD", 0.0)
    rng, results, rows = np.random.default_rng(0), [], 5 * TOGETHER // 2
    x, d = rng.standard_normal((6, 5)).astype(np.float32), rng.standard_normal((6, rows)).astype(np.float32)
    for number in (1, count):
        set_threads(number)
        cells = Cells(*(np.ascontiguousarray(np.tile(part, (rows // 4, 1))) for part in make_cells(1, 2, 1)))
        keys = Keys((1, 2), (3, 4), (5, 6))
        counts = Cpu().pulsed_update(cells, UpdateLaw(0, 1, 1.0, 1.0), Trains(0.1, 40, 0, 0), keys, x, d, 1.0, 3)
        results.append((counts.tolist(), cells.conductance.tobytes(), cells.epoch_index.tobytes()))
    assert results[0] == results[1]
    assert results[0][0][0] > 100
