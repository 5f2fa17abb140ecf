"""The other simulator's device as a law of ours: one pulse does the same to every cell."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from ohmnia.bench.soft_bounds_reference import (
    PER_WEIGHT_SIEMENS,
    RERAM_SB,
    STATES_22,
    ZERO_SIEMENS,
    PulsedDevice,
    SoftBoundsReference,
    bench_device,
    cell_parameters,
)
from ohmnia.random import Stream
from tolerances import of_mean, of_sigma

CELLS = 20000
DEVICES = [RERAM_SB, STATES_22, dataclasses.replace(RERAM_SB, subtract_symmetry_point=True)]


def to_siemens(weight: torch.Tensor) -> torch.Tensor:
    return ZERO_SIEMENS + PER_WEIGHT_SIEMENS * weight


def population(numbers: PulsedDevice) -> torch.Tensor:
    return SoftBoundsReference(numbers).sample((CELLS,), Stream.root(0)).double()


@pytest.mark.parametrize("numbers", DEVICES)
@pytest.mark.parametrize("up", [True, False])
def test_expected_pulse_of_each_cell_is_the_other_simulators(numbers: PulsedDevice, up: bool) -> None:
    """Its equation is w + r <- (w + r) +- a (1 - (w + r) / b), on weights."""
    generator = torch.Generator().manual_seed(3)
    draw = lambda low, high: low + (high - low) * torch.rand(500, dtype=torch.float64, generator=generator)  # noqa: E731
    step_up, step_down, reference = draw(0.001, 0.1), draw(0.001, 0.1), draw(-0.2, 0.2)
    low, high = draw(-1.5, -0.5), draw(0.5, 1.5)
    weight = draw(-0.3, 0.3)
    value = weight + reference
    theirs = step_up * (1 - value / high) if up else -step_down * (1 - value / low)
    law, cells = SoftBoundsReference(numbers), cell_parameters(step_up, step_down, (low, high), reference, numbers).double()
    moved = law.pulse(to_siemens(weight), 1 if up else -1, cells, torch.zeros(500, dtype=torch.float64))
    ours = (moved - ZERO_SIEMENS) / PER_WEIGHT_SIEMENS - weight
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_noise_of_a_pulse() -> None:
    one = torch.ones(1, dtype=torch.float64)
    start, xi = to_siemens(0.2 * one), 0.5 * one
    for numbers in (RERAM_SB, STATES_22):
        cells = cell_parameters(0.02 * one, 0.02 * one, (-one, one), 0 * one, numbers).double()
        moved = SoftBoundsReference(numbers).pulse(start, 1, cells, xi)
        sigma = numbers.dw_min_std * 0.5
        expected = 0.02 * (0.8 * (1 + sigma) if numbers.mult_noise else 0.8 + sigma)
        assert float(moved - start) / PER_WEIGHT_SIEMENS == pytest.approx(expected, rel=1e-5)


def test_a_cell_stays_inside_its_bounds() -> None:
    one = torch.ones(1, dtype=torch.float64)
    cells = cell_parameters(0.5 * one, 0.5 * one, (-0.4 * one, 0.7 * one), 0.1 * one, RERAM_SB).double()
    for direction, xi, bound in ((1, 9.0, 0.6), (-1, 9.0, -0.5)):
        moved = SoftBoundsReference(RERAM_SB).pulse(to_siemens(0 * one), direction, cells, xi * one)
        assert float(moved) == pytest.approx(float(to_siemens(bound * one)), rel=1e-6)


def test_population_has_the_stated_spreads() -> None:
    up, down, low, high, _ = population(RERAM_SB)
    bound_high, bound_low = (high - ZERO_SIEMENS) / PER_WEIGHT_SIEMENS, (low - ZERO_SIEMENS) / PER_WEIGHT_SIEMENS
    span = bound_high - bound_low
    step_up, step_down = up / PER_WEIGHT_SIEMENS * bound_high / span, -down / PER_WEIGHT_SIEMENS * bound_low / span
    # |.| of the bounds and steps moves a mean by less than 1e-4 of it at these spreads, but .4 folds .6 % of the lower ones.
    assert float(bound_high.mean()) == pytest.approx(1.25, abs=of_mean(0.3, CELLS))
    assert float(bound_high.std()) == pytest.approx(0.3, abs=of_sigma(0.3, CELLS))
    gain, skew = (step_up + step_down) / 2 / 0.002, (step_up - step_down) / 2 / 0.002
    assert float(gain.mean()) == pytest.approx(1.0, abs=of_mean(0.3, CELLS) + 1e-4)
    assert float(gain.std()) == pytest.approx(0.3, abs=of_sigma(0.3, CELLS) + 1e-3)
    assert float(skew.std()) == pytest.approx(0.01, abs=of_sigma(0.01, CELLS) + 1e-4)


def test_twenty_two_states_at_their_symmetry_point() -> None:
    law = SoftBoundsReference(STATES_22)
    weight = (law.symmetry_point_siemens - ZERO_SIEMENS) / PER_WEIGHT_SIEMENS
    assert weight == pytest.approx(-0.22, abs=0.001)
    assert 0.1165 * (1 + weight) == pytest.approx(2 / 22, abs=1e-4)
    cells = population(dataclasses.replace(STATES_22, dw_min_dtod=0.0, up_down_dtod=0.0, w_max_dtod=0.0, w_min_dtod=0.0))
    assert float(law.symmetry_points(cells)[0]) == pytest.approx(law.symmetry_point_siemens, rel=1e-6)


def test_a_subtracted_symmetry_point_is_weight_zero() -> None:
    numbers = dataclasses.replace(RERAM_SB, subtract_symmetry_point=True)
    points = SoftBoundsReference(numbers).symmetry_points(population(numbers))
    torch.testing.assert_close(points, torch.full_like(points, ZERO_SIEMENS), rtol=1e-5, atol=0.0)
    assert SoftBoundsReference(numbers).symmetry_point_siemens == ZERO_SIEMENS


def test_bench_device_maps_weights_one_to_one() -> None:
    device = bench_device(STATES_22)
    assert (device.g_max_siemens - device.g_min_siemens) / 2 == pytest.approx(PER_WEIGHT_SIEMENS)
    assert (device.g_max_siemens + device.g_min_siemens) / 2 == pytest.approx(ZERO_SIEMENS)
    assert device.update.step_siemens == pytest.approx(PER_WEIGHT_SIEMENS * 0.1165)
    assert float(device.read_noise.sigma(torch.tensor([1e-4]), torch.tensor([1e6])).sum()) == 0.0
