"""The contract of closed loops: every registered law keeps it, a stranger can, and a broken law is caught."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import ohmnia
from contracts.programming_law import ProgrammingLawContract
from ohmnia._errors import out_of_range
from ohmnia.device import LAWS, Device, ProgramResult
from ohmnia.device.programming._abstract import AbstractProgrammingLaw
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream, uniform
from ohmnia.technology import published


class Shrinking(AbstractProgrammingLaw):
    """A loop whose every pulse leaves a random share of the distance; `shared` numbers cells by their place in the queue."""

    acceptance_range = 0.01

    def __init__(self, shared: bool = False) -> None:
        self.shared = shared

    def program(
        self,
        conductance: Tensor,
        target: Tensor,
        parameters: Tensor,
        acceptance: float | None,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        acceptance = self.acceptance_range if acceptance is None else acceptance
        if not 0 < acceptance <= 0.5:
            raise out_of_range("acceptance range", acceptance, "0 < range <= 0.5")
        if not ((target > 0) & (target < 1e-3)).all():
            raise out_of_range("target conductance", float(target.max()), "0 to 1000 uS")
        g, pulses = conductance.clone(), torch.zeros(target.shape, dtype=torch.int64)
        for iteration in range(200):
            active = torch.nonzero((g - target).abs() > acceptance * target).flatten()
            counter = torch.arange(len(active)) if self.shared else active
            g[active] = target[active].to(g.dtype) + (g[active] - target[active].to(g.dtype)) * uniform(
                stream, counter, iteration
            ).to(g.dtype)
            pulses[active] += 1
        return ProgramResult(g, pulses, pulses + 1, (g - target).abs() > acceptance * target)


class TestAStranger(ProgrammingLawContract):
    @pytest.fixture
    def law(self) -> AbstractProgrammingLaw:
        return Shrinking()


def test_a_loop_whose_cells_see_each_other_is_caught(device: Device) -> None:
    with pytest.raises(AssertionError):
        ProgrammingLawContract().test_a_cell_does_not_see_the_others_of_its_batch(Shrinking(shared=True), device)


@pytest.mark.parametrize("name", sorted(published()))
def test_every_published_acceptance_range_is_a_fraction_or_there_is_none(name: str) -> None:
    law = ohmnia.resolve(ohmnia.technology(name)).programming
    assert law.acceptance_range is None or 0 < law.acceptance_range <= 0.5


def test_every_registered_law_is_a_member_and_the_interface_is_no_law() -> None:
    assert all(issubclass(LAWS["programming"].get(name), AbstractProgrammingLaw) for name in LAWS["programming"])
    with pytest.raises(TypeError, match="abstract"):
        AbstractProgrammingLaw()  # pyright: ignore[reportAbstractUsage]
