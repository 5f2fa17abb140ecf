"""What every transport law keeps: no current without voltage, odd and rising branches, Kirchhoff's laws, LRS above HRS."""

from __future__ import annotations

import torch

from ohmnia.device.transport._abstract import AbstractTransportLaw, State

STATES: tuple[State, ...] = ("lrs", "hrs")
VOLTS = torch.linspace(-1.5, 1.5, 301, dtype=torch.float64)
OUTER_OHMS = 800.0
# Rounding of a voltage of 1.5 V, seen through an exponential of at most e**10.
CLOSE = 1e-11


class TransportLawContract:
    """A member inherits this and gives a fixture `law`."""

    def test_no_voltage_no_current(self, law: AbstractTransportLaw) -> None:
        zero = torch.zeros(3, dtype=torch.float64)
        for state in STATES:
            for current in (law.cell_current(zero, state), law.current(zero, state), law.current(zero, state, OUTER_OHMS)):
                assert not current.any()

    def test_odd_and_rising(self, law: AbstractTransportLaw) -> None:
        for state in STATES:
            for current in (law.cell_current(VOLTS, state), law.current(VOLTS, state, OUTER_OHMS)):
                assert current.shape == VOLTS.shape
                assert torch.isfinite(current).all()
                assert (current.diff() > 0).all()
            assert torch.equal(law.cell_current(-VOLTS, state), -law.cell_current(VOLTS, state))
            assert torch.equal(law.current(-VOLTS, state, OUTER_OHMS), -law.current(VOLTS, state, OUTER_OHMS))

    def test_the_outer_resistance_takes_its_share(self, law: AbstractTransportLaw) -> None:
        for state in STATES:
            current = law.current(VOLTS, state, OUTER_OHMS)
            inside = law.current(VOLTS - current * OUTER_OHMS, state)
            assert torch.allclose(current, inside, rtol=CLOSE, atol=1e-18)
            assert (current.abs() <= law.current(VOLTS, state).abs()).all()
            assert (current.abs() <= VOLTS.abs() / OUTER_OHMS).all()

    def test_slope_at_zero_is_the_conductance(self, law: AbstractTransportLaw) -> None:
        small = torch.tensor([1e-6], dtype=torch.float64)
        for state in STATES:
            # The cubic term is (1e-6 V / 0.1 V)**2 of the linear one at most.
            slope = law.cell_current(small, state).item() / 1e-6
            assert abs(slope / law.conductance_siemens(state) - 1.0) < 1e-9

    def test_the_low_resistance_state_conducts_more(self, law: AbstractTransportLaw) -> None:
        assert law.conductance_siemens("lrs") > law.conductance_siemens("hrs") > 0
        ratio = law.conductance_siemens("lrs") / law.conductance_siemens("hrs")
        of_layer = law.conductivity_siemens_per_metre("lrs") / law.conductivity_siemens_per_metre("hrs")
        assert abs(of_layer / ratio - 1.0) < 1e-12

    def test_points_do_not_see_each_other(self, law: AbstractTransportLaw) -> None:
        table = law.current(VOLTS.reshape(7, 43), "lrs", OUTER_OHMS)
        for row, column in ((0, 5), (3, 40), (6, 0)):
            alone = law.current(VOLTS.reshape(7, 43)[row, column].reshape(1), "lrs", OUTER_OHMS)
            assert abs(alone.item() - table[row, column].item()) <= CLOSE * abs(alone.item())
