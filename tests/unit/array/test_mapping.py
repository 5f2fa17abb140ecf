"""Weights and conductances: both mappings, there and back, and their limits."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from helpers import values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import Mapping, mapping
from ohmnia.array.mapping import KINDS, ZEROS
from ohmnia.device import Device

# The published window and open loop: 9 to 88.2 uS, and 95 - 0.61 * 85 uS.
LOW, HIGH, SYMMETRY_POINT = 9.0e-6, 88.2e-6, 43.15e-6
CASES = [("one-device", "symmetry-point"), ("one-device", "mid-window"), ("differential", "symmetry-point")]


@pytest.mark.parametrize(("zero", "expected"), [("symmetry-point", SYMMETRY_POINT), ("mid-window", (LOW + HIGH) / 2)])
def test_weight_zero_of_one_device(device: Device, zero: str, expected: float) -> None:
    layout = mapping(device, "one-device", zero)
    assert layout.planes == 1
    assert layout.conductances(torch.zeros(1, 1)).item() == pytest.approx(expected, rel=1e-6)
    assert layout.g_zero_siemens == pytest.approx(expected, rel=1e-6)


def test_one_device_equation(device: Device) -> None:
    layout = mapping(device)
    conductance = values(0, 1, 3, 4, low=LOW, high=HIGH)
    expected = (conductance[0].double() - SYMMETRY_POINT) / ((HIGH - LOW) / 2)
    torch.testing.assert_close(layout.weights(conductance).double(), expected, rtol=0, atol=1e-6)


def test_pair_equation(device: Device) -> None:
    layout = mapping(device, "differential")
    conductance = values(0, 2, 3, 4, low=LOW, high=HIGH)
    plus, minus = conductance.double()
    torch.testing.assert_close(layout.weights(conductance).double(), (plus - minus) / (HIGH - LOW), rtol=0, atol=1e-6)
    assert layout.planes == 2
    assert layout.offset == 0.0


@pytest.mark.parametrize(("kind", "zero"), CASES)
def test_there_and_back(device: Device, kind: str, zero: str) -> None:
    layout = mapping(device, kind, zero)
    low, high = layout.limits
    weights = values(1, 5, 6, low=low, high=high)
    target = layout.conductances(weights)
    assert target.shape == (layout.planes, 5, 6)
    assert float(target.min()) >= LOW * (1 - 1e-6)
    assert float(target.max()) <= HIGH * (1 + 1e-6)
    torch.testing.assert_close(layout.weights(target), weights.double(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "zero"), CASES)
def test_limits_are_the_ends_of_the_window(device: Device, kind: str, zero: str) -> None:
    layout = mapping(device, kind, zero)
    ends = [layout.conductances(torch.tensor([[limit]])).flatten().tolist() for limit in layout.limits]
    expected = [[LOW], [HIGH]] if kind == "one-device" else [[LOW, HIGH], [HIGH, LOW]]
    for end, wanted in zip(ends, expected, strict=True):
        assert end == pytest.approx(wanted, rel=1e-6)
    assert layout.limits[1] - layout.limits[0] == pytest.approx(2.0)


def test_a_pair_rests_its_idle_device(device: Device) -> None:
    target = mapping(device, "differential").conductances(torch.tensor([[0.5, -0.25, 0.0]]))
    assert target[1, 0, 0].item() == target[0, 0, 1].item() == pytest.approx(LOW)
    assert target[:, 0, 2].tolist() == pytest.approx([LOW, LOW])


@pytest.mark.parametrize(("kind", "zero"), CASES)
def test_variance_is_that_of_the_weights(device: Device, kind: str, zero: str) -> None:
    layout = mapping(device, kind, zero)
    sigma = values(2, layout.planes, 3, 4, low=0.0, high=1e-6)
    span = HIGH - LOW
    factor = 2 / span if kind == "one-device" else 1 / span
    expected = (factor**2 * sigma.double().square()).sum(0)
    torch.testing.assert_close(layout.variance(sigma).double(), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize(("kind", "zero"), CASES)
@pytest.mark.parametrize("beyond", [0.01, -0.01, float("inf"), float("nan")])
def test_a_weight_outside_the_window_is_refused(device: Device, kind: str, zero: str, beyond: float) -> None:
    layout = mapping(device, kind, zero)
    weights = torch.zeros(2, 2)
    weights[1, 0] = layout.limits[0 if beyond < 0 else 1] + beyond
    with pytest.raises(InvalidValueError, match=f"out of range; valid: .* \\({kind}\\).* output scale"):
        layout.conductances(weights)


def test_unknown_names_answer_with_the_nearest(device: Device) -> None:
    with pytest.raises(UnknownNameError, match="Unknown mapping 'diferential'.*Did you mean 'differential'"):
        mapping(device, "diferential")
    with pytest.raises(UnknownNameError, match="Unknown zero weight 'mid window'.*Did you mean 'mid-window'"):
        mapping(device, "one-device", "mid window")


def test_a_symmetry_point_outside_the_window_is_refused(device: Device) -> None:
    # 95 - 0.02 * 85 uS lies above the window.
    skewed = dataclasses.replace(device, update=dataclasses.replace(device.update, symmetry_skew=0.02))
    with pytest.raises(InvalidValueError, match="symmetry point = 93.3 uS.*9 to 88.2 uS.*mid-window"):
        mapping(skewed)
    assert mapping(skewed, zero="mid-window").g_zero_siemens == pytest.approx((LOW + HIGH) / 2)
    assert mapping(skewed, "differential").limits == (-1.0, 1.0)


def test_every_kind_and_zero_makes_a_mapping(device: Device) -> None:
    for kind in KINDS:
        for zero in ZEROS:
            assert isinstance(mapping(device, kind, zero), Mapping)


@pytest.mark.parametrize(("kind", "zero"), CASES)
def test_targets_are_the_conductances_as_the_kernels_take_them(device: Device, kind: str, zero: str) -> None:
    layout = mapping(device, kind, zero)
    weights = values(2, 5, 6, low=layout.limits[0], high=layout.limits[1]).double()
    base, slope, least = layout.targets
    planes = [(b + s * weights).clamp(min=least) for b, s in zip(base, slope, strict=True)]
    torch.testing.assert_close(torch.stack(planes), layout.conductances(weights), rtol=1e-12, atol=0)


@pytest.mark.parametrize("bad", [1.5, -1.5, float("nan")])
def test_a_weight_that_the_window_cannot_hold_is_refused_without_writing_it(device: Device, bad: float) -> None:
    weights = torch.zeros(3, 4)
    mapping(device).check(weights)
    weights[1, 2] = bad
    with pytest.raises(InvalidValueError, match="tile weight"):
        mapping(device).check(weights)
