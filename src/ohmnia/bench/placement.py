"""Which core runs which thread: schedulers may keep both threads of a process on one core for as long as it lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


@contextmanager
def spreading() -> Iterator[Callable[[], None]]:
    """A function that spreads the threads of the process over its cores; afterwards they go where they want again.

    The calling thread gets the first core, and the others, of whatever library, get the other cores in turn. Either side of a
    comparison is placed alike, since their threads never work at the same time. A thread that is made later begins on the first
    core, so that either side has to work once before. Nothing happens where there is one core only, or where threads cannot be
    placed (other systems than Linux).
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") and _TASKS.is_dir() else []
    caller = threading.get_native_id()

    def spread() -> None:
        if len(cores) > 1:
            others = sorted(_threads() - {caller})
            for k, thread in enumerate(others):
                _place(thread, {cores[1 + k % (len(cores) - 1)]})
            _place(caller, {cores[0]})

    try:
        yield spread
    finally:
        for thread in _threads() if cores else ():
            _place(thread, set(cores))


def _threads() -> set[int]:
    return {int(task.name) for task in _TASKS.iterdir()}


def _place(thread: int, cores: set[int]) -> None:
    # A thread may have ended meanwhile.
    with suppress(ProcessLookupError):
        os.sched_setaffinity(thread, cores)
