"""Figures of merit from traces: exact on a made-up trace, unbiased definitions, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tolerances
from ohmnia._errors import InvalidValueError
from ohmnia.analysis.switching import figures_of_merit, ramp_ends, settled
from ohmnia.lifecycle.characterise import PulseSequence

SEQUENCE = PulseSequence(ramp=100, cycles=2, alternating=200)


def made_up(high: float, low: float, point: float, up: float, down: float) -> np.ndarray:
    """One cell that jumps to its bounds, then alternates between two values around `point`; steps differ by a drift."""
    ramps = np.concatenate([np.full(100, high), np.full(100, low)] * 2)
    steps = np.where(np.arange(200) % 2 == 0, up, -down)
    alternating = point + np.cumsum(steps)
    return np.concatenate([ramps, alternating])[:, None]


def test_a_trace_without_noise_gives_its_own_numbers() -> None:
    found = figures_of_merit(made_up(90e-6, 10e-6, 40e-6, 4e-6, 4e-6), SEQUENCE)
    # It alternates between 40 and 44 uS.
    assert found.g_sp_siemens[0] == pytest.approx(42e-6)
    assert (found.g_max_siemens[0], found.g_min_siemens[0]) == pytest.approx((90e-6, 10e-6))
    assert found.states[0] == pytest.approx(80 / 4)
    assert found.skew[0] == pytest.approx((90 - 42) / 80)
    assert found.noise_to_signal[0] == pytest.approx(0.0, abs=1e-9)


def test_set_and_reset_are_kept_apart() -> None:
    found = figures_of_merit(made_up(90e-6, 10e-6, 40e-6, 4.01e-6, 4e-6), SEQUENCE)
    assert (found.set_step_siemens[0], found.reset_step_siemens[0]) == pytest.approx((4.01e-6, 4e-6))
    assert found.step_siemens[0] == pytest.approx(4.005e-6)


def test_noise_that_turns_steps_around_does_not_inflate_the_mean_step() -> None:
    rng, cells, step = np.random.default_rng(0), 400, 2e-6
    signs = np.where(np.arange(200) % 2 == 0, 1.0, -1.0)
    # White noise on the conductance, as of a read: each step gets two of it, 2 sqrt(2) uS, more than the step itself.
    alternating = 40e-6 + step / 2 * signs[:, None] + rng.normal(0, 2e-6, (200, cells))
    ramps = np.broadcast_to(made_up(90e-6, 10e-6, 0, 0, 0)[:400], (400, cells))
    found = figures_of_merit(np.concatenate([ramps, alternating]), SEQUENCE)
    used = settled(SEQUENCE)
    number = (used.stop - used.start) * cells
    # The mean |step| of such a cell is more than 2.5 uS.
    assert abs(float(found.step_siemens.mean()) - step) < tolerances.of_mean(2 * math.sqrt(2) * 2e-6, number)
    spread = float(np.sqrt(np.mean((found.noise_to_signal * found.step_siemens) ** 2)))
    # Neighbouring steps share a draw, so that half of them count.
    assert abs(spread - math.sqrt(2) * 2e-6) < tolerances.of_sigma(math.sqrt(2) * 2e-6, number // 2)


def test_the_windows() -> None:
    assert ramp_ends(SEQUENCE, 1) == [slice(50, 100), slice(250, 300)]
    assert ramp_ends(SEQUENCE, -1) == [slice(150, 200), slice(350, 400)]
    assert settled(SEQUENCE) == slice(440, 600)
    published = PulseSequence()
    assert ramp_ends(published, 1) == [slice(350, 400), slice(1150, 1200)]
    assert settled(published) == slice(1700, 2100)


def test_what_is_no_switching_cell_is_refused() -> None:
    good = made_up(90e-6, 10e-6, 40e-6, 4e-6, 4e-6)
    with pytest.raises(InvalidValueError, match="600"):
        figures_of_merit(good[:-1], SEQUENCE)
    broken = good.copy()
    broken[3] = np.nan
    with pytest.raises(InvalidValueError, match="NaN"):
        figures_of_merit(broken, SEQUENCE)
    stuck = np.concatenate([good, np.full_like(good, 40e-6)], axis=1)
    with pytest.raises(InvalidValueError, match=r"cells \[1\] do not switch"):
        figures_of_merit(stuck, SEQUENCE)
