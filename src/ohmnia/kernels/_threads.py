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
    return over_parts(lambda part, parts: work(rows * part // parts, rows * (part + 1) // parts), count)


def over_parts(work: Callable[[int, int], Any], parts: int, before: Callable[[], Any] = lambda: None) -> list[Any]:
    """Call `work(part, parts)` for each part, the first one on this thread; results in order.

    `before` is called first, on this thread: the others wake up meanwhile, which takes as long as a small task.
    """
    if parts == 1:
        before()
        return [work(0, 1)]
    gate, done = threading.Lock(), []

    def behind_the_gate(part: int) -> Any:
        with gate:
            pass
        return work(part, parts) if done else None

    executor = _THREADS.executor()
    with gate:
        others = [executor.submit(behind_the_gate, part) for part in range(1, parts)]
        before()
        done.append(True)
    first = work(0, parts)
    return [first, *(other.result() for other in others)]
