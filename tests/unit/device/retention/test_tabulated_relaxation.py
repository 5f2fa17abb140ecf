"""Relaxation by a table of widths: marginals at the times, monotone widths, logarithmic between, refused beyond."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import ohmnia
import tolerances
from contracts.retention_law import RetentionLawContract, resting
from ohmnia._errors import InvalidValueError
from ohmnia._units import DAY
from ohmnia.device.retention.tabulated_relaxation import TabulatedRelaxation
from ohmnia.random import Stream, normal

# Width 1 + x uS at 1 s, 1 + 3 x uS at 100 s, 0.5 + 3 x uS at 10,000 s, which is narrower than before.
LAW = TabulatedRelaxation(40e-6, (1.0, 100.0, 1e4), (1e-6, 1e-6, 0.5e-6), (1e-6, 3e-6, 3e-6))
CELLS = 20_000


def one(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64)


def width(law: TabulatedRelaxation, level: float, age: float) -> float:
    """Deviation since the write at an age, siemens."""
    zero = one(0.0)
    moved = law.relaxed(resting(one(level), zero, zero, 1.0), age) - law.relaxed(resting(one(level), zero, zero, 0.0), age)
    return float(moved)


class TestContract(RetentionLawContract):
    longest_seconds = 1e4

    @pytest.fixture
    def law(self) -> TabulatedRelaxation:
        return LAW


class TestPublished(RetentionLawContract):
    longest_seconds = 2 * DAY

    @pytest.fixture
    def law(self) -> TabulatedRelaxation:
        law = ohmnia.resolve(ohmnia.technology("wan-2022")).retention
        assert isinstance(law, TabulatedRelaxation)
        return law


def test_widths_at_the_times_by_hand() -> None:
    # At x = 1/2: 1.5, 2.5, then 2.0 raised to 2.5 uS; what was there at 1 s is the write's.
    assert width(LAW, 20e-6, 1.0) == 0.0
    assert width(LAW, 20e-6, 100.0) == pytest.approx(math.sqrt(2.5**2 - 1.5**2) * 1e-6)
    assert width(LAW, 20e-6, 1e4) == pytest.approx(math.sqrt(2.5**2 - 1.5**2) * 1e-6)
    # Half way in ln t the width is 2 uS.
    assert width(LAW, 20e-6, 10.0) == pytest.approx(math.sqrt(2.0**2 - 1.5**2) * 1e-6)


def test_the_level_is_that_of_the_write_and_not_of_the_moment() -> None:
    zero = one(0.0)
    moved = [float(LAW.relaxed(resting(one(10e-6), zero, zero, 1.0, one(now)), 50.0)) - now for now in (5e-6, 30e-6)]
    assert moved[0] == pytest.approx(moved[1], rel=1e-9)


def test_beyond_the_last_time_is_refused_with_the_fix() -> None:
    cells = resting(one(10e-6), one(9e3), one(0.0), 1.0)
    LAW.relaxed(cells, 1e3)
    with pytest.raises(InvalidValueError, match=r"10100 s.*up to 10000 s.*Nothing is published beyond"):
        LAW.relaxed(cells, 1.1e3)


@pytest.mark.parametrize(("age", "level", "published"), [(DAY, 0.25, 3.72), (DAY, 1.0, 2.651), (2 * DAY, 1.0, 2.677)])
def test_marginals_of_the_published_cells(age: float, level: float, published: float) -> None:
    """Programmed with the error at 1 s, and aged: the whole error is the published one (uS, evaluated by hand)."""
    device = ohmnia.resolve(ohmnia.technology("wan-2022"))
    target = torch.full((CELLS,), level * 40e-6, dtype=torch.float64)
    stream = Stream.root(8)
    written = device.programming.program(target, target, torch.zeros(0, CELLS), None, device.update, stream).conductance
    sigma_1 = float((written - target).std())
    xi = normal(stream.child("wait"), torch.arange(CELLS))
    # All cells at the level of the target: the width as published, without the spread of levels.
    cells = resting(target, torch.zeros_like(xi), xi, 1.0)
    end = written + (device.retention.relaxed(cells, age) - target) * xi
    sigma = published * 1e-6
    assert abs(float((end - target).std()) - sigma) < tolerances.of_sigma(sigma, CELLS) + 0.005e-6
    assert sigma_1 < sigma


@pytest.mark.parametrize(
    ("times", "rows", "words"),
    [
        ((), (), "times"),
        ((0.0, 1.0), (1e-6, 1e-6), "times"),
        ((2.0, 1.0), (1e-6, 1e-6), "times"),
        ((1.0, 2.0), (1e-6,), "power_0 has 1 values; it needs one for each of the 2 times"),
        ((1.0, 2.0), (1e-6, -1e-6), "width at 2 s"),
    ],
)
def test_impossible_tables_are_refused(times: tuple[float, ...], rows: tuple[float, ...], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        TabulatedRelaxation(40e-6, times, rows)
