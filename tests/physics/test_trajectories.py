"""Cells remember: simulated trajectories have the published marginals and the correlations of one Brownian motion."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import tolerances
from ohmnia._units import DAY, HOUR, YEAR
from ohmnia.array.mapping import mapping
from ohmnia.array.periphery import Periphery
from ohmnia.array.tile import Tile
from ohmnia.device import Device
from ohmnia.random import Stream, normal

AGES = (0.01, 0.1, 1.0, 60.0, HOUR, DAY, 10 * YEAR)
CELLS = 40_000
STREAM = Stream.root(77)
# The published fit in uS.
SIGMA_ONE, SLOPE, MEAN_SLOPE = 0.41183342, 0.04201137, -0.08900206


def published_sigma(age: float) -> float:
    """Siemens; below 1 s the assumed branch, with ln 201 for an onset of 5 ms."""
    if age < 1.0:
        return 1e-6 * SIGMA_ONE * math.sqrt(math.log1p(age / 5e-3) / math.log(201))
    return 1e-6 * (SIGMA_ONE + SLOPE * math.log(age))


@pytest.fixture(scope="module")
def trajectories(device: Device) -> Tensor:
    """Change of conductance (ages, cells) since the pulse."""
    change, age, trace = torch.zeros(CELLS, dtype=torch.float64), 0.0, []
    for step, later in enumerate(AGES):
        mean, sigma = device.retention.increments(torch.tensor([age], dtype=torch.float64), later - age)
        change = change + mean + sigma * normal(STREAM.at(step), torch.arange(CELLS))
        age = later
        trace.append(change)
    return torch.stack(trace)


@pytest.mark.parametrize("index", range(len(AGES)), ids=lambda k: f"{AGES[k]:g}s")
def test_marginals_of_the_trajectories(trajectories: Tensor, index: int) -> None:
    age, change = AGES[index], trajectories[index]
    sigma = published_sigma(age)
    assert abs(float(change.mean()) - 1e-6 * MEAN_SLOPE * math.log(max(age, 1.0))) < tolerances.of_mean(sigma, CELLS)
    assert abs(float(change.std()) - sigma) < tolerances.of_sigma(sigma, CELLS)


def test_correlation_of_two_times_is_the_ratio_of_their_deviations(trajectories: Tensor) -> None:
    matrix = torch.corrcoef(trajectories)
    for i, early in enumerate(AGES):
        for j in range(i + 1, len(AGES)):
            expected = published_sigma(early) / published_sigma(AGES[j])
            assert abs(float(matrix[i, j]) - expected) < tolerances.of_correlation(CELLS, expected)


def test_steps_of_a_trajectory_are_independent(trajectories: Tensor) -> None:
    steps = torch.cat([trajectories[:1], trajectories.diff(dim=0)])
    matrix = torch.corrcoef(steps) - torch.eye(len(AGES))
    assert float(matrix.abs().max()) < tolerances.of_correlation(CELLS)


def test_a_cell_keeps_its_rank(trajectories: Tensor) -> None:
    # For two normals of correlation r, P(both on one side of their means) = 1/2 + asin(r) / pi.
    hour, decade = trajectories[AGES.index(HOUR)], trajectories[-1]
    together = float(((hour > hour.mean()) == (decade > decade.mean())).double().mean())
    expected = 0.5 + math.asin(published_sigma(HOUR) / published_sigma(10 * YEAR)) / math.pi
    assert abs(together - expected) < tolerances.of_share(expected, CELLS)


# --- the same on an array ---------------------------------------------------------------------------------------------


def fresh_tile(device: Device, seed: int = 1) -> Tile:
    """200 x 200 cells at 50 uS, far from the floor at zero, pulsed just now."""
    tile = Tile((200, 200), device, mapping(device), Periphery(), Stream.root(seed), kernel="reference")
    tile.conductance.fill_(50e-6)
    return tile


def change_at(tile: Tile, ages: tuple[float, ...]) -> Tensor:
    trace = []
    for age in ages:
        tile.advance(age - tile.clock_seconds)
        trace.append((tile.conductance.double() - 50e-6).flatten())
    return torch.stack(trace)


def test_an_array_ages_along_the_same_trajectories(device: Device) -> None:
    ages = (0.1, 1.0, HOUR, 10 * YEAR)
    trace = change_at(fresh_tile(device), ages)
    matrix = torch.corrcoef(trace)
    for i, early in enumerate(ages):
        sigma = published_sigma(early)
        # Single precision of the conductance, 50 uS * 2**-24, is far below.
        assert abs(float(trace[i].std()) - sigma) < tolerances.of_sigma(sigma, CELLS)
        assert abs(float(trace[i].mean()) - 1e-6 * MEAN_SLOPE * math.log(max(early, 1.0))) < tolerances.of_mean(sigma, CELLS)
        for j in range(i + 1, len(ages)):
            expected = sigma / published_sigma(ages[j])
            assert abs(float(matrix[i, j]) - expected) < tolerances.of_correlation(CELLS, expected)


def test_many_short_waits_have_the_law_of_one_long_wait(device: Device) -> None:
    short = change_at(fresh_tile(device, 2), tuple(HOUR * (k + 1) / 50 for k in range(50)))[-1]
    long = change_at(fresh_tile(device, 3), (HOUR,))[-1]
    sigma = published_sigma(HOUR)
    for change in (short, long):
        assert abs(float(change.std()) - sigma) < tolerances.of_sigma(sigma, CELLS)
    assert abs(float(short.mean() - long.mean())) < tolerances.of_mean(sigma * math.sqrt(2), CELLS)
    # Two samples of one distribution: the Kolmogorov-Smirnov distance stays below 2.6 sqrt(2 / n), once in a million.
    grid = torch.linspace(-5 * sigma, 3 * sigma, 400, dtype=torch.float64)
    shares = [torch.searchsorted(change.sort().values, grid).double() / CELLS for change in (short, long)]
    assert float((shares[0] - shares[1]).abs().max()) < 2.7 * math.sqrt(2 / CELLS)


def test_a_rewritten_cell_starts_again_and_the_others_go_on(device: Device) -> None:
    tile = fresh_tile(device, 4)
    tile.advance(DAY)
    before = tile.conductance.clone()
    tile.epoch_index[:, :100] = tile.write_epoch()
    tile.advance(HOUR)
    moved = (tile.conductance - before).double()
    # Young cells: the marginal at one hour. Old cells: the little that is left between a day and a day and an hour.
    young, old = moved[:, :100].std(), moved[:, 100:].std()
    left = math.sqrt(published_sigma(DAY + HOUR) ** 2 - published_sigma(DAY) ** 2)
    assert abs(float(young) - published_sigma(HOUR)) < tolerances.of_sigma(published_sigma(HOUR), CELLS // 2)
    assert abs(float(old) - left) < tolerances.of_sigma(left, CELLS // 2)
