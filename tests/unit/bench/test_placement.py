"""Threads on cores: spread while it lasts, free before and after."""

from __future__ import annotations

import os
import threading

import pytest

from ohmnia.bench.placement import spreading

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="threads cannot be placed on this system")


def test_threads_are_spread_and_let_go_again() -> None:
    cores, release = os.sched_getaffinity(0), threading.Event()
    threads = [threading.Thread(target=release.wait, args=(60,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    own = [thread.native_id for thread in threads]
    try:
        with spreading() as spread:
            assert all(os.sched_getaffinity(thread) == cores for thread in own)
            spread()
            assert os.sched_getaffinity(threading.get_native_id()) == {min(cores)}
            if len(cores) > 1:
                placed = [os.sched_getaffinity(thread) for thread in own]
                assert all(len(place) == 1 and place <= cores - {min(cores)} for place in placed)
        assert all(os.sched_getaffinity(thread) == cores for thread in own)
    finally:
        release.set()


def test_threads_are_let_go_after_an_error() -> None:
    cores = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), spreading() as spread:
        spread()
        raise ZeroDivisionError
    assert os.sched_getaffinity(0) == cores
