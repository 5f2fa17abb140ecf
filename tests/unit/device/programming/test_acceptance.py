"""The solved law of a closed loop: its shape, its limits in closed form, and refusals."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device import Device
from ohmnia.device.programming.acceptance import POINTS, STARTS, TARGETS, representative_cells, solve
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.random import Stream

LOOP = IdenticalPulses(5e-6, 100e-6, 1.0, 2000.0, 0.002)
OPEN = SoftBounds(10e-6, 95e-6, 22.0, 0.61, 0.9)
# Steps that depend on nothing.
EVEN = SoftBounds(10e-6, 95e-6, 11.0, 0.5, 0.9, exponent_up=0.0, exponent_down=0.0, noise="additive")
WINDOW = (9e-6, 88.2e-6)


def test_the_grid() -> None:
    law = LOOP.acceptance_law(0.02, OPEN, WINDOW)
    assert law.quantiles.shape == (TARGETS, 2 * STARTS, POINTS + 1)
    assert law.pulses.shape == (TARGETS, 2 * STARTS)
    assert law.first_siemens + (TARGETS - 1) * law.step_siemens == pytest.approx(WINDOW[1])
    assert (law.quantiles.diff(dim=-1) >= 0).all()
    assert (law.quantiles[..., 0] == -1).all()
    assert (law.quantiles[..., -1] == 1).all()


def test_a_law_is_solved_once() -> None:
    assert LOOP.acceptance_law(0.02, OPEN, WINDOW) is LOOP.acceptance_law(0.02, OPEN, WINDOW)
    assert LOOP.acceptance_law(0.03, OPEN, WINDOW) is not LOOP.acceptance_law(0.02, OPEN, WINDOW)


def test_a_narrow_range_is_filled_evenly_and_its_pulses_go_as_its_reciprocal() -> None:
    laws = [LOOP.acceptance_law(acceptance, OPEN, (45e-6, 55e-6)) for acceptance in (0.004, 0.002)]
    even = torch.linspace(-1, 1, POINTS + 1, dtype=torch.float64)
    # A density moves by a share of range over step, here .1 / 4, and so does a quantile.
    assert float((laws[1].quantiles - even).abs().max()) < 0.03
    assert float((laws[1].pulses / laws[0].pulses).mean()) == pytest.approx(2.0, abs=0.1)


def test_where_a_cell_starts_is_forgotten_at_a_narrow_range() -> None:
    law = LOOP.acceptance_law(0.002, OPEN, (45e-6, 55e-6))
    assert float((law.quantiles - law.quantiles[:, :1]).abs().max()) < 0.03


def test_even_steps_make_a_mirror_image_of_opposite_starts() -> None:
    # In the middle between bounds up and down are the same.
    loop = dataclasses.replace(LOOP, g_low_siemens=2.5e-6, g_high_siemens=102.5e-6)
    law = solve(loop, 0.05, EVEN, (52.5e-6, 52.6e-6))
    below, above = law.quantiles[0, :STARTS], law.quantiles[0, STARTS:]
    torch.testing.assert_close(below, -above.flip(-1), rtol=0, atol=1e-6)
    torch.testing.assert_close(law.pulses[0, :STARTS], law.pulses[0, STARTS:], rtol=1e-9, atol=0)


def test_the_representatives_have_the_moments_of_the_cells(device: Device) -> None:
    cells, all_ = representative_cells(device.update), device.update.sample((20000,), Stream.root(8))
    assert cells.shape == (5, 64)
    for own, every in zip(cells[:2].double().log(), all_[:2].double().log(), strict=True):
        # Medians of strata leave out what is spread inside a stratum.
        assert abs(float(own.mean() - every.mean())) < 0.02
        assert 0.9 < float(own.std() / every.std()) < 1.05


def test_steps_too_narrow_for_the_nodes_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"too narrow.*0\.9 to 1\.1.*mode = 'pulses'"):
        LOOP.acceptance_law(0.02, dataclasses.replace(OPEN, noise_to_signal=0.0), WINDOW)


def test_a_range_that_reaches_a_bound_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"reaches a bound.*mode = 'pulses'"):
        LOOP.acceptance_law(0.5, OPEN, WINDOW)


def test_a_loop_that_may_give_up_is_refused() -> None:
    few = dataclasses.replace(LOOP, max_pulses=100.0)
    with pytest.raises(InvalidValueError, match=r"pulses on average.*mode = 'pulses'"):
        few.acceptance_law(0.02, OPEN, WINDOW)


@pytest.mark.parametrize("acceptance", [0.0, -0.1, 0.51, math.nan])
def test_a_range_that_is_no_fraction_is_refused(acceptance: float) -> None:
    with pytest.raises(InvalidValueError, match="acceptance range"):
        LOOP.acceptance_law(acceptance, OPEN, WINDOW)
