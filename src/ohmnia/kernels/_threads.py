"""How many threads the compiled kernels use; their results do not depend on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from ohmnia._errors import require

_AVAILABLE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_Task = Callable[[], None]


class _Crew:
    """Threads that wait for tasks, which must not raise. To wake one takes a third of what a pool's future takes."""

    def __init__(self, count: int) -> None:
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self.owner, self.count = os.getpid(), count
        for k in range(count):
            threading.Thread(target=self._serve, name=f"ohmnia_{k}", daemon=True).start()

    def _serve(self) -> None:
        while (task := self.tasks.get()) is not None:
            task()

    def dismiss(self) -> None:
        """Let every thread end, once it has done what was asked before."""
        for _ in range(self.count):
            self.tasks.put(None)


class _Threads:
    """The setting, and a crew that is made when it is first needed and anew in a forked process."""

    def __init__(self) -> None:
        self.count = _AVAILABLE
        self._crew: _Crew | None = None

    def set(self, count: int) -> None:
        """Use so many threads from now on."""
        self.count = count
        if self._crew is not None and self._crew.owner == os.getpid():
            self._crew.dismiss()
        self._crew = None

    def crew(self) -> _Crew:
        """The threads beside the calling one."""
        if self._crew is None or self._crew.owner != os.getpid():
            self._crew = _Crew(max(_AVAILABLE, self.count))
        return self._crew


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
    _THREADS.set(int(count))


class _Share:
    """Work for several threads, behind a gate: closed at first, and again once nobody is needed any more."""

    def __init__(self, work: Callable[[int], Any], is_open: bool = False) -> None:
        self.work, self.lock, self.open, self.entered = work, threading.Lock(), is_open, 0
        self.ends: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def part(self, part: int) -> _Task:
        """The task of a thread."""

        def task() -> None:
            with self.lock:
                if not self.open:
                    return
                self.entered += 1
            try:
                end = part, self.work(part), None
            except BaseException as error:
                end = part, None, error
            self.ends.put(end)

        return task

    def collect(self, count: int) -> dict[int, Any]:
        """Wait for so many; their results.

        Raises
        ------
        BaseException
            What one of them has raised.
        """
        ends = [self.ends.get() for _ in range(count)]
        for _, _, error in ends:
            if error is not None:
                raise error
        return {part: result for part, result, _ in ends}


def over_rows(work: Callable[[int, int], Any], rows: int, count: int) -> list[Any]:
    """Call `work(first, last)` on a fixed partition of rows, the first part on this thread; results in order."""
    count = max(1, min(count, rows))
    edges = [rows * part // count for part in range(count + 1)]
    share = _Share(lambda part: work(*edges[part : part + 2]), is_open=True)
    for part in range(1, count):
        _THREADS.crew().tasks.put(share.part(part))
    try:
        first = work(*edges[:2])
    finally:
        others = share.collect(count - 1)
    return [first, *(others[part] for part in range(1, count))]


def together(work: Callable[[int], Any], parts: int, before: Callable[[], Any] = lambda: None) -> None:
    """Let threads share work of which each takes piece after piece, until none is left; `work(part)`, part 0 on this thread.

    `before` is called first, on this thread: the others wake up meanwhile, which takes as long as a small task. One that
    wakes up too late does nothing, and nobody waits for it; nor for anybody where `work(0)` returns that all is done.
    """
    if parts == 1:
        before()
        work(0)
        return
    share, tasks = _Share(work), _THREADS.crew().tasks
    with share.lock:
        for part in range(1, parts):
            tasks.put(share.part(part))
        before()
        share.open = True
    all_done = False
    try:
        all_done = work(0) is True
    finally:
        with share.lock:
            share.open = False
        if not all_done:
            share.collect(share.entered)
