"""Program-verify with identical pulses: the flow chart, the wider bounds, the statistics that follow from the open loop."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

import tolerances
from contracts.programming_law import ProgrammingLawContract
from ohmnia._errors import InvalidValueError
from ohmnia.device import Device, ProgramResult
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.device.update.relative_step import NOISE
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.random import Stream, table_normal

LOOP = IdenticalPulses(5e-6, 100e-6, 1.0, 2000.0, 0.002)
TABLE = IdenticalPulses((5e-6, 10e-6, 10e-6), (95e-6, 95e-6, 110e-6), 1.0, 2000.0, 0.002, (30e-6, 60e-6, 90e-6))
OPEN = SoftBounds(10e-6, 95e-6, 22.0, 0.61, 0.9)
STREAM = Stream.root(31)


def write(
    target: Tensor, acceptance: float, loop: IdenticalPulses = LOOP, open_loop: SoftBounds = OPEN, start: float | None = None
) -> ProgramResult:
    parameters = open_loop.sample(tuple(target.shape), STREAM.child("cells"))
    g = open_loop.symmetry_points(parameters) if start is None else torch.full_like(target, start)
    return loop.program(g, target, parameters, acceptance, open_loop, STREAM.child("write"))


def levels(*siemens: float, cells: int) -> Tensor:
    return torch.tensor(siemens, dtype=torch.float64).repeat_interleave(cells)


class TestContract(ProgrammingLawContract):
    @pytest.fixture(params=["published", "coarse"])
    def law(self, request: pytest.FixtureRequest, device: Device) -> IdenticalPulses:
        assert isinstance(device.programming, IdenticalPulses)
        return device.programming if request.param == "published" else IdenticalPulses(1e-6, 200e-6, 0.7, 5000, 0.02)


# --- one pulse at a time ----------------------------------------------------------------------------------------------


def test_the_flow_chart_by_hand() -> None:
    """A loop over one cell after another, with the open-loop law between the wider bounds."""
    target = torch.linspace(12e-6, 85e-6, 20, dtype=torch.float64)
    result = write(target, 0.02)
    # N and the skew are kept, the span is 95 uS: s_up = 95 / 22 / .61, s_down = 95 / 22 / .39.
    wide = torch.tensor([95e-6 / 22 / 0.61, 95e-6 / 22 / 0.39, 5e-6, 100e-6, 0.9], dtype=torch.float64)
    for cell in range(20):
        g, goal, pulses = torch.tensor(43.15e-6, dtype=torch.float64), float(target[cell]), 0
        while abs(float(g) - goal) > 0.02 * goal:
            g = OPEN.pulse(g, 1 if float(g) < goal else -1, wide, table_normal(STREAM.child("write"), cell, pulses))
            pulses += 1
        assert result.pulses[cell] == pulses
        # Parameters are single precision, and their rounding is carried through a few dozen pulses.
        assert float(result.conductance[cell]) == pytest.approx(float(g), rel=1e-4)


def test_the_first_pulse_points_at_the_target() -> None:
    noiseless = dataclasses.replace(OPEN, noise_to_signal=0.0)
    target = levels(20e-6, 80e-6, cells=1)
    result = write(target, 1e-6, loop=dataclasses.replace(LOOP, max_pulses=1.0), open_loop=noiseless)
    assert result.conductance[0] < 43.15e-6 < result.conductance[1]


def test_closed_loop_pulses_keep_states_and_skew_and_reach_further() -> None:
    parameters = dataclasses.replace(OPEN, states_spread=0.175).sample((50,), STREAM)
    wide = LOOP.parameters(parameters, levels(50e-6, cells=50), OPEN)
    zero, g_open, g_closed = torch.zeros(50), OPEN.symmetry_points(parameters), OPEN.symmetry_points(wide)
    # Both symmetry points lie at the same skew of their own span.
    assert torch.allclose((95e-6 - g_open) / 85e-6, (100e-6 - g_closed) / 95e-6, rtol=1e-5)
    step_open = OPEN.pulse(g_open, 1, parameters.double(), zero) - g_open
    step_closed = OPEN.pulse(g_closed, 1, wide, zero) - g_closed
    assert torch.allclose(85e-6 / step_open, 95e-6 / step_closed, rtol=1e-5)
    g = torch.full((50,), 50e-6, dtype=torch.float64)
    for _ in range(400):
        g = OPEN.pulse(g, -1, wide, zero)
    assert torch.allclose(g, torch.tensor(5e-6, dtype=torch.float64), rtol=1e-6)


def test_the_step_factor_scales_every_step() -> None:
    parameters = OPEN.sample((3,), STREAM)
    g, zero = levels(50e-6, cells=3), torch.zeros(3)
    half = dataclasses.replace(LOOP, step_factor=0.5).parameters(parameters, g, OPEN)
    for direction in (1, -1):
        whole_step = OPEN.pulse(g, direction, LOOP.parameters(parameters, g, OPEN), zero) - g
        assert torch.allclose(2 * (OPEN.pulse(g, direction, half, zero) - g), whole_step, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("step_factor", [0.5, 1.0])
def test_the_noise_to_signal_ratio_is_kept_when_noise_is_additive(step_factor: float) -> None:
    additive = dataclasses.replace(OPEN, noise="additive")
    loop, goal = dataclasses.replace(LOOP, step_factor=step_factor), levels(50e-6, cells=1)
    wide = loop.parameters(additive.sample((1,), STREAM), goal, additive)
    g = additive.symmetry_points(wide)
    step = float((additive.pulse(g, 1, wide, torch.zeros(1)) - g)[0])
    assert float(wide[NOISE, 0]) / step == pytest.approx(0.9, rel=1e-5)


def test_a_target_picks_its_row_of_the_voltage_table() -> None:
    target = torch.tensor([9e-6, 30e-6, 30.1e-6, 60e-6, 60.1e-6, 90e-6, 95e-6], dtype=torch.float64)
    low, high = TABLE.bounds(target)
    assert low.tolist() == [5e-6, 5e-6, 10e-6, 10e-6, 10e-6, 10e-6, 10e-6]
    assert high.tolist() == [95e-6, 95e-6, 95e-6, 95e-6, 110e-6, 110e-6, 110e-6]


def test_a_cell_of_a_mixed_batch_is_written_as_with_the_bounds_of_its_row_alone() -> None:
    target = levels(15e-6, 45e-6, 75e-6, cells=20)
    mixed = write(target, 0.02, TABLE)
    for row, (low, high) in enumerate(((5e-6, 95e-6), (10e-6, 95e-6), (10e-6, 110e-6))):
        alone = write(target, 0.02, IdenticalPulses(low, high, 1.0, 2000.0, 0.002))
        mine = slice(20 * row, 20 * row + 20)
        assert torch.equal(mixed.conductance[mine], alone.conductance[mine])
        assert torch.equal(mixed.pulses[mine], alone.pulses[mine])


def test_one_bound_serves_every_row_and_another_number_of_them_is_refused() -> None:
    one = dataclasses.replace(TABLE, g_low_siemens=4e-6)
    assert one.bounds(torch.tensor([20e-6, 70e-6], dtype=torch.float64))[0].tolist() == [4e-6, 4e-6]
    with pytest.raises(InvalidValueError, match="number of values of g_high = 2 is out of range; valid: 1 or 3"):
        dataclasses.replace(TABLE, g_high_siemens=(95e-6, 110e-6))
    with pytest.raises(InvalidValueError, match="rising limits"):
        dataclasses.replace(TABLE, target_limit_siemens=(30e-6, 90e-6, 60e-6))


def test_a_target_beyond_the_bounds_of_its_row_is_refused() -> None:
    for outside in (4.9e-6, 110.1e-6):
        with pytest.raises(InvalidValueError, match="valid: 5 to 110 uS"):
            write(torch.tensor([50e-6, outside], dtype=torch.float64), 0.02, TABLE)


# --- statistics -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("acceptance", [0.002, 0.02])
def test_errors_fill_the_acceptance_range_evenly(acceptance: float) -> None:
    number = 6000
    target = levels(50e-6, cells=number)
    share = (write(target, acceptance).conductance - target) / (acceptance * target)
    # The deviation of a uniform number in (-1, 1) is 1 / sqrt(3).
    sigma = 1 / math.sqrt(3)
    assert float(share.abs().max()) <= 1.0
    assert abs(float(share.mean())) < tolerances.of_mean(sigma, number) + acceptance * 2
    assert abs(float(share.std()) - sigma) < tolerances.of_sigma(sigma, number, tolerances.UNIFORM_KURTOSIS) + acceptance
    counts = torch.histc(share, bins=20, min=-1.0, max=1.0)
    # The density tilts by about range * target / noise of a step, 1 uS / 4 uS at 2 %.
    if acceptance < 0.01:
        assert float(((counts - number / 20) ** 2 / (number / 20)).sum()) < tolerances.chi_square_limit(19)


def test_pulses_go_as_the_inverse_of_the_range() -> None:
    # Each pulse lands in the range with a chance in proportion to its width.
    target = levels(50e-6, cells=3000)
    wide, narrow = (write(target, acceptance).pulses.double() for acceptance in (0.004, 0.002))
    # Waiting times are geometric: their deviation is their mean.
    tolerance = tolerances.ERRORS * math.sqrt(2.0 / 3000)
    assert float(narrow.mean() / wide.mean()) == pytest.approx(2.0, rel=tolerance)


def test_waiting_times_have_no_memory() -> None:
    pulses = write(levels(50e-6, cells=6000), 0.002).pulses.double()
    # Geometric: the median is ln 2 of the mean, and a share 1/e lasts longer than the mean.
    assert float(pulses.median() / pulses.mean()) == pytest.approx(math.log(2.0), abs=tolerances.ERRORS / math.sqrt(6000))
    longer = float((pulses > pulses.mean()).double().mean())
    assert abs(longer - math.exp(-1.0)) < tolerances.of_share(math.exp(-1.0), 6000)


def test_from_either_end_of_the_window_the_error_is_the_same() -> None:
    target = levels(50e-6, cells=3000)
    for start in (6e-6, 99e-6):
        error = write(target, 0.02, start=start).conductance - target
        sigma = 0.02 * 50e-6 / math.sqrt(3)
        assert abs(float(error.std()) - sigma) < tolerances.of_sigma(sigma, 3000, tolerances.UNIFORM_KURTOSIS) + 0.02 * sigma


# --- limits and refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 3, 10])
def test_cells_that_run_out_of_pulses_are_reported(most: int) -> None:
    target = levels(20e-6, 50e-6, 80e-6, cells=200)
    result = write(target, 0.002, loop=dataclasses.replace(LOOP, max_pulses=most))
    assert int(result.pulses.max()) == most
    assert (result.pulses[result.failed] == most).all()
    assert result.failed.double().mean() > 0.8
    outside = (result.conductance - target).abs() > 0.002 * target
    assert torch.equal(outside, result.failed)
    # More pulses only go on from there.
    longer = write(target, 0.002, loop=dataclasses.replace(LOOP, max_pulses=most + 1))
    assert torch.equal(longer.conductance[~result.failed], result.conductance[~result.failed])
    assert (longer.pulses[result.failed] == most + 1).all()


def test_a_target_at_the_end_of_the_window_is_reached_inside_the_closed_loops_bounds() -> None:
    result = write(levels(9e-6, 88.2e-6, cells=300), 0.02)
    assert not result.failed.any()
    refused = levels(9e-6, cells=10)
    with pytest.raises(InvalidValueError, match="valid: 10 to 95 uS"):
        write(refused, 0.02, loop=dataclasses.replace(LOOP, g_low_siemens=10e-6, g_high_siemens=95e-6))


@pytest.mark.parametrize("outside", [4.9e-6, 100.1e-6])
def test_a_target_beyond_the_bounds_names_them_and_the_fix(outside: float) -> None:
    with pytest.raises(InvalidValueError) as caught:
        write(torch.tensor([50e-6, outside], dtype=torch.float64), 0.02)
    text = str(caught.value)
    assert f"{outside * 1e6:.4g}" in text
    assert "valid: 5 to 100 uS, the bounds of the closed loop. Scale the weights into the window." in text


def test_a_range_in_percent_is_met_with_the_fix() -> None:
    with pytest.raises(InvalidValueError, match="It is a fraction of the target: write 0.002 for 0.2 %."):
        write(levels(50e-6, cells=2), 2.0)


def test_a_broken_cell_is_not_a_success() -> None:
    parameters = OPEN.sample((2,), STREAM)
    start = torch.tensor([float("nan"), 50e-6], dtype=torch.float64)
    try:
        result = LOOP.program(start, levels(50e-6, cells=2), parameters, 0.02, OPEN, STREAM)
    except InvalidValueError:
        return
    assert result.failed.tolist() == [True, False]
