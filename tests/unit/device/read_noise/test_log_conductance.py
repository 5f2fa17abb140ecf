"""Read noise: closed form, zero at the verify read, slope in a decade of conductance, clamp below 1 uS."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from contracts.read_noise_law import ReadNoiseLawContract
from ohmnia.device import Device
from ohmnia.device.read_noise.log_conductance import LogConductanceNoise

# The published coefficient and read pulse.
LAW = LogConductanceNoise(0.0277316483e-6, 1e-6)


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


class TestContract(ReadNoiseLawContract):
    @pytest.fixture(params=[LAW, LogConductanceNoise(1e-7, 5e-8)], ids=["published", "another"])
    def law(self, request: pytest.FixtureRequest) -> LogConductanceNoise:
        return request.param


@pytest.mark.parametrize("age", [0.0, 1e-7, 1e-6])
def test_a_verify_read_right_after_the_pulse_is_noiseless(device: Device, age: float) -> None:
    g = torch.linspace(1e-6, 100e-6, 50, dtype=torch.float64)
    assert not device.read_noise.sigma(g, tensor(age)).any()
    assert device.read_noise.sigma(g, tensor(age + 2e-6))[1:].all()


def test_a_decade_of_conductance_adds_109_nanosiemens_at_10_seconds(device: Device) -> None:
    one, ten, hundred = device.read_noise.sigma(tensor(1e-6, 10e-6, 100e-6), tensor(10.0)).tolist()
    # Printed as 0.109 uS for each decade.
    assert ten - one == pytest.approx(0.109e-6, abs=0.0005e-6)
    assert hundred - ten == pytest.approx(0.109e-6, abs=0.0005e-6)


@pytest.mark.parametrize(("conductance", "decades"), [(10e-6, 1.0), (50e-6, 1.698970004), (88.2e-6, 1.945468585)])
@pytest.mark.parametrize(("age", "growth"), [(1.0, 13.122363377), (3600.0, 21.311052502), (3.15576e8, 32.692273476)])
def test_closed_form_in_numbers(conductance: float, decades: float, age: float, growth: float) -> None:
    # decades = log10(G / uS), growth = ln((t + t_r) / 2 t_r)
    expected = 0.0277316483e-6 * decades * math.sqrt(growth)
    assert LAW.sigma(tensor(conductance), tensor(age)).item() == pytest.approx(expected, rel=1e-8)


def test_nothing_below_one_microsiemens() -> None:
    sigma = LAW.sigma(tensor(1e-9, 0.1e-6, 0.999e-6, 1e-6, 1.001e-6), tensor(3.15576e8))
    assert not sigma[:3].any()
    assert sigma[3] < 1e-20
    assert sigma[4] > 0


def test_doubles_with_its_amplitude_and_depends_on_the_ratio_of_times_only() -> None:
    g, age = tensor(20e-6), tensor(1.0)
    twice = LogConductanceNoise(2 * LAW.amplitude_siemens, 1e-6)
    assert twice.sigma(g, age).item() == pytest.approx(2 * LAW.sigma(g, age).item())
    slower = LogConductanceNoise(LAW.amplitude_siemens, 1e-3)
    assert slower.sigma(g, 1000 * age).item() == pytest.approx(LAW.sigma(g, age).item())


def test_variance_grows_by_equal_amounts_in_equal_ratios_of_time() -> None:
    variance = LAW.sigma(tensor(30e-6), torch.logspace(0, 8, 9, dtype=torch.float64)) ** 2
    expected = (0.0277316483e-6 * math.log10(30)) ** 2 * math.log(10)
    # The read pulse is 1e-6 of the first second.
    assert torch.allclose(variance.diff(), tensor(expected), rtol=1e-6, atol=0.0)


def test_stays_below_one_percent_in_the_window_for_ten_years(device: Device) -> None:
    g = torch.linspace(device.g_min_siemens, device.g_max_siemens, 50, dtype=torch.float64)
    share = device.read_noise.sigma(g, tensor(3.15576e8)) / g
    # "About 1 %" is printed; the coefficient gives its maximum at the lower end.
    assert float(share.max()) < 0.02
    assert float(share.min()) > 0.002
