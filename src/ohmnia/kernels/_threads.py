"""How many threads the compiled kernels use; their results do not depend on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ohmnia._errors import require

_AVAILABLE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Threads:
    """The setting, and a pool that is made when it is first needed and anew in a forked process."""

    def __init__(self) -> None:
        self.count = _AVAILABLE
        self.pool: ThreadPoolExecutor | None = None
        self.owner = 0

    def executor(self) -> ThreadPoolExecutor:
        if self.pool is None or self.owner != os.getpid():
            self.pool, self.owner = (
                ThreadPoolExecutor(max_workers=max(_AVAILABLE, self.count), thread_name_prefix="ohmnia"),
                os.getpid(),
            )
        return self.pool


_THREADS = _Threads()


def threads() -> int:
    """Threads of the compiled kernels; at first as many as the process may use."""
    return _THREADS.count


def set_threads(count: int) -> None:
    """Set the number of threads of the compiled kernels.

    Raises
    ------
    InvalidValueError
        Fewer than 1.
    """
    require(count >= 1, "number of threads", count, "1 or more")
    _THREADS.count = int(count)
    _THREADS.pool = None


def over_rows(work: Callable[[int, int], Any], rows: int, count: int) -> list[Any]:
    """Call `work(first, last)` on a fixed partition of rows, the first part on this thread; results in order."""
    count = max(1, min(count, rows))
    edges = [rows * part // count for part in range(count + 1)]
    others = [_THREADS.executor().submit(work, *edges[part : part + 2]) for part in range(1, count)]
    first = work(*edges[:2])
    return [first, *(other.result() for other in others)]


class _Gate:
    """Closed at first; who comes when all is done need not go in."""

    def __init__(self) -> None:
        self.lock, self.open = threading.Lock(), False

    def enter(self, work: Callable[[int], Any], part: int, entered: list[int]) -> None:
        with self.lock:
            if not self.open:
                return
            entered.append(part)
        work(part)


def together(work: Callable[[int], Any], parts: int, before: Callable[[], Any] = lambda: None) -> None:
    """Let threads share work of which each takes piece after piece, until none is left; `work(part)`, part 0 on this thread.

    `before` is called first, on this thread: the others wake up meanwhile, which takes as long as a small task. One that
    wakes up too late does nothing, and nobody waits for it; nor for anybody where `work(0)` returns that all is done.
    """
    if parts == 1:
        before()
        work(0)
        return
    gate, entered = _Gate(), list[int]()
    executor = _THREADS.executor()
    with gate.lock:
        others = [executor.submit(gate.enter, work, part, entered) for part in range(1, parts)]
        before()
        gate.open = True
    all_done = False
    try:
        all_done = work(0) is True
    finally:
        with gate.lock:
            gate.open = False
        for part in () if all_done else entered:
            others[part - 1].result()
