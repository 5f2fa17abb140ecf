"""Sampled programming has the law of the loop that it replaces: error, pulses, and what comes after it."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import ks_2samp
from torch import Tensor

import tolerances
from helpers import IDEAL, make_tile, scatter
from ohmnia.array import Tile
from ohmnia.device import Device

ROWS, COLS = 100, 200
CELLS = ROWS * COLS
LEVELS = [10e-6, 25e-6, 50e-6, 75e-6, 87e-6]
RANGES = [0.002, 0.02]


def errors(tile: Tile, goal: float, acceptance: float, mode: str) -> Tensor:
    """Write every cell to one level; (G / target - 1) / acceptance of each."""
    weight = float((goal - tile.mapping.g_zero_siemens) * tile.mapping.gains[0])
    tile.program(torch.full((tile.rows, tile.cols), weight), acceptance, mode=mode)
    return ((tile.conductance.double() / goal - 1) / acceptance).flatten()


def written(device: Device, goal: float, acceptance: float, mode: str, seed: int, from_anywhere: bool) -> tuple[Tensor, float]:
    """Final errors of the cells of a tile, and mean pulses."""
    tile = make_tile(device, (ROWS, COLS), seed=seed)
    if from_anywhere:
        scatter(tile, seed)
    return errors(tile, goal, acceptance, mode), tile.activity.program_pulses / CELLS


@pytest.mark.parametrize("from_anywhere", [False, True])
@pytest.mark.parametrize("acceptance", RANGES)
@pytest.mark.parametrize("goal", LEVELS)
def test_one_law_with_the_loop(device: Device, goal: float, acceptance: float, from_anywhere: bool) -> None:
    (drawn, expected), (pulsed, pulses) = (
        written(device, goal, acceptance, mode, seed, from_anywhere) for seed, mode in enumerate(("sampled", "pulses"))
    )
    assert float(drawn.abs().max()) < 1 + 1e-3
    # The loop gives up on a cell in 10,000 at most, which a sampled one never does.
    there = pulsed.abs() < 1 + 1e-3
    assert float(there.double().mean()) > 1 - 5e-4
    pulsed = pulsed[there]
    both = math.sqrt(2.0)
    assert abs(float(drawn.mean() - pulsed.mean())) < both * tolerances.of_mean(float(pulsed.std()), CELLS)
    spread = both * tolerances.of_sigma(float(pulsed.std()), CELLS, tolerances.UNIFORM_KURTOSIS)
    assert abs(float(drawn.std() - pulsed.std())) < spread
    # Two samples of n are further apart than 2.47 sqrt(2 / n) once in 100,000 times.
    assert ks_2samp(drawn.numpy(), pulsed.numpy()).statistic < 2.47 * math.sqrt(2 / CELLS)
    # The number of pulses of a memoryless search spreads as much as its mean.
    assert abs(expected - pulses) < tolerances.of_mean(max(pulses, 1.0), CELLS)


def test_a_wide_range_is_not_filled_evenly(device: Device) -> None:
    # At the top of the window steps up are shorter than the range, and most cells stop at its lower edge.
    error, _ = written(device, 87e-6, 0.02, "sampled", 0, False)
    assert float((error < 0).double().mean()) > 0.6
    uniform, _ = written(device, 50e-6, 0.002, "sampled", 0, False)
    assert abs(float(uniform.std()) - 1 / math.sqrt(3)) < tolerances.of_sigma(1 / math.sqrt(3), CELLS, 1.8)


def test_cells_of_all_levels_and_of_pairs_end_in_their_range(device: Device) -> None:
    for kind in ("one-device", "differential"):
        tile = make_tile(device, (ROWS, COLS), kind=kind, periphery=IDEAL)
        weights = torch.linspace(-0.95, 0.95, CELLS).reshape(ROWS, COLS)
        tile.program(weights, 0.02, mode="sampled")
        target = tile.mapping.conductances(weights)
        assert ((tile.conductance - target).abs() <= 0.02 * target * (1 + 1e-3)).all()


def test_neighbouring_cells_are_drawn_apart(device: Device) -> None:
    error = written(device, 50e-6, 0.02, "sampled", 0, False)[0].reshape(ROWS, COLS)
    error = (error - error.mean()) / error.std()
    for near, far in ((error[:, 1:], error[:, :-1]), (error[1:], error[:-1])):
        assert abs(float((near * far).mean())) < tolerances.of_correlation(near.numel())
