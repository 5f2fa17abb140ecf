"""The tabulated law: a line is a soft bound, curves meet at the symmetry point, and tables that are none are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ohmnia
import tolerances
from contracts.update_law import MeanNumberOfStates, UpdateLawContract
from helpers import make_tile
from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array.pulses import PulseScheme
from ohmnia.device import Device
from ohmnia.device.update.relative_step import HIGH, LOW, NOISE, STEP_DOWN, STEP_UP
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.device.update.tabulated import Tabulated
from ohmnia.random import Stream, normal, normal_like

LOW_SIEMENS, HIGH_SIEMENS = 10e-6, 95e-6
SPAN, STREAM = HIGH_SIEMENS - LOW_SIEMENS, Stream.root(23)
# A step up that first grows, as heat does with the current, and then shrinks.
GROWING = Tabulated(LOW_SIEMENS, HIGH_SIEMENS, (3e-6, 6e-6, 5e-6, 1e-6, 0.0), (0.0, 0.5e-6, 2e-6, 6e-6, 7e-6), 0.5)
SPREADS = {"step_up_spread": 0.1, "step_down_spread": 0.1, "g_low_spread": 0.5e-6, "g_high_spread": 3e-6}
PLAIN = SoftBounds(LOW_SIEMENS, HIGH_SIEMENS, 22.0, 0.61, 0.0)
# Full steps of PLAIN at its far bounds.
FULL_UP, FULL_DOWN = SPAN / 22 / 0.61, SPAN / 22 / 0.39
LINE = Tabulated(LOW_SIEMENS, HIGH_SIEMENS, (FULL_UP, 0.0), (0.0, FULL_DOWN), 0.0)


def one_cell(law: Tabulated) -> Tensor:
    return law.sample((1,), STREAM).double()


def quiet(law: Tabulated, g: Tensor, direction: int) -> Tensor:
    """Mean steps of a mean cell, signed."""
    return law.pulse(g, direction, one_cell(law).expand(5, len(g)), torch.zeros_like(g)) - g


class TestContract(MeanNumberOfStates, UpdateLawContract):
    @pytest.fixture(params=["one curve", "spread", "additive", "line"])
    def law(self, request: pytest.FixtureRequest) -> Tabulated:
        noisy = dataclasses.replace(GROWING, noise_to_signal_spread=0.1, **SPREADS)
        kinds = {"one curve": GROWING, "spread": noisy, "additive": dataclasses.replace(noisy, noise="additive"), "line": LINE}
        return kinds[request.param]


# --- closed forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [2, 3, 18])
def test_a_line_is_the_plain_soft_bound_pulse_after_pulse(points: int) -> None:
    line = np.linspace(0.0, 1.0, points)
    law = dataclasses.replace(
        LINE, step_up_siemens=tuple(FULL_UP * line[::-1]), step_down_siemens=tuple(FULL_DOWN * line), noise_to_signal=0.3
    )
    plain = dataclasses.replace(PLAIN, noise_to_signal=0.3)
    g = own = torch.linspace(LOW_SIEMENS, HIGH_SIEMENS, 40, dtype=torch.float64)
    for k, direction in enumerate([1] * 20 + [-1] * 20 + [1, -1] * 10):
        xi = normal(STREAM, torch.arange(40), k)
        g = plain.pulse(g, direction, plain.sample((40,), STREAM).double(), xi)
        own = law.pulse(own, direction, law.sample((40,), STREAM).double(), xi)
    # Full steps and tables are single precision: 2**-24 each, over 60 pulses.
    assert torch.allclose(own, g, rtol=60 * 2**-23, atol=0.0)
    assert law.symmetry_point_siemens == pytest.approx(plain.symmetry_point_siemens, rel=1e-6)
    assert law.step_siemens == pytest.approx(plain.step_siemens, rel=1e-6)


def test_the_mean_step_is_the_table_and_straight_between_its_points() -> None:
    place = torch.linspace(0, 1, 33, dtype=torch.float64)[1:-1]
    g, points = LOW_SIEMENS + place * SPAN, np.linspace(0, 1, 5)
    for direction, table in ((1, GROWING.step_up_siemens), (-1, GROWING.step_down_siemens)):
        expected = direction * np.interp(place.numpy(), points, table)
        assert quiet(GROWING, g, direction).numpy() == pytest.approx(expected, rel=1e-5, abs=1e-13)


def test_curves_meet_at_the_symmetry_point() -> None:
    # Between 1/2 and 3/4 the curves are 5 - 4 t and 2 + 4 t, in uS: they meet at t = 3/8, at 3.5 uS.
    assert GROWING.symmetry_point_siemens == pytest.approx(LOW_SIEMENS + (0.5 + 0.25 * 3 / 8) * SPAN, rel=1e-6)
    assert GROWING.step_siemens == pytest.approx(3.5e-6, rel=1e-6)


def test_pulses_of_one_direction_only_rise_or_fall_to_the_bound() -> None:
    for direction, end in ((1, HIGH_SIEMENS), (-1, LOW_SIEMENS)):
        g = torch.linspace(LOW_SIEMENS, HIGH_SIEMENS, 9, dtype=torch.float64)
        for _ in range(1000):
            after = g + quiet(GROWING, g, direction)
            assert (direction * (after - g) >= 0).all()
            assert (after >= LOW_SIEMENS - 1e-11).all()
            assert (after <= HIGH_SIEMENS + 1e-11).all()
            g = after
        assert float((g - end).abs().max()) < 1e-9


def test_alternating_pulses_end_around_the_symmetry_point() -> None:
    g = torch.tensor([15e-6, 90e-6], dtype=torch.float64)
    for _ in range(200):
        low = g + quiet(GROWING, g, -1)
        g = low + quiet(GROWING, low, 1)
    assert float((g[0] - g[1]).abs()) < 1e-9
    assert (low < GROWING.symmetry_point_siemens).all()
    assert (g > GROWING.symmetry_point_siemens).all()


def test_a_cell_beyond_a_bound_makes_the_step_of_the_bound() -> None:
    g = torch.tensor([LOW_SIEMENS - 4e-6, HIGH_SIEMENS + 4e-6], dtype=torch.float64)
    up, down = quiet(GROWING, g, 1), quiet(GROWING, g, -1)
    assert up.tolist() == pytest.approx([3e-6, 0.0], rel=1e-6)
    assert down.tolist() == pytest.approx([0.0, -7e-6], rel=1e-6)


@pytest.mark.parametrize("noise", ["multiplicative", "additive"])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_noisy_pulse_never_crosses_a_bound(noise: str, direction: int) -> None:
    # Steps that do not shrink towards their bound, where a pulse would go beyond it.
    law = dataclasses.replace(
        GROWING, step_up_siemens=(6e-6,) * 4 + (5e-6,), step_down_siemens=(5e-6,) + (7e-6,) * 4, noise=noise
    )
    cells, g = one_cell(law).expand(5, 41), torch.linspace(LOW_SIEMENS, HIGH_SIEMENS, 41, dtype=torch.float64)
    g = g.clamp(cells[LOW], cells[HIGH])
    for xi in (-40.0, 0.0, 40.0):
        after = law.pulse(g, direction, cells, torch.full_like(g, xi))
        assert (after >= cells[LOW]).all()
        assert (after <= cells[HIGH]).all()


@pytest.mark.parametrize("noise", ["multiplicative", "additive"])
def test_noise_at_the_symmetry_point_and_elsewhere(noise: str) -> None:
    law = dataclasses.replace(GROWING, noise=noise, noise_to_signal=0.2)
    for start, mean in ((law.symmetry_point_siemens, 3.5e-6), (LOW_SIEMENS + SPAN / 4, 6e-6)):
        g, xi = torch.full((100_000,), start, dtype=torch.float64), normal_like(STREAM.child("xi"), (100_000,))
        steps = law.pulse(g, 1, one_cell(law).expand(5, len(g)), xi) - g
        sigma = 0.2 * (mean if noise == "multiplicative" else 3.5e-6)
        assert abs(float(steps.mean()) - mean) < tolerances.of_mean(sigma, len(g)) + 1e-6 * mean
        assert abs(float(steps.std()) - sigma) < tolerances.of_sigma(sigma, len(g)) + 1e-6 * sigma


# --- cells ------------------------------------------------------------------------------------------------------------


def test_cells_spread_as_they_should() -> None:
    cells = dataclasses.replace(GROWING, **SPREADS).sample((20_000,), STREAM).double()
    for row, full in ((STEP_UP, 6e-6), (STEP_DOWN, 7e-6)):
        logs = torch.log(cells[row] / full)
        assert abs(float(logs.std()) - 0.1) < tolerances.of_sigma(0.1, 20_000)
    for row, mean, sigma in ((LOW, LOW_SIEMENS, 0.5e-6), (HIGH, HIGH_SIEMENS, 3e-6)):
        assert abs(float(cells[row].mean()) - mean) < tolerances.of_mean(sigma, 20_000)
        assert abs(float(cells[row].std()) - sigma) < tolerances.of_sigma(sigma, 20_000)
    assert float(torch.corrcoef(cells[[STEP_UP, STEP_DOWN]])[0, 1]) < 0.05


def test_bounds_never_meet() -> None:
    cells = dataclasses.replace(GROWING, g_low_spread=40e-6, g_high_spread=40e-6).sample((5000,), STREAM)
    assert (cells[LOW] > 0).all()
    assert (cells[LOW] < cells[HIGH]).all()


@pytest.mark.parametrize("noise", ["multiplicative", "additive"])
def test_half_a_pulse_steps_by_its_ratio_or_is_refused(noise: str) -> None:
    law = dataclasses.replace(GROWING, noise=noise, half_voltage_ratio=0.005)
    cells = one_cell(law)
    weak = law.weakened(cells, torch.tensor([0.5], dtype=torch.float64))
    for row in (STEP_UP, STEP_DOWN) if noise == "multiplicative" else (STEP_UP, STEP_DOWN, NOISE):
        assert float(weak[row] / cells[row]) == pytest.approx(0.005)
    with pytest.raises(StateError, match="half_voltage_ratio in a technology file"):
        GROWING.weakened(cells, torch.ones(1))


def test_the_kernels_get_the_curves_over_the_distance_ahead() -> None:
    (code, multiplicative, *_), (tables,) = GROWING.kernel_coefficients(), GROWING.kernel_tables()
    assert (code, multiplicative) == (1, 1)
    assert (6e-6 * tables[0][::-1]).tolist() == pytest.approx(GROWING.step_up_siemens, rel=1e-6)
    assert (7e-6 * tables[1]).tolist() == pytest.approx(GROWING.step_down_siemens, rel=1e-6)


# --- files and tiles --------------------------------------------------------------------------------------------------

FILE = """
id = "own"
based_on = "cmo-hfox"
[laws.update]
law = "tabulated"
[laws.update.quantities]
g_low = {{ value = 10, unit = "uS", {note} }}
g_high = {{ value = 95, unit = "uS", {note} }}
step_down = {{ value = [0, 0.5, 2, 6, 7], unit = "uS", {note} }}
noise_to_signal = {{ value = 0.5, unit = "1", {note} }}
[laws.update.quantities.step_up]
value = {up}
unit = "{unit}"
source = "falcone2025"
locator = "none"
kind = "fitted"
[laws.update.quantities.step_up.spread]
value = 0.1
distribution = "log-normal"
source = "falcone2025"
locator = "none"
kind = "fitted"
"""
NOTE = 'source = "falcone2025", locator = "none", kind = "fitted"'


def resolved(folder: Path, up: str = "[3, 6, 5, 1, 0]", unit: str = "uS") -> Device:
    file = folder / "own.toml"
    file.write_text(FILE.format(note=NOTE, up=up, unit=unit), encoding="utf-8")
    return ohmnia.resolve(ohmnia.technology(file))


def test_a_file_gives_the_law(tmp_path: Path) -> None:
    law = resolved(tmp_path).update
    assert isinstance(law, Tabulated)
    assert law.step_up_siemens == pytest.approx(GROWING.step_up_siemens)
    assert law.step_up_spread == 0.1
    assert law.symmetry_point_siemens == pytest.approx(GROWING.symmetry_point_siemens)


@pytest.mark.parametrize(
    ("up", "unit", "words"),
    [
        ("[3, -6, 5, 1, 0]", "uS", r"laws.update: step_up\[1\]"),
        ("3", "uS", "laws.update: step_up has 1 value"),
        ("[3, 6, 5, 1, 0]", "1", "convertible to 'S'"),
    ],
)
def test_a_wrong_file_names_the_place(tmp_path: Path, up: str, unit: str, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        resolved(tmp_path, up, unit)


def test_a_tile_learns_with_the_curve(tmp_path: Path) -> None:
    device = dataclasses.replace(resolved(tmp_path), update=dataclasses.replace(GROWING, noise_to_signal=0.0))
    tile = make_tile(device, (1, 1))
    g, one = tile.conductance.double().flatten(), torch.ones(1, 1)
    for direction in [1] * 12 + [-1] * 9:
        # One slot in which both lines fire for certain.
        tile.update(one, -direction * one, 1e9 * tile.granularity, PulseScheme(length=1))
        g = g + quiet(GROWING, g, direction)
    assert tile.activity.pulses == 21
    # 21 pulses in single precision.
    assert float(tile.conductance) == pytest.approx(float(g), rel=21 * 2**-22)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"step_up_siemens": (3e-6, -6e-6, 0.0, 0.0, 0.0)}, r"step_up\[1\] = -6e-06 S.*0 or more.*positive in both directions"),
        ({"step_down_siemens": (0.0, 1e-6, 2e-6, float("nan"), 7e-6)}, r"step_down\[3\] = nan S.*0 or more.*interpolate"),
        ({"step_down_siemens": (0.0, 1e-6, 2e-6, 3e-6, float("inf"))}, r"step_down\[4\] = inf S"),
        ({"step_up_siemens": (3e-6,)}, r"step_up has 1 value.*two or more.*same number twice"),
        ({"step_up_siemens": ()}, r"step_up has 0 value"),
        ({"step_up_siemens": (3e-6, 0.0)}, r"step_up has 2 values and step_down 5.*same equally spaced"),
        ({"step_up_siemens": (0.0,) * 5}, r"step_up = only zeros.*above 0"),
        ({"step_up_siemens": (3e-6, 6e-6, 5e-6, 5e-6, 8e-6)}, r"no symmetry point.*step_down at g_high.*move the bounds"),
        ({"step_down_siemens": (4e-6, 0.0, 0.0, 0.0, 7e-6)}, r"no symmetry point"),
        ({"step_up_siemens": (1e-6, 0.0, 0.0, 0.0, 0.0), "step_down_siemens": (0.0, 0.0, 0.0, 0.0, 1e-6)}, r"above 0 where"),
        ({"g_high_siemens": 5e-6}, "g_low < g_high"),
        ({"noise_to_signal": -0.1}, "noise_to_signal"),
    ],
)
def test_tables_that_are_none_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        dataclasses.replace(GROWING, **wrong)
