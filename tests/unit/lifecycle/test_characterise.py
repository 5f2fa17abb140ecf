"""What the device does by itself."""

from __future__ import annotations

import pytest
import torch

from ohmnia.device import Device
from ohmnia.lifecycle.characterise import programming, pulse_response, retention
from ohmnia.random import Stream


def test_pulse_response_settles_at_the_symmetry_point(device: Device) -> None:
    cells = 64
    trace = pulse_response(device, cells, Stream.root(0))
    assert trace.shape == (2100, cells)
    up, down, last = trace[350:400].mean(0), trace[750:800].mean(0), trace[1700:].mean(0)
    # A ramp's end averages 50 pulses; its bound is approached from inside.
    assert float(up.mean()) == pytest.approx(95e-6, rel=0.02)
    assert float(down.mean()) == pytest.approx(10e-6, rel=0.1)
    # Spread of the cells' symmetry points: 6 % of 85 uS, over 64 cells; 3 standard errors.
    assert float(last.mean()) == pytest.approx(43.15e-6, abs=3 * 5.1e-6 / cells**0.5 + 0.5e-6)


def test_programming_statistics(device: Device) -> None:
    found = programming(device, 0.02, levels=6, cells=40, cells_at_50=400, stream=Stream.root(0))
    assert found.target_siemens[0] == pytest.approx(9e-6)
    assert found.target_siemens[-1] == pytest.approx(88.2e-6)
    assert found.failed_fraction == 0.0
    assert float(found.iterations.mean()) == pytest.approx(11, rel=0.5)
    # The error is uniform in +-2 %, so its standard deviation is .02 G / sqrt 3; 400 cells: 4 % a standard error.
    assert found.sigma_at_50_siemens == pytest.approx(0.02 * 50e-6 / 3**0.5, rel=0.15)


def test_retention_is_coherent(device: Device) -> None:
    ages = [1.0, 3600.0, 10 * 365.25 * 86400]
    trace = retention(device, ages, 4000, Stream.root(0)) * 1e6
    assert trace.mean(1).tolist() == pytest.approx([0.0, -0.729, -1.742], abs=0.08)
    assert trace.std(1).tolist() == pytest.approx([0.412, 0.756, 1.234], rel=0.06)
    correlation = torch.corrcoef(trace)[0, 2]
    assert float(correlation) == pytest.approx(0.412 / 1.234, abs=0.06)
