"""The contract of transport laws: every registered law keeps it, a stranger can, and a broken law is caught."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import ohmnia
from contracts.transport_law import TransportLawContract
from ohmnia.device import LAWS
from ohmnia.device.transport._abstract import AbstractTransportLaw, State
from ohmnia.technology import published, technology

CARRIERS = [name for name in sorted(published()) if technology(name).laws.transport is not None]


class Ohmic(AbstractTransportLaw):
    """A straight line."""

    def cell_current(self, cell_volts: Tensor, state: State) -> Tensor:
        return cell_volts.double() * self.conductance_siemens(state)

    def current(self, volts: Tensor, state: State, outer_ohms: float = 0.0) -> Tensor:
        return volts.double() / (1.0 / self.conductance_siemens(state) + outer_ohms)

    def conductance_siemens(self, state: State) -> float:
        return {"lrs": 1e-4, "hrs": 1e-5}[state]

    def conductivity_siemens_per_metre(self, state: State) -> float:
        return 1e7 * self.conductance_siemens(state)


class Shorted(Ohmic):
    """Does not see the outer resistance."""

    def current(self, volts: Tensor, state: State, outer_ohms: float = 0.0) -> Tensor:
        return self.cell_current(volts, state)


class TestEveryRegisteredLaw(TransportLawContract):
    @pytest.fixture(params=CARRIERS)
    def law(self, request: pytest.FixtureRequest) -> AbstractTransportLaw:
        found = ohmnia.resolve(ohmnia.technology(request.param)).transport
        assert found is not None
        return found


class TestAStranger(TransportLawContract):
    @pytest.fixture
    def law(self) -> AbstractTransportLaw:
        return Ohmic()


def test_a_law_that_forgets_the_outer_resistance_is_caught() -> None:
    with pytest.raises(AssertionError):
        TransportLawContract().test_the_outer_resistance_takes_its_share(Shorted())


def test_every_registered_law_is_a_member_and_the_interface_is_no_law() -> None:
    assert "cmo-hfox" in CARRIERS
    assert all(issubclass(LAWS["transport"].get(name), AbstractTransportLaw) for name in LAWS["transport"])
    assert torch.is_tensor(Ohmic().current(torch.ones(1), "lrs"))
    with pytest.raises(TypeError, match="abstract"):
        AbstractTransportLaw()  # pyright: ignore[reportAbstractUsage]
