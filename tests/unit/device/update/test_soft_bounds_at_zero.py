"""Soft bounds stated at weight 0: the published equations on weights, and the population of an array."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

import tolerances
from contracts.update_law import UpdateLawContract
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.device.update.soft_bounds_at_zero import SoftBoundsAtZero
from ohmnia.random import Stream, normal_like

ZERO, PER_WEIGHT, CELLS = 50e-6, 40e-6, 40_000
PLAIN = SoftBoundsAtZero(ZERO, PER_WEIGHT, 0.05, 0.3)
SPREAD = dataclasses.replace(PLAIN, step_spread=0.3, asymmetry_spread=0.1, bound_spread=0.3)
STREAM = Stream.root(23)


def described(cells: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Steps up and down at weight 0, and bounds down and up (positive), of drawn cells, from single pulses without noise."""
    start, quiet = torch.full_like(cells[0], ZERO), torch.zeros_like(cells[0])
    up, down = ((SPREAD.pulse(start, way, cells, quiet) - start) * way / PER_WEIGHT for way in (1, -1))
    return up, down, (ZERO - cells[2]) / PER_WEIGHT, (cells[3] - ZERO) / PER_WEIGHT


class TestContract(UpdateLawContract):
    @pytest.fixture(
        params=[PLAIN, SPREAD, dataclasses.replace(SPREAD, noise="multiplicative"), dataclasses.replace(PLAIN, asymmetry=0.4)],
        ids=["plain", "spread", "ratio", "asymmetric"],
    )
    def law(self, request: pytest.FixtureRequest) -> SoftBoundsAtZero:
        return request.param


@pytest.mark.parametrize("direction", [1, -1])
def test_a_pulse_is_the_published_one_on_weights(direction: int) -> None:
    cells = SPREAD.sample((500,), STREAM).double()
    up, down, low, high = described(cells)
    w = 0.9 * torch.linspace(-1, 1, 500, dtype=torch.float64) * torch.minimum(low, high)
    quiet = (SPREAD.pulse(ZERO + PER_WEIGHT * w, direction, cells, torch.zeros_like(w)) - ZERO) / PER_WEIGHT - w
    # Eq. 4 without noise: a_up (w_max - w) / w_max and -a_down (w_min - w) / w_min.
    expected = up * (high - w) / high if direction > 0 else -down * (low + w) / low
    torch.testing.assert_close(quiet, expected, rtol=1e-5, atol=1e-7)


def test_additive_noise_has_the_size_of_a_step_at_weight_zero() -> None:
    cells = PLAIN.sample((1,), STREAM).double()
    for w in (0.0, 0.5):
        start = torch.full((CELLS,), ZERO + PER_WEIGHT * w, dtype=torch.float64)
        moved = PLAIN.pulse(start, 1, cells.expand(5, CELLS), normal_like(STREAM.child("xi"), (CELLS,))) - start
        sigma = 0.3 * 0.05 * PER_WEIGHT
        assert abs(float(moved.std()) - sigma) < tolerances.of_sigma(sigma, CELLS) + 1e-6 * sigma
        assert abs(float(moved.mean()) - 0.05 * (1 - w) * PER_WEIGHT) < tolerances.of_mean(sigma, CELLS) + 1e-6 * sigma


def test_cells_of_an_array_have_the_stated_spreads() -> None:
    up, down, low, high = described(SPREAD.sample((CELLS,), STREAM).double())
    for bound in (low, high):
        # What lies below 1 % of the mean bound, 5 in 10,000, is kept there.
        assert float(bound.mean()) == pytest.approx(1.0, abs=tolerances.of_mean(0.3, CELLS) + 1e-3)
        assert float(bound.std()) == pytest.approx(0.3, abs=tolerances.of_sigma(0.3, CELLS) + 1e-3)
    gain, skew = (up + down) / 2 / 0.05, (up - down) / 2 / 0.05
    assert float(gain.log().std()) == pytest.approx(0.3, abs=tolerances.of_sigma(0.3, CELLS))
    assert float(gain.log().mean()) == pytest.approx(0.0, abs=tolerances.of_mean(0.3, CELLS))
    assert float(skew.std()) == pytest.approx(0.1, abs=tolerances.of_sigma(0.1, CELLS))
    assert abs(float(torch.corrcoef(torch.stack([low, high]))[0, 1])) < tolerances.of_mean(1.0, CELLS)


def test_symmetry_points_are_those_of_the_published_equation() -> None:
    cells = SPREAD.sample((500,), STREAM).double()
    up, down, low, high = described(cells)
    expected = (up - down) / (up / high + down / low)
    torch.testing.assert_close((SPREAD.symmetry_points(cells) - ZERO) / PER_WEIGHT, expected, rtol=1e-4, atol=1e-5)


def test_up_and_down_in_turn_decay_to_the_symmetry_point_at_twice_the_step() -> None:
    law = dataclasses.replace(PLAIN, step=0.001, cycle_noise=0.0)
    cells, none = law.sample((1,), STREAM).double(), torch.zeros(1, dtype=torch.float64)
    g = torch.full((1,), ZERO + 0.5 * PER_WEIGHT, dtype=torch.float64)
    for _ in range(500):
        g = law.pulse(law.pulse(g, 1, cells, none), -1, cells, none)
    # Eq. 7: w decays by 2 delta w each pair; a pair's own order adds delta / 2.
    assert float(g - ZERO) / PER_WEIGHT == pytest.approx(0.5 * math.exp(-2 * 0.001 * 500), abs=0.001)


@pytest.mark.parametrize(
    "wrong", [{"step": 0.0}, {"step": 1.5}, {"bound": 0.0}, {"zero_siemens": 30e-6}, {"asymmetry": 1.0}, {"cycle_noise": -0.1}]
)
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidValueError):
        dataclasses.replace(PLAIN, **wrong)


def test_another_kind_of_noise_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        dataclasses.replace(PLAIN, noise="loud")
