"""Tables from pulse trains: a known curve comes back within its errors, gaps are bridged, and a physical cell is followed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import ohmnia
from helpers import SIGMAS
from ohmnia._errors import InvalidValueError
from ohmnia.analysis.calibrate import calibrate_update
from ohmnia.analysis.step_table import POINTS, calibrate_table
from ohmnia.array.circuit import PhysicalCells
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.update.tabulated import Tabulated
from ohmnia.lifecycle.characterise import PulseSequence
from ohmnia.random import Stream, normal
from ohmnia.technology import cell_model

SEQUENCE = PulseSequence(ramp=100, cycles=2, alternating=200)
# Each ramp reaches both bounds, so that the extremes of a trace are the bounds.
KNOWN = Tabulated(10e-6, 90e-6, (2e-6, 6e-6, 5e-6, 3e-6, 1e-6), (1e-6, 2e-6, 3e-6, 7e-6, 6e-6), 0.3)


def simulated(law: Tabulated, seed: int = 0) -> np.ndarray:
    """Trace of one mean cell (siemens)."""
    parameters, stream = law.sample((1,), Stream.root(seed)).double(), Stream.root(seed).child("pulses")
    g, trace = law.symmetry_points(parameters), []
    for k, direction in enumerate(SEQUENCE.directions()):
        g = law.pulse(g, direction, parameters, normal(stream, torch.arange(1), k))
        trace.append(float(g))
    return np.array(trace)


def test_without_noise_the_curve_is_exact() -> None:
    law = dataclasses.replace(KNOWN, noise_to_signal=0.0, step_up_siemens=(2e-6, 6e-6, 4e-6, 1e-6, 0.0))
    law = dataclasses.replace(law, step_down_siemens=(0.0, 1e-6, 3e-6, 7e-6, 6e-6))
    trace = simulated(law)
    fit = calibrate_table(trace, SEQUENCE.directions())
    g = np.linspace(trace.min(), trace.max(), 50)[3:-3]
    for name in ("step_up_siemens", "step_down_siemens"):
        own, true = getattr(fit.law, name), getattr(law, name)
        found = np.interp(g, np.linspace(trace.min(), trace.max(), fit.points), own)
        # Between points, lines miss a kink by a quarter of its bend at most, half of that at best, and least squares on such
        # lines by four times the best (their projection has the norm 3). The bends are 6 and 5 uS a quarter of the window.
        assert found == pytest.approx(np.interp(g, np.linspace(10e-6, 90e-6, 5), true), abs=2 * 6e-6 / (fit.points - 1))
    assert min(fit.explained_up, fit.explained_down) > 0.99


def test_the_number_of_points_is_that_of_the_curve_where_there_is_noise() -> None:
    points = [calibrate_table(simulated(KNOWN, seed), SEQUENCE.directions()).points for seed in range(8)]
    # Three points cannot bend where the curve does, and 65 follow the noise.
    assert all(3 < n < POINTS[-1] for n in points)


def test_a_line_comes_back_within_its_errors() -> None:
    line, pulls, ways = Tabulated(10e-6, 90e-6, (5e-6, 0.0), (0.0, 5e-6), 0.2), [], np.array(SEQUENCE.directions())
    for seed in range(6):
        trace = simulated(line, seed)
        fit = calibrate_table(trace, SEQUENCE.directions())
        g = np.linspace(fit.law.g_low_siemens, fit.law.g_high_siemens, fit.points)
        up = fit.law.step_up_siemens, fit.errors_up_siemens, 90e-6 - g, 1
        down = fit.law.step_down_siemens, fit.errors_down_siemens, g - 10e-6, -1
        for own, errors, distance, way in (up, down):
            before = trace[:-1][ways[1:] == way]
            near = np.abs(before[:, None] - g) < (g[1] - g[0]) / 2
            # A point with few pulses has an error from few.
            sure = near.sum(0) >= 20
            pulls += list((np.array(own) - distance / 16)[sure] / np.array(errors)[sure])
        assert fit.law.noise_to_signal == pytest.approx(0.2, abs=2 * SIGMAS * 0.2 / (2 * fit.pulses) ** 0.5)
    assert len(pulls) >= 12
    assert max(map(abs, pulls)) < SIGMAS


def test_where_no_pulse_was_the_curve_goes_straight_on() -> None:
    # Steps up of 1 uS at 20 uS and 2 uS at 40 uS and nothing between; steps down bring the cell back.
    trace = np.array([20.0] + [21, 20, 40, 42, 40, 20] * 40) * 1e-6
    ways = [1] + [1, -1, 1, 1, -1, -1] * 40
    fit = calibrate_table(trace, ways)
    g = np.linspace(fit.law.g_low_siemens, fit.law.g_high_siemens, fit.points)
    found = np.interp([20e-6, 30e-6, 40e-6], g, fit.law.step_up_siemens)
    assert found[1] == pytest.approx((found[0] + found[2]) / 2, rel=0.3)


def test_the_fragment_is_a_law_of_a_technology(tmp_path: Path) -> None:
    fit = calibrate_table(simulated(KNOWN), SEQUENCE.directions())
    file = tmp_path / "own.toml"
    file.write_text(f'id = "own"\nbased_on = "cmo-hfox"\n{fit.toml("falcone2025", "cell 7")}', encoding="utf-8")
    technology = ohmnia.technology(file)
    quantity = technology.laws.update.quantities["step_up"]
    assert (quantity.kind, quantity.source) == ("fitted", "falcone2025")
    assert "cell 7; fit to 600 pulses, largest standard error" in quantity.locator
    law = ohmnia.resolve(technology).update
    for name in ("step_up_siemens", "step_down_siemens"):
        assert getattr(law, name) == pytest.approx(getattr(fit.law, name), rel=1e-5, abs=1e-15)


def test_a_physical_cell_that_is_no_soft_bound_is_followed() -> None:
    sequence, cell = PulseSequence(ramp=400, cycles=1, alternating=500), build(HoppingCell, cell_model(), "compact")
    volts = torch.tensor([1.35 if way > 0 else -1.3 for way in sequence.directions()])
    trace = PhysicalCells(cell, cell.density_start_per_m3, (1,)).train(volts, 0.5e-6).numpy()[:, 0]
    fit, soft = calibrate_table(trace, sequence.directions()), calibrate_update(trace, sequence.directions())
    # What no soft bound can explain, the table does.
    assert fit.explained_up > soft.attainable_up
    assert fit.explained_down > soft.attainable_down
    window, ends = trace.max() - trace.min(), {}
    for name, law in (("table", fit.law), ("soft", soft.law)):
        law = dataclasses.replace(law, noise_to_signal=0.0)
        g, own = torch.tensor(trace[:1]), law.sample((1,), Stream.root(0)).double()
        followed = [float(g)]
        for way in sequence.directions()[1:]:
            g = law.pulse(g, way, own, torch.zeros(1))
            followed.append(float(g))
        ends[name] = np.sqrt(np.mean((np.array(followed) - trace) ** 2)) / window
    assert ends["table"] < 0.25 * ends["soft"]


def test_what_the_soft_fit_refuses_is_refused() -> None:
    trace, ways = simulated(KNOWN), SEQUENCE.directions()
    with pytest.raises(InvalidValueError, match="NaN"):
        calibrate_table(np.where(np.arange(600) == 5, np.nan, trace), ways)
    with pytest.raises(InvalidValueError, match="need 600 directions"):
        calibrate_table(trace, ways[:-1])
    with pytest.raises(InvalidValueError, match="does not switch"):
        calibrate_table(trace, [-way for way in ways])
