"""Refusals: NaN and infinity wherever they stand, large numbers let through, and shapes."""

from __future__ import annotations

import warnings

import pytest
import torch

from helpers import values
from ohmnia._errors import InvalidValueError
from ohmnia.array._checks import all_finite, check_update, check_width, not_finite


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [(0, 0), (3, 2), (6, 8)])
def test_a_bad_number_is_seen_wherever_it_stands(bad: float, place: tuple[int, int]) -> None:
    value = values(0, 7, 9)
    assert all_finite(value)
    value[place] = bad
    assert not all_finite(value)
    assert not all_finite(value.T)


@pytest.mark.parametrize("size", [1e20, 3e38])
def test_numbers_whose_squares_overflow_are_numbers(size: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all_finite(torch.full((3, 4), size))
        assert all_finite(torch.empty(0, 4))


def test_the_error_names_what_is_wrong() -> None:
    assert "weights holds NaN or infinity" in str(not_finite("weights"))


@pytest.mark.parametrize("shape", [(2, 5), (6,), (2, 3, 6)])
def test_a_shape_that_does_not_fit_is_refused(shape: tuple[int, ...]) -> None:
    check_width(torch.zeros(2, 6), 6, "x", (4, 6))
    with pytest.raises(InvalidValueError, match=r"x has the shape .*; a tile of 4 x 6 needs \(\*, 6\)"):
        check_width(torch.zeros(shape), 6, "x", (4, 6))


def test_an_update_needs_as_many_samples_of_both_and_a_rate() -> None:
    x, d = torch.zeros(2, 6), torch.zeros(2, 4)
    check_update(x, d, 0.0)
    with pytest.raises(InvalidValueError, match="x has 2 samples and d has 1"):
        check_update(x, d[:1], 0.1)
    for rate in (-0.1, float("inf"), float("nan")):
        with pytest.raises(InvalidValueError, match="learning rate"):
            check_update(x, d, rate)
