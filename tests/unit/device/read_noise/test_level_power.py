"""Read noise as a power of the level: closed form, its limit, zero at the verify read."""

from __future__ import annotations

import math

import pytest
import torch

from contracts.read_noise_law import ReadNoiseLawContract
from ohmnia._errors import InvalidValueError
from ohmnia.device.read_noise.level_power import LevelPowerNoise

COEFFICIENTS = (25e-6, 0.0088, 0.2, 0.65, 250e-9)
LAW = LevelPowerNoise(*COEFFICIENTS)


class TestContract(ReadNoiseLawContract):
    @pytest.fixture
    def law(self) -> LevelPowerNoise:
        return LAW


@pytest.mark.parametrize(("level", "ratio"), [(1.0, 0.0088), (0.1, 0.0088 * 10**0.65), (1e-4, 0.2)])
def test_closed_form(level: float, ratio: float) -> None:
    g = torch.tensor([25e-6 * level], dtype=torch.float64)
    expected = float(g) * ratio * math.sqrt(math.log((100 + 250e-9) / 500e-9))
    assert float(LAW.sigma(g, torch.tensor([100.0], dtype=torch.float64))) == pytest.approx(expected, rel=1e-9)


def test_the_level_is_that_of_the_write_where_it_is_remembered() -> None:
    now, written, age = (torch.tensor([value], dtype=torch.float64) for value in (5e-6, 10e-6, 100.0))
    assert float(LAW.sigma(now, age, written)) == pytest.approx(float(LAW.sigma(written, age)) / 2)


def test_a_verify_read_is_noiseless() -> None:
    assert float(LAW.sigma(torch.tensor([10e-6]), torch.tensor([250e-9], dtype=torch.float64))) == 0.0


@pytest.mark.parametrize(("index", "value"), [(0, 0.0), (1, -0.1), (1, 0.3), (3, -1.0), (4, 0.0)])
def test_impossible_coefficients_are_refused(index: int, value: float) -> None:
    wrong = [*COEFFICIENTS]
    wrong[index] = value
    with pytest.raises(InvalidValueError, match="out of range"):
        LevelPowerNoise(*wrong)
