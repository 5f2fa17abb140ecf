"""The contract of read-noise laws: every registered law keeps it, a stranger can, and a broken law is caught."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import ohmnia
from contracts.read_noise_law import ReadNoiseLawContract
from ohmnia.device import LAWS
from ohmnia.device.read_noise._abstract import AbstractLogNoise, AbstractReadNoiseLaw
from ohmnia.technology import published


class Flicker(AbstractReadNoiseLaw):
    """A fixed share of the conductance, growing with the root of the logarithm of time."""

    def sigma(self, conductance: Tensor, age_seconds: Tensor) -> Tensor:
        return 0.01 * conductance * torch.sqrt(torch.log1p(age_seconds / 1e-6)).to(conductance.dtype)


class Timeless(AbstractReadNoiseLaw):
    """Noise that does not wait for the pulse to settle."""

    def sigma(self, conductance: Tensor, age_seconds: Tensor) -> Tensor:
        return 0.01 * conductance + 0.0 * age_seconds


class TestEveryRegisteredLaw(ReadNoiseLawContract):
    @pytest.fixture(params=[name for name in sorted(published()) if ohmnia.technology(name).laws.read_noise.law != "none"])
    def law(self, request: pytest.FixtureRequest) -> AbstractReadNoiseLaw:
        return ohmnia.resolve(ohmnia.technology(request.param)).read_noise


class TestAStranger(ReadNoiseLawContract):
    @pytest.fixture
    def law(self) -> AbstractReadNoiseLaw:
        return Flicker()


def test_noise_at_the_pulse_is_caught() -> None:
    with pytest.raises(AssertionError):
        ReadNoiseLawContract().test_no_noise_at_age_zero(Timeless())


def test_every_registered_law_is_a_member_and_the_interface_is_no_law() -> None:
    assert all(issubclass(LAWS["read_noise"].get(name), AbstractReadNoiseLaw) for name in LAWS["read_noise"])
    with pytest.raises(TypeError, match="abstract"):
        AbstractReadNoiseLaw()  # pyright: ignore[reportAbstractUsage]


@pytest.mark.parametrize("name", sorted(published()))
def test_what_the_kernels_take_is_the_law(name: str) -> None:
    law = ohmnia.resolve(ohmnia.technology(name)).read_noise
    if not isinstance(law, AbstractLogNoise):
        return
    g, ages = torch.linspace(0.5e-6, 95e-6, 30, dtype=torch.float64), torch.tensor([0.0, 1e-3, 1e8], dtype=torch.float64)
    expected = law.scales(ages)[:, None] * torch.log10(g / 1e-6).clamp(min=0.0)
    torch.testing.assert_close(law.sigma(g, ages[:, None]), expected, rtol=1e-12, atol=0)
