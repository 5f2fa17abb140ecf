"""The contract of update laws: every registered law keeps it, a stranger can, and a broken law is caught."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

import ohmnia
from contracts.update_law import UpdateLawContract
from ohmnia.device import LAWS
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream
from ohmnia.technology import published


@dataclass(frozen=True, slots=True)
class Tilted(AbstractUpdateLaw):
    """Steps that shrink in a straight line away from the symmetry point; `lean` makes the two unequal there."""

    symmetry: float = 40e-6
    step: float = 2e-6
    lean: float = 0.0

    @property
    def symmetry_point_siemens(self) -> float:
        return self.symmetry

    @property
    def step_siemens(self) -> float:
        return self.step

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Tensor:
        return torch.full((1, *shape), self.symmetry)

    def widened(self, parameters: Tensor, low: float, high: float, step_factor: float) -> Tensor:
        return parameters.clone()

    def symmetry_points(self, parameters: Tensor) -> Tensor:
        return parameters[0].double()

    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        sign = torch.as_tensor(direction).to(conductance.dtype)
        tilt = 1.0 - sign * (conductance - parameters[0]) / self.symmetry
        return conductance + sign * self.step * (tilt + sign * self.lean) * (1.0 + 0.3 * xi)

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        return 99, 1, 1.0, 1.0


class TestEveryRegisteredLaw(UpdateLawContract):
    @pytest.fixture(params=[name for name in sorted(published()) if ohmnia.technology(name).laws.update])
    def law(self, request: pytest.FixtureRequest) -> AbstractUpdateLaw:
        return ohmnia.resolve(ohmnia.technology(request.param)).update


class TestAStranger(UpdateLawContract):
    @pytest.fixture
    def law(self) -> AbstractUpdateLaw:
        return Tilted()


def test_a_law_with_another_symmetry_point_than_it_says_is_caught() -> None:
    with pytest.raises(AssertionError):
        UpdateLawContract().test_steps_up_and_down_are_equal_at_the_symmetry_point(Tilted(lean=0.01))


def test_a_law_with_another_step_than_it_says_is_caught() -> None:
    class Short(Tilted):
        @property
        def step_siemens(self) -> float:
            return 0.99 * self.step

    with pytest.raises(AssertionError):
        UpdateLawContract().test_the_stated_step_is_that_of_a_cell_like_all_others(Short())


def test_every_registered_law_is_a_member_and_the_interface_is_no_law() -> None:
    assert all(issubclass(LAWS["update"].get(name), AbstractUpdateLaw) for name in LAWS["update"])
    with pytest.raises(TypeError, match="abstract"):
        AbstractUpdateLaw()  # pyright: ignore[reportAbstractUsage]
