"""The one-thread context."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ohmnia._threads import one_thread
from ohmnia.random import Stream, normal_like


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("outside", [1, 2, 3])
def test_one_thread_inside_and_the_old_number_after(outside: int) -> None:
    torch.set_num_threads(outside)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == outside


def test_the_old_number_comes_back_after_an_error() -> None:
    torch.set_num_threads(2)
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 / 0
    assert torch.get_num_threads() == 2


def test_nested_contexts_stay_at_one() -> None:
    torch.set_num_threads(2)
    with one_thread():
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_a_context_that_changes_the_number_is_undone() -> None:
    torch.set_num_threads(2)
    with one_thread():
        torch.set_num_threads(3)
    assert torch.get_num_threads() == 2


def test_sums_and_products_have_the_same_bits_whatever_the_number_outside() -> None:
    long = normal_like(Stream.root(1), (1 << 20,)).float()
    left, right = normal_like(Stream.root(2), (64, 512)).float(), normal_like(Stream.root(3), (512, 64)).float()
    results = []
    for outside in (1, 2):
        torch.set_num_threads(outside)
        with one_thread():
            results.append((long.sum(), left @ right))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
