"""Analog SGD: gradient descent on a near-ideal device, and a pull to the symmetry point on a real one."""

from __future__ import annotations

import pytest
import torch

from contracts.learning_rule import GradientDescentContract
from helpers import QUICK, QUICK_IDEAL, make_synapse, scatter, values
from ohmnia.array import SLOW, PulseScheme
from ohmnia.device import Device
from ohmnia.training import SGD


class TestSGD(GradientDescentContract):
    rule = SGD(scheme=PulseScheme(length=2000))


def test_it_needs_no_other_tile(device: Device) -> None:
    synapse = make_synapse(device)
    SGD().prepare(synapse.blocks[0])
    assert list(synapse.blocks[0].tiles) == [SLOW]
    assert not synapse.blocks[0].buffers


def test_its_trains_are_those_of_the_scheme(device: Device) -> None:
    # All lines at their maximum ask for 7 slots in every cell, and get the length of the train.
    for length in (3, 5):
        synapse = make_synapse(device)
        tile = synapse.blocks[0].slow
        synapse.request(torch.ones(1, 6), torch.ones(1, 4))
        SGD(scheme=PulseScheme(length=length)).apply(synapse, 7 * tile.granularity)
        assert tile.activity.pulses == length * 24
        assert tile.activity.short_updates == 1


def test_samples_are_applied_one_after_the_other(device: Device) -> None:
    # Twice the way to the upper bound in one batch: steps shrink, and no cell passes it.
    synapse = make_synapse(device)
    tile = synapse.blocks[0].slow
    synapse.request(torch.ones(60, 6), -torch.ones(60, 4))
    SGD().apply(synapse, tile.granularity)
    assert float(tile.conductance.max()) <= 95e-6 * (1 + 1e-6)
    assert float(tile.conductance.min()) > 80e-6


def test_noise_alone_pulls_an_asymmetric_array_to_its_symmetry_points(device: Device) -> None:
    synapse = make_synapse(device, (8, 8), QUICK_IDEAL)
    tile = synapse.blocks[0].slow
    own = device.update.symmetry_points(tile.parameters)
    scatter(tile)
    away = (tile.conductance - own).abs().mean()
    for k in range(20):
        synapse.request(values(k, 10, 8), values(k + 100, 10, 8))
        SGD().apply(synapse, 2 * tile.granularity)
    # Steps of 85 uS / 22 with 134 % of noise around a restoring force leave about 10 uS.
    assert float((tile.conductance - own).abs().mean()) < 0.6 * float(away)
    assert abs(float((tile.conductance - own).mean())) < 5e-6


@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_the_learning_rate_scales_the_pulses(device: Device, rate: float) -> None:
    synapse = make_synapse(device, (8, 8), QUICK)
    x, d = values(1, 200, 8), values(2, 200, 8)
    synapse.request(x, d)
    SGD().apply(synapse, rate)
    expected = float(rate * (x.abs().sum(1) * d.abs().sum(1)).sum()) / synapse.blocks[0].slow.granularity
    # Trains are shared by 8 rows and 8 columns, so their number spreads by up to 8 times Poisson.
    assert synapse.activity()["slow"].pulses == pytest.approx(expected, rel=4.5 * 8 / expected**0.5)
