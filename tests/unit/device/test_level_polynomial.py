"""Polynomials in the level: values by hand, ends that are kept, negative deviations that are refused."""

from __future__ import annotations

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device.level_polynomial import polynomial, relative_level, require_deviation


def test_levels_are_kept_between_zero_and_one() -> None:
    level = relative_level(torch.tensor([-1e-6, 0.0, 10e-6, 40e-6, 55e-6]), 40e-6)
    assert level.tolist() == pytest.approx([0.0, 0.0, 0.25, 1.0, 1.0])
    assert level.dtype == torch.float64


def test_value_by_hand() -> None:
    # 1 + 2 / 2 - 4 / 4 + 8 / 8
    assert float(polynomial((1.0, 2.0, -4.0, 8.0), torch.tensor(0.5, dtype=torch.float64))) == 2.0
    assert float(polynomial((3.0,), torch.tensor(0.7, dtype=torch.float64))) == 3.0


@pytest.mark.parametrize("good", [(0.0,), (1.0, -1.0), (0.25, -1.0, 1.0)])
def test_a_deviation_may_touch_zero(good: tuple[float, ...]) -> None:
    require_deviation(good, "sigma")


@pytest.mark.parametrize(("bad", "level"), [((1.0, -1.1), "a level of 1"), ((0.2, -1.0, 1.0), r"a level of 0\.5")])
def test_a_negative_deviation_is_refused_with_its_level(bad: tuple[float, ...], level: str) -> None:
    with pytest.raises(InvalidValueError, match=f"sigma = .*{level}.*0 or more"):
        require_deviation(bad, "sigma")
