"""Products whose bits do not depend on the number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

_NOTHING = nullcontext()


def one_thread() -> AbstractContextManager[None]:
    """Run torch on one thread: its products and large sums differ in the last bit between thread counts."""
    before = torch.get_num_threads()
    return _NOTHING if before == 1 else _with_one_of(before)


@contextmanager
def _with_one_of(before: int) -> Iterator[None]:
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
