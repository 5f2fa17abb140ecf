"""Arrays by their addresses, and numbers that threads share."""

from __future__ import annotations

import threading

import numpy as np

from ohmnia.kernels._jit import jit
from ohmnia.kernels._memory import add_shared, address, after, array_at, uncounted


@jit
def _double(place, rows, cols):
    array = array_at(place, (rows, cols), np.float32)
    for i in range(rows):
        for j in range(cols):
            array[i, j] *= np.float32(2.0)


@jit
def _add_many(number, times):
    for _ in range(times):
        add_shared(number, 1)


@jit
def _place(array):
    return address(array)


@jit
def _last(array):
    own = uncounted(array)
    return own[own.shape[0] - 1], own.size


def test_an_array_by_its_address_is_the_array() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert _place(array) == array.ctypes.data
    _double(np.uint64(array.ctypes.data), 2, 3)
    assert array.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert _last(array) == (10.0, 6)
    assert _last(np.array([[1, 2], [3, 7]])) == (7, 4)


def test_the_next_line_of_a_cache() -> None:
    assert [int(after(np.uint64(start), size)) for start, size in ((0, 0), (0, 1), (64, 64), (65, 0), (10, 54))] == [
        0,
        64,
        128,
        128,
        64,
    ]


def test_no_addition_of_any_thread_is_lost() -> None:
    number, times = np.zeros(1, np.int64), 200_000
    threads = [threading.Thread(target=_add_many, args=(number, times)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert number[0] == 4 * times
    assert add_shared(number, 5) == 4 * times
    assert number[0] == 4 * times + 5
