"""Relaxation: published marginals, composition of waits, the branch below one second, digits of short waits."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import tolerances
from contracts.retention_law import AgeRelaxationContract
from ohmnia._units import DAY, HOUR, WEEK, YEAR
from ohmnia.device import Device
from ohmnia.device.retention.log_time_relaxation import LogTimeRelaxation

# The published fit in siemens, with the assumed onset.
LAW = LogTimeRelaxation(-0.08900206e-6, 0.41183342e-6, 0.04201137e-6, 5e-3)
# 1 us to 30 years, dense about the knee at 1 s.
TIMES = st.one_of(st.floats(-6, 9).map(lambda e: 10.0**e), st.floats(0.5, 1.5), st.just(1.0))


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def increment(age: float, seconds: float, law: LogTimeRelaxation = LAW) -> tuple[float, float]:
    mean, sigma = law.increments(tensor(age), seconds)
    return mean.item(), sigma.item()


class TestContract(AgeRelaxationContract):
    @pytest.fixture(
        params=[LAW, LogTimeRelaxation(0.0, 1e-6, 0.0, 1e-3), LogTimeRelaxation(2e-8, 0.0, 1e-7, 10.0)],
        ids=["published", "saturating", "without early part"],
    )
    def law(self, request: pytest.FixtureRequest) -> LogTimeRelaxation:
        return request.param


# --- marginals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "mean", "sigma"),
    [
        (1.0, 0.0, 0.412),
        (600.0, -0.57, 0.681),
        (HOUR, -0.73, 0.756),
        (DAY, -1.01, 0.889),
        (2 * DAY, -1.07, 0.918),
        (WEEK, -1.18, 0.971),
        (10 * YEAR, -1.74, 1.234),
    ],
)
def test_marginals_are_the_published_fit(device: Device, age: float, mean: float, sigma: float) -> None:
    # Printed in uS to the last digit given: half of it is the tolerance.
    for start, wait in ((0.0, age), (0.25 * age, 0.75 * age)):
        mean_0, sigma_0 = (part.item() for part in device.retention.increments(tensor(0.0), start))
        mean_1, sigma_1 = (part.item() for part in device.retention.increments(tensor(start), wait))
        assert (mean_0 + mean_1) * 1e6 == pytest.approx(mean, abs=0.005)
        assert math.hypot(sigma_0, sigma_1) * 1e6 == pytest.approx(sigma, abs=0.0005)


def test_measured_mean_after_an_hour(device: Device) -> None:
    # Printed beside the traces of 400 states: -0.68 uS on average.
    assert device.retention.increments(tensor(0.0), HOUR)[0].item() == pytest.approx(-0.68e-6, rel=0.1)


def test_overlap_of_neighbouring_levels_after_ten_minutes(device: Device) -> None:
    # Two Gaussians 2.33 uS apart overlap by erfc(d / 2 sqrt(2) sigma); printed: 9.6 %.
    sigma = device.retention.increments(tensor(0.0), 600.0)[1].item()
    assert math.erfc(2.33e-6 / (2 * math.sqrt(2) * sigma)) == pytest.approx(0.096, abs=0.01)


def test_mean_and_sigma_are_the_increments_since_the_pulse() -> None:
    ages = torch.logspace(-6, 9, 151, dtype=torch.float64)
    for age in ages.tolist():
        mean, sigma = increment(0.0, age)
        assert LAW.mean(tensor(age)).item() == pytest.approx(mean, rel=1e-12, abs=1e-22)
        assert LAW.sigma(tensor(age)).item() == pytest.approx(sigma, rel=1e-12)
    assert torch.equal(LAW.mean(ages), torch.stack([LAW.mean(age) for age in ages]))
    assert torch.equal(LAW.sigma(ages), torch.stack([LAW.sigma(age) for age in ages]))


# --- below one second -------------------------------------------------------------------------------------------------


def test_early_deviations_stand_in_the_ratio_of_a_measured_reram() -> None:
    sigma = [increment(0.0, age)[1] for age in (0.01, 0.1, 1.0)]
    assert sigma[0] / sigma[2] == pytest.approx(0.45, rel=0.03)
    assert sigma[1] / sigma[2] == pytest.approx(0.76, rel=0.03)


def test_nothing_moves_at_the_pulse_and_little_just_after() -> None:
    assert LAW.sigma(tensor(0.0)).item() == 0.0
    assert LAW.mean(tensor(0.0)).item() == 0.0
    # At the verify read, 1 us after the pulse, far below a step of the finest levels (10 nS).
    assert 0.0 < increment(0.0, 1e-6)[1] < 3e-9


def test_continuous_at_one_second() -> None:
    for quantity in (LAW.mean, LAW.sigma):
        before, at, after = (quantity(tensor(age)).item() for age in (1.0 - 1e-9, 1.0, 1.0 + 1e-9))
        # The slopes are below 0.1 uS for each factor e, so 1e-9 s moves less than 1e-16 S.
        assert abs(before - at) < 1e-16
        assert abs(after - at) < 1e-16
    # A wait across the knee is the two waits to it and from it.
    mean, sigma = increment(0.999, 0.002)
    assert mean == pytest.approx(LAW.mean_slope_siemens * math.log(1.001), rel=1e-9)
    below, above = increment(0.999, 0.001), increment(1.0, 0.001)
    assert sigma == pytest.approx(math.hypot(below[1], above[1]), rel=1e-9)


def test_the_mean_stands_still_below_one_second() -> None:
    assert increment(0.0, 1.0)[0] == 0.0
    assert increment(0.3, 0.7)[0] == 0.0
    assert increment(0.3, 0.8)[0] < 0.0


def test_variance_below_one_second_is_logarithmic_above_its_onset() -> None:
    # V(t2) - V(t1) = s0**2 ln((tau + t2) / (tau + t1)) / ln(1 + 1 s / tau), ln 201 for 5 ms.
    for start, stop in ((0.0, 0.005), (0.005, 0.015), (0.1, 0.9)):
        expected = 0.41183342e-6**2 * math.log((0.005 + stop) / (0.005 + start)) / math.log(201)
        assert increment(start, stop - start)[1] ** 2 == pytest.approx(expected, rel=1e-12)


# --- composition ------------------------------------------------------------------------------------------------------


@given(st.one_of(st.just(0.0), TIMES), TIMES, TIMES)
@tolerances.PROPERTY
def test_two_waits_have_the_law_of_their_sum(age: float, first: float, second: float) -> None:
    mean_1, sigma_1 = increment(age, first)
    mean_2, sigma_2 = increment(age + first, second)
    mean, sigma = increment(age, first + second)
    # age + first is rounded: 1e-16 of the age, at worst against the shortest wait of 1 us.
    assert mean_1 + mean_2 == pytest.approx(mean, rel=1e-9, abs=1e-22)
    assert sigma_1**2 + sigma_2**2 == pytest.approx(sigma**2, rel=1e-9)


@given(st.lists(TIMES, min_size=2, max_size=12))
@tolerances.PROPERTY
def test_any_number_of_waits_ends_at_the_marginal(waits: list[float]) -> None:
    age, mean, variance = 0.0, 0.0, 0.0
    for wait in waits:
        part = increment(age, wait)
        mean, variance, age = mean + part[0], variance + part[1] ** 2, age + wait
    assert mean == pytest.approx(LAW.mean(tensor(age)).item(), rel=1e-9, abs=1e-22)
    assert math.sqrt(variance) == pytest.approx(LAW.sigma(tensor(age)).item(), rel=1e-9)


@pytest.mark.parametrize("age", [1.0, DAY, 10 * YEAR])
@pytest.mark.parametrize("ratio", [1e-15, 1e-12, 1e-6])
def test_a_tiny_wait_on_an_old_cell_keeps_its_digits(age: float, ratio: float) -> None:
    mean, sigma = increment(age, ratio * age)
    # First order: ln(1 + e) = e, and dV = 2 sigma s1 e; the second order is e itself.
    late = 0.41183342e-6 + 0.04201137e-6 * math.log(age)
    assert mean == pytest.approx(-0.08900206e-6 * ratio, rel=2 * ratio + 1e-14)
    assert sigma**2 == pytest.approx(2 * late * 0.04201137e-6 * ratio, rel=2 * ratio + 1e-13)


def test_single_precision_ages_are_computed_in_double() -> None:
    ages = torch.tensor([0.5, 1.0, 3600.0])
    for single, double in zip(LAW.increments(ages, 1e-3), LAW.increments(ages.double(), 1e-3), strict=True):
        assert single.dtype == torch.float64
        assert torch.equal(single, double)


@pytest.mark.parametrize("wrong", [(-1e-7, 4e-7, 4e-8, 0.0), (-1e-7, 4e-7, 4e-8, -1.0), (-1e-7, -4e-7, 4e-8, 5e-3)])
def test_impossible_coefficients_are_refused(wrong: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        LogTimeRelaxation(*wrong).increments(tensor(0.0), 1.0)
