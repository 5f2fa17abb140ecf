"""Soft bounds: published figures of merit come back out of pulses, and closed forms of trains hold."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import tolerances
from contracts.update_law import MeanNumberOfStates, UpdateLawContract
from ohmnia._errors import InvalidValueError, StateError
from ohmnia.device import Device
from ohmnia.device.update.relative_step import HIGH, LOW, NOISE, STEP_DOWN, STEP_UP, pulse
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.random import Stream, normal, normal_like

# The published figures of merit, Fig. 5: window, N, skew, noise-to-signal ratio.
LOW_SIEMENS, HIGH_SIEMENS, STATES, SKEW, RATIO = 10e-6, 95e-6, 22.0, 0.61, 0.9
SPAN = HIGH_SIEMENS - LOW_SIEMENS
MEAN_CELL = SoftBounds(LOW_SIEMENS, HIGH_SIEMENS, STATES, SKEW, RATIO)
SPREADS = {"states_spread": 0.175, "symmetry_skew_spread": 0.06, "noise_to_signal_spread": 0.1}
EXPONENTS = [(1.0, 1.0), (2.0, 2.0), (0.5, 0.5), (1.0, 2.0), (2.5, 0.7)]
STREAM = Stream.root(17)


def one_cell(law: SoftBounds = MEAN_CELL) -> Tensor:
    return law.sample((1,), STREAM).double()


def moved(law: SoftBounds, start: float, direction: int, number: int = 200_000) -> Tensor:
    """Signed steps of many pulses from one conductance, along the direction."""
    g = torch.full((number,), start, dtype=torch.float64)
    after = law.pulse(g, direction, one_cell(law).expand(5, number), normal_like(STREAM.child("pulses"), (number,)))
    return direction * (after - g)


def train(law: SoftBounds, start: float, directions: list[int], xi: float = 0.0) -> list[float]:
    """Conductances of one cell after each pulse of a train."""
    g, parameters, draw = torch.tensor([start], dtype=torch.float64), one_cell(law), torch.tensor([xi], dtype=torch.float64)
    trace = []
    for direction in directions:
        g = law.pulse(g, direction, parameters, draw)
        trace.append(g.item())
    return trace


K = 0.005


def test_half_a_pulse_steps_by_the_published_ratio_and_a_quarter_less_by_its_root() -> None:
    law = dataclasses.replace(MEAN_CELL, half_voltage_ratio=K)
    cells, share = one_cell(law).expand(5, 4), torch.tensor([1.0, 0.75, 0.5, 0.0], dtype=torch.float64)
    g, zero = torch.full((4,), 40e-6, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    weak = law.weakened(cells, share)
    for direction in (1, -1):
        steps = law.pulse(g, direction, weak, zero) - g
        # Exponential kinetics: the logarithm of the step is linear in the voltage.
        assert torch.allclose(steps / steps[0], torch.tensor([1.0, K**0.5, K, K**2], dtype=torch.float64), rtol=1e-6)
    assert torch.equal(weak[:, 0], cells[:, 0])
    assert torch.equal(weak[[LOW, HIGH, NOISE]], cells[[LOW, HIGH, NOISE]])


def test_additive_noise_is_weakened_with_the_step() -> None:
    law = dataclasses.replace(MEAN_CELL, half_voltage_ratio=K, noise="additive")
    cells = one_cell(law)
    weak = law.weakened(cells, torch.tensor([0.5], dtype=torch.float64))
    for row in (STEP_UP, STEP_DOWN, NOISE):
        assert float(weak[row] / cells[row]) == pytest.approx(K)


@pytest.mark.parametrize("ratio", [0.0, -0.1, 1.1])
def test_a_half_voltage_ratio_that_is_no_fraction_is_refused(ratio: float) -> None:
    with pytest.raises(InvalidValueError, match="half_voltage_ratio"):
        dataclasses.replace(MEAN_CELL, half_voltage_ratio=ratio)


def test_without_a_ratio_weaker_pulses_are_refused_with_the_fix() -> None:
    with pytest.raises(StateError, match=r"half_voltage_ratio in a technology file"):
        MEAN_CELL.weakened(one_cell(), torch.ones(1))


class TestContract(MeanNumberOfStates, UpdateLawContract):
    @pytest.fixture(params=[*EXPONENTS, "published", "additive"], ids=str)
    def law(self, request: pytest.FixtureRequest, device: Device) -> SoftBounds:
        assert isinstance(device.update, SoftBounds)
        if request.param == "published":
            return device.update
        if request.param == "additive":
            return dataclasses.replace(MEAN_CELL, noise="additive", **SPREADS)
        up, down = request.param
        return dataclasses.replace(MEAN_CELL, exponent_up=up, exponent_down=down, **SPREADS)


# --- figures of merit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["multiplicative", "additive"])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("exponents", EXPONENTS, ids=str)
def test_step_and_its_noise_at_the_published_symmetry_point(exponents: tuple[float, float], direction: int, noise: str) -> None:
    law = dataclasses.replace(MEAN_CELL, exponent_up=exponents[0], exponent_down=exponents[1], noise=noise)
    steps = moved(law, HIGH_SIEMENS - SKEW * SPAN, direction)
    mean, sigma = SPAN / STATES, RATIO * SPAN / STATES
    # Parameters are single precision: 2**-24, a few times.
    assert abs(float(steps.mean()) - mean) < tolerances.of_mean(sigma, len(steps)) + 1e-6 * mean
    assert abs(float(steps.std()) - sigma) < tolerances.of_sigma(sigma, len(steps)) + 1e-6 * sigma


def test_law_wide_figures_of_merit_in_siemens() -> None:
    assert MEAN_CELL.symmetry_point_siemens == pytest.approx(43.15e-6)
    assert MEAN_CELL.step_siemens == pytest.approx(3.8636e-6, rel=1e-4)


def test_multiplicative_noise_is_a_ratio_everywhere_additive_noise_a_conductance() -> None:
    additive = dataclasses.replace(MEAN_CELL, noise="additive")
    for direction, start in ((1, 30e-6), (1, 60e-6), (-1, 40e-6), (-1, 70e-6)):
        mean = float(moved(dataclasses.replace(MEAN_CELL, noise_to_signal=0.0), start, direction, 1).mean())
        for law, sigma in ((MEAN_CELL, RATIO * mean), (additive, RATIO * SPAN / STATES)):
            steps = moved(law, start, direction)
            assert abs(float(steps.mean()) - mean) < tolerances.of_mean(sigma, len(steps))
            assert abs(float(steps.std()) - sigma) < tolerances.of_sigma(sigma, len(steps))


def test_no_noise_no_spread_of_steps() -> None:
    assert float(moved(dataclasses.replace(MEAN_CELL, noise_to_signal=0.0), 50e-6, 1, 100).std()) < 1e-18


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_step_falls_with_a_power_of_the_distance_to_the_bound(gamma: float) -> None:
    law = dataclasses.replace(MEAN_CELL, noise_to_signal=0.0, exponent_up=gamma, exponent_down=gamma)
    for direction, bound in ((1, HIGH_SIEMENS), (-1, LOW_SIEMENS)):
        near, far = (float(moved(law, bound - direction * share * SPAN, direction, 1).mean()) for share in (0.2, 0.8))
        assert far / near == pytest.approx(4.0**gamma, rel=1e-5)


# --- cell to cell -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fleet() -> tuple[Tensor, Tensor, Tensor]:
    """N, skew and noise ratio of 20,000 cells, all measured with pulses at the cell's own symmetry point."""
    law, number = dataclasses.replace(MEAN_CELL, **SPREADS), 20_000
    parameters = law.sample((number,), STREAM.child("fleet")).double()
    g = law.symmetry_points(parameters)
    zero = torch.zeros(number, dtype=torch.float64)
    step = law.pulse(g, 1, parameters, zero) - g
    noisy = law.pulse(g, 1, parameters, zero + 1e-3) - g
    return SPAN / step, (HIGH_SIEMENS - g) / SPAN, (noisy / step - 1.0) / 1e-3


def test_states_between_cells_have_the_published_mean_and_the_assumed_width(fleet: tuple[Tensor, Tensor, Tensor]) -> None:
    states = fleet[0]
    assert abs(float(states.mean()) - 22.0) < tolerances.of_mean(float(states.std()), len(states))
    assert abs(float(states.log().std()) - 0.175) < tolerances.of_sigma(0.175, len(states))
    # The logarithm is symmetric: a skewness of sqrt(6 / n) at most.
    log = states.log() - states.log().mean()
    assert abs(float((log**3).mean() / log.std() ** 3)) < tolerances.ERRORS * math.sqrt(6.0 / len(states))


def test_arrays_of_32_cells_span_the_published_16_to_33_states(fleet: tuple[Tensor, Tensor, Tensor]) -> None:
    arrays = fleet[0].reshape(-1, 32)
    assert float(arrays.min(1).values.mean()) == pytest.approx(16, rel=0.1)
    assert float(arrays.max(1).values.mean()) == pytest.approx(33, rel=0.1)


def test_skew_and_noise_between_cells(fleet: tuple[Tensor, Tensor, Tensor]) -> None:
    for measured, mean, sigma in ((fleet[1], SKEW, 0.06), (fleet[2], RATIO, 0.1)):
        assert abs(float(measured.mean()) - mean) < tolerances.of_mean(sigma, len(measured))
        assert abs(float(measured.std()) - sigma) < tolerances.of_sigma(sigma, len(measured))


def test_states_skew_and_noise_vary_independently(fleet: tuple[Tensor, Tensor, Tensor]) -> None:
    matrix = torch.corrcoef(torch.stack(fleet))
    assert float((matrix - torch.eye(3)).abs().max()) < tolerances.of_correlation(len(fleet[0]))


def test_a_mean_cell_without_spread_is_every_cell() -> None:
    parameters = MEAN_CELL.sample((50,), STREAM)
    assert torch.equal(parameters, parameters[:, :1].expand(5, 50))


def test_extreme_spreads_still_give_cells_that_can_switch() -> None:
    law = dataclasses.replace(MEAN_CELL, **dict.fromkeys(SPREADS, 3.0))
    parameters = law.sample((2000,), STREAM)
    assert torch.isfinite(parameters).all()
    assert (parameters > 0).all()
    g = law.symmetry_points(parameters)
    assert float(g.min()) >= LOW_SIEMENS + 0.0199 * SPAN
    assert float(g.max()) <= HIGH_SIEMENS - 0.0199 * SPAN


# --- symmetry point ---------------------------------------------------------------------------------------------------


def random_parameters(number: int = 1000) -> Tensor:
    steps = SPAN / 20 * torch.exp(normal_like(STREAM.child("random"), (2, number)))
    rest = torch.tensor([LOW_SIEMENS, HIGH_SIEMENS, RATIO], dtype=torch.float64)
    return torch.cat([steps, rest[:, None].expand(3, number)])


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_symmetry_points_closed_form_for_equal_exponents(gamma: float) -> None:
    parameters = random_parameters()
    law = dataclasses.replace(MEAN_CELL, exponent_up=gamma, exponent_down=gamma)
    # s_up (1 - m)**gamma = s_down m**gamma
    ratio = (parameters[STEP_UP] / parameters[STEP_DOWN]) ** (1.0 / gamma)
    exact = LOW_SIEMENS + SPAN * ratio / (1.0 + ratio)
    assert torch.allclose(law.symmetry_points(parameters), exact, rtol=1e-14, atol=0.0)


def test_symmetry_points_closed_form_for_exponents_1_and_2() -> None:
    parameters = random_parameters()
    law = dataclasses.replace(MEAN_CELL, exponent_up=1.0, exponent_down=2.0)
    up, down = parameters[STEP_UP], parameters[STEP_DOWN]
    # s_up (1 - m) = s_down m**2
    exact = LOW_SIEMENS + SPAN * (torch.sqrt(up**2 + 4.0 * up * down) - up) / (2.0 * down)
    assert torch.allclose(law.symmetry_points(parameters), exact, rtol=1e-13, atol=0.0)


def test_noiseless_alternating_pulses_end_at_the_cycle_around_the_symmetry_point() -> None:
    law = dataclasses.replace(MEAN_CELL, noise_to_signal=0.0)
    up, down = (float(value) / SPAN for value in one_cell(law)[[STEP_UP, STEP_DOWN]])
    # Up then down maps x to (x + up (1 - x)) (1 - down); its fixed point and the one before the last pulse:
    lowest = up * (1 - down) / (up + down - up * down)
    highest = lowest / (1 - down)
    for start in (LOW_SIEMENS, HIGH_SIEMENS, 50e-6):
        *_, above, below = train(law, start, [1, -1] * 250)
        assert (above - LOW_SIEMENS) / SPAN == pytest.approx(highest, rel=1e-6)
        assert (below - LOW_SIEMENS) / SPAN == pytest.approx(lowest, rel=1e-6)
        assert below < 43.15e-6 < above
        # 1 / N = up down / (up + down), so the two are a step of N - 1 states apart.
        assert above - below == pytest.approx(SPAN / (STATES - 1), rel=1e-5)


def test_noisy_alternating_pulses_average_at_the_symmetry_point() -> None:
    cells, pairs = 4000, 200
    parameters = MEAN_CELL.sample((cells,), STREAM).double()
    index, noise = torch.arange(cells), STREAM.child("alternating")
    g = torch.full((cells,), HIGH_SIEMENS, dtype=torch.float64)
    for k in range(pairs):
        above = MEAN_CELL.pulse(g, 1, parameters, normal(noise, index, 2 * k))
        g = MEAN_CELL.pulse(above, -1, parameters, normal(noise, index, 2 * k + 1))
    # The steps are linear in G, so the means follow the noiseless cycle.
    up, down = 1 / (STATES * SKEW), 1 / (STATES * (1 - SKEW))
    highest = up / (up + down - up * down)
    for reached, share in ((above, highest), (g, highest * (1 - down))):
        expected = LOW_SIEMENS + SPAN * share
        assert abs(float(reached.mean()) - expected) < tolerances.of_mean(float(reached.std()), cells)
        assert abs(expected - 43.15e-6) < SPAN / STATES


# --- trains and bounds ------------------------------------------------------------------------------------------------


def test_noiseless_trains_follow_the_geometric_law() -> None:
    law = dataclasses.replace(MEAN_CELL, noise_to_signal=0.0)
    # At exponent 1 every pulse leaves 1 - s / span of the distance to the bound; s = span / (N k) up, span / (N (1 - k)) down.
    up, down = 1 - 1 / (STATES * SKEW), 1 - 1 / (STATES * (1 - SKEW))
    rise = train(law, LOW_SIEMENS, [1] * 60)
    fall = train(law, HIGH_SIEMENS, [-1] * 60)
    for k in (1, 7, 60):
        assert rise[k - 1] == pytest.approx(HIGH_SIEMENS - SPAN * up**k, rel=1e-6)
        assert fall[k - 1] == pytest.approx(LOW_SIEMENS + SPAN * down**k, rel=1e-6)


def test_400_noisy_pulses_reach_the_published_ends_of_the_window() -> None:
    cells = 200
    parameters, index = MEAN_CELL.sample((cells,), STREAM).double(), torch.arange(cells)
    g = torch.full((cells,), 43e-6, dtype=torch.float64)
    for direction, end in ((1, HIGH_SIEMENS), (-1, LOW_SIEMENS)):
        for k in range(400):
            g = MEAN_CELL.pulse(g, direction, parameters, normal(STREAM.child("train", direction), index, k))
        assert float((g - end).abs().max()) < 0.01 * SPAN


@given(
    st.floats(0, 1),
    st.sampled_from([1, -1]),
    st.floats(-12, 12),
    st.sampled_from(["multiplicative", "additive"]),
    st.sampled_from([*EXPONENTS, (0.0, 0.0)]),
)
@tolerances.PROPERTY
def test_a_pulse_never_crosses_a_bound(
    share: float, direction: int, xi: float, noise: str, exponents: tuple[float, float]
) -> None:
    law = dataclasses.replace(MEAN_CELL, exponent_up=exponents[0], exponent_down=exponents[1], noise=noise)
    parameters = one_cell(law)
    low, high = parameters[LOW].item(), parameters[HIGH].item()
    (after,) = train(law, min(low + share * (high - low), high), [direction], xi)
    assert low <= after <= high


@given(st.floats(1e-9, 30e-6), st.floats(-12, 12), st.booleans(), st.sampled_from(["multiplicative", "additive"]))
@tolerances.PROPERTY
def test_a_cell_beyond_a_bound_is_never_pushed_further(distance: float, xi: float, above: bool, noise: str) -> None:
    law = dataclasses.replace(MEAN_CELL, noise=noise)
    start = HIGH_SIEMENS + distance if above else max(LOW_SIEMENS - distance, 1e-9)
    for direction in (1, -1):
        (after,) = train(law, start, [direction], xi)
        assert after <= start if above else after >= start


@pytest.mark.parametrize(("start", "outward"), [(105e-6, 1), (4e-6, -1)])
def test_a_cell_beyond_a_bound_stays_until_a_pulse_brings_it_back(start: float, outward: int) -> None:
    for xi in (-3.0, 0.0, 3.0):
        assert train(MEAN_CELL, start, [outward] * 5, xi) == [start] * 5
    back = train(MEAN_CELL, start, [-outward] * 100)
    assert LOW_SIEMENS < back[-1] < HIGH_SIEMENS


def test_at_its_bound_multiplicative_noise_sleeps_and_additive_noise_does_not() -> None:
    additive = dataclasses.replace(MEAN_CELL, noise="additive")
    high = one_cell()[HIGH].item()
    assert not moved(MEAN_CELL, high, 1, 1000).any()
    shifts = moved(additive, high, 1, 10_000)
    # Half of the draws point outwards and are held at the bound.
    assert float(shifts.max()) == 0.0
    assert abs(float((shifts < 0).double().mean()) - 0.5) < tolerances.of_share(0.5, 10_000)


# --- interface --------------------------------------------------------------------------------------------------------


def test_directions_are_taken_cell_by_cell() -> None:
    parameters, g = MEAN_CELL.sample((4,), STREAM).double(), torch.full((4,), 50e-6, dtype=torch.float64)
    after = MEAN_CELL.pulse(g, torch.tensor([1, -1, 1, -1]), parameters, torch.zeros(4))
    assert ((after > g) == torch.tensor([True, False, True, False])).all()


@pytest.mark.parametrize("noise", ["multiplicative", "additive"])
@pytest.mark.parametrize("exponents", EXPONENTS, ids=str)
def test_kernel_coefficients_say_everything_that_the_pulse_needs(noise: str, exponents: tuple[float, float]) -> None:
    law = dataclasses.replace(MEAN_CELL, exponent_up=exponents[0], exponent_down=exponents[1], noise=noise, **SPREADS)
    code, multiplicative, up, down = law.kernel_coefficients()
    parameters, xi = law.sample((100,), STREAM), normal_like(STREAM.child("xi"), (100,))
    g = torch.linspace(5e-6, 100e-6, 100, dtype=torch.float64)
    for direction in (1, -1):
        assert torch.equal(
            pulse(g, direction, parameters, xi, bool(multiplicative), (up, down)), law.pulse(g, direction, parameters, xi)
        )
    assert code == 0


def test_rows_of_the_parameters() -> None:
    row = one_cell()[:, 0]
    assert row[LOW].item() == pytest.approx(LOW_SIEMENS)
    assert row[HIGH].item() == pytest.approx(HIGH_SIEMENS)
    assert row[NOISE].item() == pytest.approx(RATIO)
    # Additive noise is in siemens: the ratio times the step.
    assert one_cell(dataclasses.replace(MEAN_CELL, noise="additive"))[NOISE].item() == pytest.approx(RATIO * SPAN / STATES)


def test_an_unknown_kind_of_noise_is_refused() -> None:
    with pytest.raises((ValueError, LookupError)):
        dataclasses.replace(MEAN_CELL, noise="multiplicativ").sample((1,), STREAM)


@pytest.mark.parametrize(
    "wrong",
    [{"g_high_siemens": 5e-6}, {"states": 0.0}, {"states": -22.0}, {"symmetry_skew": 1.5}, {"noise_to_signal": -0.9}],
    ids=str,
)
def test_impossible_coefficients_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"out of range|must"):
        dataclasses.replace(MEAN_CELL, **wrong).sample((1,), STREAM)


@pytest.mark.parametrize("name", ["exponent_up", "exponent_down"])
def test_a_negative_exponent_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        dataclasses.replace(MEAN_CELL, **{name: -1.0})
