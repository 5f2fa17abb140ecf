"""Forming: the published voltages of the cell and of the cell with its transistor."""

from __future__ import annotations

import pytest
import torch

import tolerances
from ohmnia.device import Device
from ohmnia.device.forming.normal_forming import NormalForming
from ohmnia.random import Stream

CELLS = 50_000
STREAM = Stream.root(29)


def test_cell_voltage_is_normal_about_the_published_mean(device: Device) -> None:
    volts = device.forming.cell_voltage(CELLS, STREAM)
    assert volts.shape == (CELLS,)
    assert abs(float(volts.mean()) - 3.17) < tolerances.of_mean(0.075, CELLS)
    assert abs(float(volts.std()) - 0.075) < tolerances.of_sigma(0.075, CELLS)
    # A normal cell lies within one deviation in 68.27 % of all cases.
    inside = ((volts - 3.17).abs() < 0.075).double().mean()
    assert abs(float(inside) - 0.6827) < tolerances.of_share(0.6827, CELLS)


def test_the_transistor_explains_the_published_1t1r_voltage(device: Device) -> None:
    # 3.38 V, printed to 10 mV; 258 uA times 0.8 kohm on top of 3.17 V, each to half of its last digit.
    volts = device.forming.cell_voltage(CELLS, STREAM) + device.forming.transistor_drop_volts()
    assert float(volts.mean()) == pytest.approx(3.38, abs=0.005 + 0.005)


def test_32_cells_fall_into_the_published_axis(device: Device) -> None:
    volts = device.forming.cell_voltage(3200, STREAM).reshape(100, 32)
    inside = ((volts > 2.8) & (volts < 3.4)).all(1)
    # 3.07 sigma above, 4.9 below: an array of 32 stays inside with (1 - .00107)**32 = 96.6 %.
    assert abs(float(inside.double().mean()) - 0.966) < tolerances.of_share(0.966, 100)


def test_current_and_resistance_multiply() -> None:
    assert NormalForming(3.0, 1e-4, 2000.0).transistor_drop_volts() == pytest.approx(0.2)
    assert NormalForming(3.0, 0.0, 2000.0).transistor_drop_volts() == 0.0


def test_without_spread_every_cell_forms_alike() -> None:
    assert torch.equal(NormalForming(3.0, 0.0, 0.0).cell_voltage(4, STREAM), torch.full((4,), 3.0, dtype=torch.float64))


def test_another_stream_is_another_wafer(device: Device) -> None:
    assert torch.equal(device.forming.cell_voltage(9, STREAM), device.forming.cell_voltage(9, STREAM))
    assert not torch.equal(device.forming.cell_voltage(9, STREAM), device.forming.cell_voltage(9, STREAM.at(1)))
