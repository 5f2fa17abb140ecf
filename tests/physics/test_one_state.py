"""One array through learn -> wait ten years -> learn, cell by cell: nothing is copied, nothing starts anew."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import ohmnia
from helpers import NO_RELAXATION, QUICK, SIGMAS, YEARS_10, make_tile, near_ideal, values
from ohmnia.array import Periphery, PulseScheme, Tile
from ohmnia.device import Device
from ohmnia.nn import analog_layers, convert
from ohmnia.technology import Technology
from ohmnia.training import AGAD, AnalogOptimizer

SCHEME = PulseScheme(length=31)


def mean_after(seconds: float) -> float:
    """Published mean of the relaxation after one second and more, siemens."""
    return -0.08900206e-6 * math.log(seconds)


def sigma_after(seconds: float) -> float:
    """Its standard deviation."""
    return (0.41183342 + 0.04201137 * math.log(seconds)) * 1e-6


def learn(tile: Tile, seed: int, rows: slice = slice(None)) -> torch.Tensor:
    """Pulses on some rows; returns which cells moved."""
    before = tile.conductance.clone()
    x, d = values(seed, 4, tile.cols), torch.zeros(4, tile.rows)
    d[:, rows] = values(seed + 1, 4, tile.rows)[:, rows]
    tile.update(x, d, tile.granularity, SCHEME)
    return tile.conductance != before


# --- one tile ---------------------------------------------------------------------------------------------------------


def test_learn_wait_learn_on_the_same_cells(device: Device) -> None:
    tile = make_tile(device, (60, 60))
    learn(tile, 0)
    memory, learned = tile.conductance.data_ptr(), tile.conductance.clone()
    tile.advance(YEARS_10)
    change = (tile.conductance - learned).double().flatten()
    count, score = len(change), (change - mean_after(YEARS_10)) / sigma_after(YEARS_10)
    # Every cell moved from where it stood, by the published law and by nothing else.
    assert abs(float(score.mean())) < SIGMAS / math.sqrt(count)
    assert abs(float(score.square().mean()) - 1) < SIGMAS * math.sqrt(2 / count)
    assert float(score.abs().max()) < 5.5
    level = learned.double().flatten()
    assert abs(float(torch.corrcoef(torch.stack([level, change]))[0, 1])) < SIGMAS / math.sqrt(count)
    aged = tile.conductance.clone()
    moved = learn(tile, 2, slice(0, 30))
    assert torch.equal(tile.conductance[~moved], aged[~moved])
    assert moved[:, :30].float().mean() > 0.5
    assert not moved[:, 30:].any()
    assert tile.conductance.data_ptr() == memory


def test_pulsed_cells_restart_their_age_and_the_others_keep_it(device: Device) -> None:
    tile = make_tile(device, (20, 20))
    first = learn(tile, 0, slice(0, 10))
    tile.advance(100.0)
    assert (tile.ages() == 100.0).all()
    second = learn(tile, 2, slice(5, 15))
    assert (first & ~second).any()
    tile.advance(YEARS_10)
    assert (tile.ages()[second] == YEARS_10).all()
    assert (tile.ages()[~second] == YEARS_10 + 100.0).all()
    assert tile.clock_seconds == 100.0 + YEARS_10


def test_a_pulsed_cell_relaxes_as_a_new_one_and_an_old_one_is_done(device: Device) -> None:
    tile = make_tile(device, (60, 60))
    tile.advance(YEARS_10)
    fresh = learn(tile, 0, slice(0, 30))
    before = tile.conductance.clone()
    tile.advance(100.0)
    change = (tile.conductance - before).double()
    new, old = change[fresh], change[:, 30:].flatten()
    assert abs(float(new.std()) - sigma_after(100.0)) < SIGMAS * sigma_after(100.0) / math.sqrt(2 * len(new))
    assert abs(float(new.mean()) - mean_after(100.0)) < SIGMAS * sigma_after(100.0) / math.sqrt(len(new))
    # V(10 y + 100 s) - V(10 y) = 2 s0' s1 dt / t: 0.03 % of 1 uS, far above the 4e-12 S of a float32 at 50 uS.
    late = math.sqrt(2 * sigma_after(YEARS_10) * 0.04201137e-6 * math.log1p(100.0 / YEARS_10))
    assert abs(float(old.std()) - late) < SIGMAS * late / math.sqrt(2 * len(old))
    assert late < 1e-3 * sigma_after(100.0)


def test_a_trajectory_is_coherent_in_time(device: Device) -> None:
    tile = make_tile(device, (60, 60))
    start = tile.conductance.double()
    path = []
    for wait in (10.0, 990.0, YEARS_10 - 1000.0):
        tile.advance(wait)
        path.append((tile.conductance.double() - start).flatten())
    times = (10.0, 1000.0, YEARS_10)
    for deviation, time in zip(path, times, strict=True):
        # The last moments are those of one wait of ten years.
        assert abs(float(deviation.mean()) - mean_after(time)) < SIGMAS * sigma_after(time) / 60
        assert abs(float(deviation.std()) - sigma_after(time)) < SIGMAS * sigma_after(time) / math.sqrt(2 * 3600)
    correlation = torch.corrcoef(torch.stack(path))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        expected = sigma_after(times[a]) / sigma_after(times[b])
        # The spread of a correlation r of n pairs is (1 - r**2) / sqrt(n).
        assert abs(float(correlation[a, b]) - expected) < SIGMAS * (1 - expected**2) / 60


def test_without_relaxation_a_wait_is_invisible_to_learning(tmp_path: Path) -> None:
    device = ohmnia.resolve(near_ideal(tmp_path, NO_RELAXATION, {"update.noise_to_signal": (90.0, "percent")}))
    waiting, busy = make_tile(device), make_tile(device)
    for tile in (waiting, busy):
        learn(tile, 0)
        if tile is waiting:
            tile.advance(YEARS_10)
        learn(tile, 2)
    assert torch.equal(waiting.conductance, busy.conductance)
    assert waiting.clock_seconds == YEARS_10


def test_a_verify_read_and_an_empty_update_do_not_restart_an_age(device: Device) -> None:
    tile = make_tile(device)
    tile.advance(50.0)
    weights = tile.weights().clone()
    tile.program(weights, 0.02)
    tile.update(torch.zeros(3, 6), torch.ones(3, 4), 1.0, SCHEME)
    tile.update(torch.ones(3, 6), torch.zeros(3, 4), 1.0, SCHEME)
    tile.mvm(torch.ones(3, 6))
    assert (tile.ages() == 50.0).all()
    assert torch.equal(tile.weights(), weights)


@pytest.mark.parametrize("kind", ["one-device", "differential"])
@pytest.mark.parametrize("seed", range(4))
def test_verbs_in_any_order(device: Device, kind: str, seed: int) -> None:
    """A shadow keeps clock and ages by what is seen from outside: a cell that moved was written."""
    rng, tile = np.random.default_rng(seed), make_tile(device, (5, 7), kind=kind, periphery=Periphery())
    clock, ages = 0.0, torch.zeros(tile.conductance.shape, dtype=torch.float64)
    for step in range(60):
        verb, before = rng.choice(["update", "program", "advance", "read"]), tile.conductance.clone()
        if verb == "update":
            learn(tile, 100 * seed + step, slice(0, int(rng.integers(1, 6))))
        elif verb == "program":
            weights = tile.weights().clamp(-0.8, 0.8)
            weights[int(rng.integers(5))] = float(rng.uniform(-0.8, 0.8))
            tile.program(weights, 0.05)
        elif verb == "advance":
            wait = float(10 ** rng.uniform(-4, 8))
            tile.advance(wait)
            clock += wait
            ages += wait
            assert (tile.conductance != before).any()
        else:
            assert tile.mvm(values(step, 2, 7)).isfinite().all()
            assert tile.mvm_t(values(step, 2, 5), "evaluate").isfinite().all()
        if verb in ("update", "program"):
            ages[tile.conductance != before] = 0.0
        if verb == "read":
            assert torch.equal(tile.conductance, before)
        assert tile.clock_seconds == clock
        # Ages come from a difference of clocks.
        written = (tile.conductance != before) | (verb in ("advance", "read"))
        torch.testing.assert_close(tile.ages()[written], ages[written], rtol=1e-12, atol=1e-12 * max(clock, 1.0))
        ages = tile.ages()
        assert float(tile.conductance.min()) > 0
        assert tile.conductance.isfinite().all()


# --- a whole network --------------------------------------------------------------------------------------------------


def trained(technology: Technology, cells: int = 0) -> tuple[nn.Module, AnalogOptimizer]:
    """6-5-3 on arrays under AGAD; `cells` is the seed of the arrays."""
    model = nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 3))
    with torch.no_grad():
        for seed, parameter in enumerate(model.parameters()):
            parameter.copy_(0.5 * values(seed, *parameter.shape))
    model = convert(model, technology, config=QUICK, seed=cells)
    return model, AnalogOptimizer(model, AGAD(in_chop_prob=0.5, scaling="granularity"), lr=0.3)


def train(model: nn.Module, optimizer: AnalogOptimizer, seed: int, steps: int = 30) -> None:
    """A few steps."""
    for step in range(steps):
        optimizer.zero_grad()
        (model(values(seed + step, 5, 6)) - 1.0).square().mean().backward()
        optimizer.step()


def test_a_network_learns_waits_and_learns_on_the_same_tiles(technology: Technology) -> None:
    model, optimizer = trained(technology)
    synapses = [layer.synapse for _, layer in analog_layers(model)]
    tiles = [tile for synapse in synapses for tile in synapse.tiles()]
    identity = [(id(tile), tile.conductance.data_ptr(), tile.parameters.data_ptr()) for tile in tiles]
    parameters = [tile.parameters.clone() for tile in tiles]
    train(model, optimizer, 0)
    learned = [tile.conductance.clone() for tile in tiles]
    pulses = [tile.activity.pulses for tile in tiles]
    for synapse in synapses:
        synapse.advance(YEARS_10)
    aged = [tile.conductance.clone() for tile in tiles]
    for now, then in zip(aged, learned, strict=True):
        # Eight standard deviations around the mean of ten years.
        assert ((now - then - mean_after(YEARS_10)).abs() < 8 * sigma_after(YEARS_10)).all()
        assert (now != then).all()
    train(model, optimizer, 50)
    assert [id(tile) for synapse in synapses for tile in synapse.tiles()] == [first for first, _, _ in identity]
    assert [(id(tile), tile.conductance.data_ptr(), tile.parameters.data_ptr()) for tile in tiles] == identity
    assert all(torch.equal(tile.parameters, own) for tile, own in zip(tiles, parameters, strict=True))
    assert all(tile.activity.pulses > count for tile, count in zip(tiles, pulses, strict=True))
    for tile, then in zip(tiles, aged, strict=True):
        moved = tile.conductance != then
        assert torch.equal(tile.ages() == 0.0, moved)
        assert (tile.ages()[~moved] == YEARS_10).all() or (tile.ages()[~moved] <= YEARS_10).all()


def test_learning_goes_on_after_the_wait(technology: Technology) -> None:
    # A single chip ends anywhere between 0.01 and 0.2 of its first loss; four of them show the mean.
    x, chips = values(9, 50, 6), 4
    left = torch.zeros(2)
    for cells in range(chips):
        model, optimizer = trained(technology, cells)
        with torch.no_grad():
            start = float((model(x) - 1.0).square().mean())
        for stage in range(2):
            train(model, optimizer, 0, 150)
            with torch.no_grad():
                left[stage] += float((model(x) - 1.0).square().mean()) / start / chips
            for _, layer in analog_layers(model):
                layer.synapse.advance(YEARS_10)
    assert (left < 0.1).all()
