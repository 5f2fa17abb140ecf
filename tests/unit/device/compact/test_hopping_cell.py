"""The compact model by bisection: its equation holds, its symmetries, and what it refuses."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")
DENSITY = torch.logspace(23.5, 26, 20, dtype=torch.float64)


@pytest.mark.parametrize("volts", [1e-3, 0.2, 1.0, 1.6, -1.35])
def test_the_current_solves_its_equation(volts: float) -> None:
    v = torch.full_like(DENSITY, volts)
    found = MODEL.static(v, DENSITY)
    torch.testing.assert_close(MODEL.hopping(found.amperes.abs(), v.abs(), DENSITY), found.amperes.abs(), rtol=1e-9, atol=0)
    torch.testing.assert_close(found.kelvin, 293.0 + 1.4e6 * v * found.amperes, rtol=1e-12, atol=0)


def test_current_is_odd_and_rates_follow_the_sign() -> None:
    v = torch.full_like(DENSITY, 1.3)
    up, down = MODEL.static(v, DENSITY), MODEL.static(-v, DENSITY)
    assert torch.equal(up.amperes, -down.amperes)
    assert bool((up.log_rate > 0).all()) and bool((down.log_rate < 0).all())


def test_no_voltage_moves_nothing() -> None:
    found = MODEL.static(torch.zeros_like(DENSITY), DENSITY)
    assert not found.amperes.any() and not found.log_rate.any()


def test_heat_raises_a_read() -> None:
    v = torch.full_like(DENSITY, 0.2)
    cold = dataclasses.replace(MODEL, thermal_kelvin_per_watt=0.0)
    ratio = MODEL.static(v, DENSITY).amperes / cold.static(v, DENSITY).amperes
    assert bool((ratio > 1.0).all()) and bool((ratio < 1.2).all())


def test_temperature_settles_far_below_a_pulse() -> None:
    assert MODEL.settling_seconds == pytest.approx(28e-12)


@pytest.mark.parametrize("name", ["series_ohm", "length_metres", "ambient_kelvin"])
def test_coefficients_out_of_range(name: str) -> None:
    with pytest.raises(InvalidValueError, match=name):
        dataclasses.replace(MODEL, **{name: 0.0})
