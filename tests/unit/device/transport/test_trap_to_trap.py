"""Trap-to-trap tunnelling: closed forms, an independent evaluation of the sub-circuit, and the series resistance."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from scipy.optimize import brentq
from torch import Tensor

from contracts.transport_law import TransportLawContract
from ohmnia._errors import ConvergenceError, InvalidValueError
from ohmnia.device import Device
from ohmnia.device.transport import trap_to_trap
from ohmnia.device.transport._abstract import State
from ohmnia.device.transport.trap_to_trap import TrapToTrap

MEV = 1.602176634e-22
LAW = TrapToTrap(5e25, 1.2e24, 2.1e-9, 3.6e-9, 65 * MEV, 80 * MEV, 11e-9, 12e-9, 2e13, 293.0, 1.44, 223.2217)


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


class TestContract(TransportLawContract):
    @pytest.fixture(params=["published", "bare", "hot"])
    def law(self, request: pytest.FixtureRequest) -> TrapToTrap:
        changes = {"published": {}, "bare": {"series_ohms": 0.0}, "hot": {"temperature_kelvin": 600.0, "factor": 1.0}}
        return dataclasses.replace(LAW, **changes[request.param])


def test_the_published_numbers_reach_the_law(device: Device) -> None:
    law = device.transport
    assert isinstance(law, TrapToTrap)
    for field in dataclasses.fields(TrapToTrap):
        assert getattr(law, field.name) == pytest.approx(getattr(LAW, field.name), rel=1e-12), field.name


@pytest.mark.parametrize(("state", "siemens"), [("lrs", 97.27e-6), ("hrs", 3.788e-6)])
def test_low_field_conductance_in_numbers(state: State, siemens: float) -> None:
    # pi (11 nm)**2 1.44 q**2 N a**2 nu exp(-dE / kT) / (kT 12 nm), by hand with kT = 25.249 meV.
    assert LAW.conductance_siemens(state) == pytest.approx(siemens, rel=2e-4)


def test_conductivity_is_that_of_the_cylinder() -> None:
    # G d / (pi r**2) = 97.27 uS 12 nm / 380.13 nm**2.
    assert LAW.conductivity_siemens_per_metre("lrs") == pytest.approx(3070.7, rel=2e-4)


@pytest.mark.parametrize(("volts", "ratio"), [(0.2, 22.19), (0.4, 15.47), (0.5, 12.40)])
def test_ratio_of_the_states_is_that_of_two_hyperbolic_sines(volts: float, ratio: float) -> None:
    # 25.682 at low field; 2kT d / q is 606.0 mV nm.
    lrs, hrs = (LAW.cell_current(tensor(volts), state).item() for state in ("lrs", "hrs"))
    assert lrs / hrs == pytest.approx(ratio, abs=0.005)
    low = 25.682 * (3.6 / 2.1) * math.sinh(2.1 * volts / 0.60598) / math.sinh(3.6 * volts / 0.60598)
    assert lrs / hrs == pytest.approx(low, rel=1e-4)


@pytest.mark.parametrize(("vacancies", "microsiemens"), [(7e24, 26.28), (1.64e25, 54.05), (3.77e25, 87.98)])
def test_the_sub_circuit_without_heating_as_evaluated_with_another_solver(vacancies: float, microsiemens: float) -> None:
    # I / V at 0.2 V, leads in series, distance and energy on the sub-circuit's lines.
    law = dataclasses.replace(
        LAW,
        density_lrs_per_cubic_metre=vacancies,
        distance_lrs_metres=3.6369e-9 - 3.0738e-35 * vacancies,
        energy_lrs_joules=1.275579e-20 - 3.69733e-47 * vacancies,
    )
    assert law.current(tensor(0.2), "lrs").item() / 0.2 == pytest.approx(microsiemens * 1e-6, abs=0.005e-6)


def bracketed(volts: float, state: State, ohms: float) -> float:
    """Current by bisection-like bracketing; the bracket ends below the overflow of the hyperbolic sine."""
    scale = 0.60598 / {"lrs": 2.1, "hrs": 3.6}[state]

    def excess(cell: float) -> float:
        return cell + ohms * LAW.cell_current(tensor(cell), state).item() - volts

    root = brentq(excess, 0.0, min(volts, 300 * scale), xtol=1e-300, rtol=1e-14)
    return LAW.cell_current(tensor(root), state).item()


@pytest.mark.parametrize("state", ["lrs", "hrs"])
@pytest.mark.parametrize("outer", [0.0, 800.0, 1e6, 1e12])
def test_the_series_resistance_against_a_bracketed_root(state: State, outer: float) -> None:
    for volts in (1e-9, 1e-3, 0.2, 1.3, 30.0, 1000.0):
        found = LAW.current(tensor(volts), state, outer).item()
        assert found == pytest.approx(bracketed(volts, state, 223.2217 + outer), rel=1e-10)


def test_kirchhoff() -> None:
    volts = torch.linspace(-1.5, 1.3, 281, dtype=torch.float64)
    for state in ("lrs", "hrs"):
        current = LAW.current(volts, state, 800.0)
        across = volts - current * (800.0 + 223.2217)
        assert torch.allclose(LAW.cell_current(across, state), current, rtol=1e-11, atol=1e-18)


def test_no_resistance_is_the_bare_cell() -> None:
    bare, volts = dataclasses.replace(LAW, series_ohms=0.0), torch.linspace(-1.5, 1.5, 31, dtype=torch.float64)
    assert torch.equal(bare.current(volts, "hrs"), LAW.cell_current(volts, "hrs"))
    # A resistance that goes to zero goes to the same limit.
    assert torch.allclose(bare.current(volts, "hrs", 1e-9), bare.cell_current(volts, "hrs"), rtol=1e-10, atol=0.0)


def test_a_large_resistance_takes_the_whole_voltage() -> None:
    assert LAW.current(tensor(1e6), "lrs", 1e9).item() == pytest.approx(1e-3, rel=1e-3)


def test_heat_and_energy_act_through_their_ratio() -> None:
    other = dataclasses.replace(LAW, temperature_kelvin=586.0, energy_lrs_joules=130 * MEV, length_metres=6e-9)
    volts = tensor(0.1, 0.7)
    assert torch.allclose(other.cell_current(volts, "lrs"), LAW.cell_current(volts, "lrs"), rtol=1e-12)


def test_single_precision_is_computed_in_double() -> None:
    exact = LAW.current(tensor(0.5, -0.25), "lrs", 800.0)
    assert torch.equal(LAW.current(torch.tensor([0.5, -0.25]), "lrs", 800.0), exact)
    assert exact.dtype == torch.float64


@pytest.mark.parametrize("volts", [math.nan, math.inf, 1e4])
def test_a_current_that_is_not_finite_is_refused(volts: float) -> None:
    with pytest.raises(InvalidValueError, match="at most"):
        LAW.cell_current(tensor(0.1, volts), "lrs")
    if not math.isfinite(volts):
        with pytest.raises(InvalidValueError, match="finite"):
            LAW.current(tensor(0.1, volts), "lrs")


def test_a_negative_resistance_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="outer_ohms = -1"):
        LAW.current(tensor(0.1), "lrs", -1.0)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrapToTrap)])
def test_a_coefficient_that_no_layer_can_have_is_refused(field: str) -> None:
    changes: dict[str, float] = {field: -1.0}
    with pytest.raises(InvalidValueError, match=field):
        dataclasses.replace(LAW, **changes)
    zero: dict[str, float] = {field: 0.0}
    if field in ("energy_lrs_joules", "energy_hrs_joules", "series_ohms"):
        assert getattr(dataclasses.replace(LAW, **zero), field) == 0.0
    else:
        with pytest.raises(InvalidValueError, match="positive"):
            dataclasses.replace(LAW, **zero)


def test_a_current_that_is_not_found_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trap_to_trap, "_MOST_STEPS", 1)
    with pytest.raises(ConvergenceError, match="not found in 1 steps"):
        LAW.current(tensor(1.0), "lrs")
