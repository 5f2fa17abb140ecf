"""Fits of update laws: known laws come back within their errors, fragments load, other cells are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import ohmnia
from helpers import SIGMAS
from ohmnia._errors import InvalidValueError
from ohmnia.analysis.calibrate import NUMBERS, Fit, calibrate_update, explained, read_trace
from ohmnia.analysis.switching import figures_of_merit
from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.lifecycle.characterise import PulseSequence
from ohmnia.random import Stream, normal
from ohmnia.technology import cell_model

SEQUENCE = PulseSequence(ramp=200, cycles=2, alternating=200)
PULSES = PulseSequence(ramp=400, cycles=1, alternating=500)
KNOWN = SoftBounds(10e-6, 95e-6, 22.0, 0.61, 0.3, 1.4, 0.8)


def simulated(law: SoftBounds, seed: int = 0) -> np.ndarray:
    """Trace of one mean cell."""
    parameters, stream = law.sample((1,), Stream.root(seed)).double(), Stream.root(seed).child("pulses")
    g, trace = law.symmetry_points(parameters), []
    for k, direction in enumerate(SEQUENCE.directions()):
        g = law.pulse(g, direction, parameters, normal(stream, torch.arange(1), k))
        trace.append(float(g))
    return np.array(trace)


def found(law: SoftBounds) -> dict[str, float]:
    return {
        "g_low": law.g_low_siemens,
        "g_high": law.g_high_siemens,
        "exponent_up": law.exponent_up,
        "exponent_down": law.exponent_down,
        "states": law.states,
        "symmetry_skew": law.symmetry_skew,
    }


@pytest.fixture(scope="module")
def fit() -> Fit:
    return calibrate_update(simulated(KNOWN), SEQUENCE.directions())


def test_a_known_law_comes_back_within_its_errors(fit: Fit) -> None:
    truth, own = found(KNOWN), found(fit.law)
    for name in NUMBERS:
        assert fit.errors[name] > 0
        assert abs(own[name] - truth[name]) < SIGMAS * fit.errors[name], name
        assert fit.errors[name] < 0.2 * truth[name], name
    # Standard deviation of a standard deviation, twice over since the noise is weighted by the step.
    assert fit.law.noise_to_signal == pytest.approx(KNOWN.noise_to_signal, abs=2 * SIGMAS * 0.3 / (2 * fit.pulses) ** 0.5)


def test_errors_are_those_of_repeated_traces() -> None:
    fits = [calibrate_update(simulated(KNOWN, seed), SEQUENCE.directions()) for seed in range(1, 13)]
    for name in ("states", "symmetry_skew"):
        pulls = [(found(each.law)[name] - found(KNOWN)[name]) / each.errors[name] for each in fits]
        # Chi-square with 12 degrees of freedom: outside 2.2 and 46 once in a thousand, twice over for errors of errors.
        assert 1.0 < sum(pull**2 for pull in pulls) < 46.0


def test_without_noise_the_law_is_exact() -> None:
    law = SoftBounds(10e-6, 95e-6, 22.0, 0.61, 0.0, 1.4, 0.8)
    exact = calibrate_update(simulated(law), SEQUENCE.directions())
    for name, value in found(exact.law).items():
        assert value == pytest.approx(found(law)[name], rel=1e-4), name
    assert min(exact.explained_up, exact.explained_down) > 0.999999


def test_the_fragment_is_a_law_of_a_technology(fit: Fit, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    fragment = fit.toml("falcone2025", 'a "trace"')
    file.write_text(f'id = "own"\nbased_on = "cmo-hfox"\n{fragment}', encoding="utf-8")
    technology = ohmnia.technology(file)
    quantity = technology.laws.update.quantities["states"]
    assert quantity.kind == "fitted"
    assert 'a "trace"; fit to 1000 pulses' in quantity.locator
    assert ohmnia.resolve(technology).update.states == pytest.approx(fit.law.states, rel=1e-5)


@pytest.fixture(scope="module")
def physical() -> np.ndarray:
    """The compact model pulsed as the array was, at 2.5 us (siemens)."""
    model = build(HoppingCell, cell_model(), "compact")
    volts = torch.tensor([1.35 if way > 0 else -1.3 for way in PULSES.directions()])
    return PhysicalCells(model, model.density_start_per_m3, (1,)).train(volts, 2.5e-6).numpy()


def test_the_physical_cell_has_its_own_figures(physical: np.ndarray) -> None:
    # Of an independent integrator (ngspice agrees to 1e-5): uS after 50 and 400 SET and 400 RESET pulses, and alternating.
    plateau, last, low, after_reset, after_set = 93.68, 104.80, 12.94, 57.43, 73.77
    merits = figures_of_merit(physical, PULSES)
    middle, step = (after_set + after_reset) / 2, after_set - after_reset
    assert float(merits.g_sp_siemens[0]) == pytest.approx(middle * 1e-6, rel=1e-3)
    assert float(merits.step_siemens[0]) == pytest.approx(step * 1e-6, rel=1e-3)
    # The window of the last 50 pulses of a ramp that creeps on lies inside that of its last pulse, and beyond the plateau.
    assert (plateau - low) / step < float(merits.states[0]) < (last - low) / step
    assert (plateau - middle) / (plateau - low) < float(merits.skew[0]) < (last - middle) / (last - low)


def test_steps_up_that_grow_are_no_soft_bound(physical: np.ndarray, fit: Fit) -> None:
    # Heat grows with the current, so that the second pulse moves a cold cell further than the first.
    cell = PhysicalCells(build(HoppingCell, cell_model(), "compact"), 7e24, (1,))
    start = cell.conductance().item()
    one, two = cell.train(torch.tensor([1.35, 1.35]), 2.5e-6)[:, 0].tolist()
    # Of the independent integrator: 26.51, 37.77 and 57.93 uS.
    assert (two - one) / (one - start) == pytest.approx((57.93 - 37.77) / (37.77 - 26.51), rel=0.01)
    own = calibrate_update(physical[:, 0], PULSES.directions())
    assert own.attainable_up < own.attainable_down
    for each in (own, fit):
        # A soft bound is one of the steps that shrink towards their bounds, so it cannot do better than the best of them.
        assert each.explained_up <= each.attainable_up
        assert each.explained_down <= each.attainable_down


def test_what_is_attainable_is_found_by_averaging_what_grows() -> None:
    # 20 intervals of three pulses each, steps falling along a line but for two neighbours that are exchanged.
    g, steps = np.repeat(np.arange(20.0), 3), np.repeat(np.linspace(1.0, 0.05, 20), 3)
    steps[12:15], steps[15:18] = steps[15:18].copy(), steps[12:15].copy()
    share, most = explained(g, steps, np.zeros(60))
    # The best that falls gives both their mean: an error of half of .05 in two of 20 intervals of the variance (20**2 - 1) / 12.
    assert share == 1.0
    assert most == pytest.approx(1 - 2 * 0.025**2 / (20 * 0.05**2 * (20**2 - 1) / 12))


def test_what_cannot_be_fitted_is_refused() -> None:
    trace, ways = simulated(KNOWN), SEQUENCE.directions()
    with pytest.raises(InvalidValueError, match="need 1000 directions"):
        calibrate_update(trace, ways[:-1])
    with pytest.raises(InvalidValueError, match="NaN"):
        calibrate_update(np.where(np.arange(1000) == 5, np.nan, trace), ways)
    with pytest.raises(InvalidValueError, match="at least 10 steps"):
        calibrate_update(trace[:100], ways[:100])
    with pytest.raises(InvalidValueError, match="Pulse 3 has the direction 2"):
        calibrate_update(trace, [*ways[:2], 2, *ways[3:]])
    with pytest.raises(InvalidValueError, match="Pulse 1 leaves .* above 0"):
        calibrate_update(trace - trace[0], ways)
    with pytest.raises(InvalidValueError, match="does not switch"):
        calibrate_update(trace, [-way for way in ways])


def test_a_csv_is_read_and_its_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    file.write_text("direction,conductance_uS\n+1,20.5\n-1,19\n", encoding="utf-8")
    trace, ways = read_trace(file)
    assert ways == [1, -1]
    assert trace == pytest.approx([20.5e-6, 19e-6])
    file.write_text("direction,conductance_uS\n+1,20.5\nup,19\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="line 3"):
        read_trace(file)
    file.write_bytes(b"direction,conductance_uS\n1,20\xb5\n")
    with pytest.raises(InvalidValueError, match="line 2"):
        read_trace(file)
    file.write_text("direction,conductance_uS\n+1,20.5e-6\n-1,19e-6\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="in siemens"):
        read_trace(file)
    file.write_text("way,g\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="header"):
        read_trace(file)
    with pytest.raises(InvalidValueError, match="no file"):
        read_trace(tmp_path / "none.csv")
