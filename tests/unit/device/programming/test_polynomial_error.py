"""The sampled error of a published procedure: its width at each level, its floor, its refusals."""

from __future__ import annotations

import pytest
import torch

import tolerances
from contracts.programming_law import WritingLawContract
from ohmnia._errors import InvalidValueError
from ohmnia.device import ProgramResult
from ohmnia.device.programming.polynomial_error import PolynomialError
from ohmnia.device.update.no_pulses import NoPulses
from ohmnia.random import Stream

LAW = PolynomialError(100e-6, (0.2e-6, 3e-6, -2e-6))
BARE = NoPulses("bare", 1e-6)


def write(target: torch.Tensor, law: PolynomialError = LAW, acceptance: float | None = None) -> ProgramResult:
    return law.program(torch.full_like(target, 1e-6), target, torch.zeros(0, len(target)), acceptance, BARE, Stream.root(3))


class TestContract(WritingLawContract):
    acceptance = None

    @pytest.fixture
    def law(self) -> PolynomialError:
        return LAW


@pytest.mark.parametrize(("target", "sigma"), [(10e-6, 0.48e-6), (50e-6, 1.2e-6), (100e-6, 1.2e-6)])
def test_the_error_has_the_published_width_and_no_mean(target: float, sigma: float) -> None:
    # 0.2 + 3 x - 2 x**2 uS by hand.
    cells = 20_000
    error = write(torch.full((cells,), target, dtype=torch.float64)).conductance - target
    assert abs(float(error.std()) - sigma) < tolerances.of_sigma(sigma, cells)
    assert abs(float(error.mean())) < tolerances.of_mean(sigma, cells)


def test_one_pulse_and_one_read_are_counted_and_no_cell_fails() -> None:
    result = write(torch.linspace(1e-6, 90e-6, 50, dtype=torch.float64))
    assert result.pulses.tolist() == result.reads.tolist() == [1] * 50
    assert not result.failed.any()


def test_the_floor_cuts_the_lower_tail_off() -> None:
    g = write(torch.full((4000,), 0.1e-6, dtype=torch.float64)).conductance
    assert float(g.min()) == pytest.approx(1e-9)
    # sigma is 0.203 uS; P(z < -0.1 / 0.203) = 0.311, and 0.313 below 2 nS.
    assert abs(float((g < 2e-9).double().mean()) - 0.313) < tolerances.of_share(0.313, 4000) + 0.003


@pytest.mark.parametrize("acceptance", [0.002, 0.02, 0.5])
def test_an_acceptance_range_is_refused_with_the_fix(acceptance: float) -> None:
    with pytest.raises(InvalidValueError, match="acceptance range = .*valid: none. Leave it out"):
        write(torch.full((3,), 50e-6, dtype=torch.float64), acceptance=acceptance)


@pytest.mark.parametrize("wrong", [(0.0, (1e-6,)), (-1e-6, (1e-6,)), (1e-4, ()), (1e-4, (1e-6, -2e-6))])
def test_impossible_coefficients_are_refused(wrong: tuple[float, tuple[float, ...]]) -> None:
    with pytest.raises(InvalidValueError, match="out of range"):
        PolynomialError(*wrong)
