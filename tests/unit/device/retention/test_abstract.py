"""The contract of retention laws: every registered law keeps it, a stranger can, and a broken law is caught."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import ohmnia
from contracts.retention_law import AgeRelaxationContract, RetentionLawContract
from ohmnia._units import DAY
from ohmnia.device import LAWS
from ohmnia.device.retention._abstract import AbstractAgeRelaxation, AbstractRetentionLaw, RestingCells
from ohmnia.technology import published


class Diffusion(AbstractAgeRelaxation):
    """A free Brownian motion: variance in proportion to time, whatever the age."""

    def increments(self, age_seconds: Tensor, seconds: float) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(age_seconds), torch.full_like(age_seconds, 1e-9 * math.sqrt(seconds))


class AddingDeviations(AbstractAgeRelaxation):
    """Marginals without memory: the deviations add instead of the variances."""

    def increments(self, age_seconds: Tensor, seconds: float) -> tuple[Tensor, Tensor]:
        ratio = torch.log1p(seconds / (1.0 + age_seconds))
        return -1e-7 * ratio, 1e-7 * ratio


class Decay(AbstractRetentionLaw):
    """Each cell decays towards half of where it was written, at a rate of its own."""

    def relaxed(self, cells: RestingCells, seconds: float) -> Tensor:
        rest = cells.written.double() / 2
        return rest + (cells.conductance.double() - rest) * torch.exp(-seconds * torch.exp(cells.own) * 1e-4)


class TestEveryPublishedLaw(RetentionLawContract):
    # The shortest of the published tables ends after two days.
    longest_seconds = 2 * DAY

    @pytest.fixture(params=sorted(published()))
    def law(self, request: pytest.FixtureRequest) -> AbstractRetentionLaw:
        return ohmnia.resolve(ohmnia.technology(request.param)).retention


class TestAStranger(AgeRelaxationContract):
    @pytest.fixture
    def law(self) -> AbstractAgeRelaxation:
        return Diffusion()


class TestAStrangerWithLevels(RetentionLawContract):
    @pytest.fixture
    def law(self) -> AbstractRetentionLaw:
        return Decay()


def test_a_law_without_memory_is_caught() -> None:
    contract = AgeRelaxationContract()
    for test in (contract.test_two_waits_have_the_law_of_their_sum, contract.test_two_waits_are_their_sum):
        with pytest.raises(AssertionError):
            test(AddingDeviations())


def test_every_registered_law_is_a_member_and_the_interface_is_no_law() -> None:
    assert all(issubclass(LAWS["retention"].get(name), AbstractRetentionLaw) for name in LAWS["retention"])
    with pytest.raises(TypeError, match="abstract"):
        AbstractRetentionLaw()  # pyright: ignore[reportAbstractUsage]
