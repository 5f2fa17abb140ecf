"""The transistor: regions, symmetry, slopes, and the resistance of an open switch."""

from __future__ import annotations

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device import build
from ohmnia.device.conduction import SquareLawTransistor
from ohmnia.technology import cell_model

LAW = SquareLawTransistor(2e-6, 250e-9, 0.5, 2e-4)  # k' W / L = 1.6 mA/V^2


def amperes(gate: float, drain: float, source: float) -> float:
    one = torch.ones(1, dtype=torch.float64)
    return float(LAW.currents(gate, drain * one, source * one).amperes)


@pytest.mark.parametrize(
    ("gate", "drain", "source", "expected"),
    [
        (1.5, 0.4, 0.0, 1.6e-3 * (1.0 * 0.4 - 0.08)),
        (1.5, 1.0, 0.0, 0.8e-3),
        (1.5, 3.0, 0.0, 0.8e-3),
        (1.5, 0.9, 0.5, 1.6e-3 * (0.5 * 0.4 - 0.08)),
        (0.5, 1.0, 0.0, 0.0),
        (1.5, 1.0, 1.0, 0.0),
    ],
)
def test_triode_saturation_and_cut_off(gate: float, drain: float, source: float, expected: float) -> None:
    assert amperes(gate, drain, source) == pytest.approx(expected, rel=1e-12, abs=1e-18)
    assert amperes(gate, source, drain) == pytest.approx(-expected, rel=1e-12, abs=1e-18)


def test_slopes_are_differences() -> None:
    drain, source = (
        torch.tensor([0.4, 2.0, -0.3, 0.1], dtype=torch.float64),
        torch.tensor([0.0, 0.1, 0.2, 1.4], dtype=torch.float64),
    )
    found, step = LAW.currents(1.5, drain, source), 1e-6
    by_drain = (LAW.currents(1.5, drain + step, source)[0] - LAW.currents(1.5, drain - step, source)[0]) / (2 * step)
    by_source = (LAW.currents(1.5, drain, source + step)[0] - LAW.currents(1.5, drain, source - step)[0]) / (2 * step)
    torch.testing.assert_close(found.by_drain, by_drain, rtol=1e-7, atol=1e-10)
    torch.testing.assert_close(found.by_source, by_source, rtol=1e-7, atol=1e-10)


def test_resistance_of_an_open_switch() -> None:
    assert LAW.on_ohm(1.5) == pytest.approx(1e-6 / amperes(1.5, 1e-6, 0.0), rel=1e-5)
    with pytest.raises(InvalidValueError, match="above the threshold"):
        LAW.on_ohm(0.5)


def test_the_published_transistor_has_its_resistance() -> None:
    assert build(SquareLawTransistor, cell_model(), "transistor").on_ohm(1.2) == pytest.approx(800, rel=0.001)


def test_a_channel_without_width_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="width_metres"):
        SquareLawTransistor(0.0, 1e-6, 0.5, 1e-4)
