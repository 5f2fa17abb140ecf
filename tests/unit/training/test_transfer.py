"""What all transfer rules share: scales, buffers, and counters."""

from __future__ import annotations

import pytest
import torch

from helpers import YEARS_10, make_synapse, values
from ohmnia.array import SLOW, Synapse
from ohmnia.device import Device
from ohmnia.kernels import TransferState
from ohmnia.training import AGAD, ChoppedTTv2, TikiTaka, TTv2
from ohmnia.training._transfer import FAST, AbstractTransferRule

KINDS: list[type[AbstractTransferRule]] = [AGAD, ChoppedTTv2, TikiTaka, TTv2]
# Steps of a device with 22 states on the tile's scale: 85 uS / 22 over 39.6 uS.
STEP = 85 / 22 / 39.6


def prepared(device: Device, rule: AbstractTransferRule) -> Synapse:
    synapse = make_synapse(device)
    rule.prepare(synapse.blocks[0])
    return synapse


@pytest.mark.parametrize("kind", KINDS)
def test_scales_are_those_of_the_equations(device: Device, kind: type[AbstractTransferRule]) -> None:
    rule = kind(fast_rate=3.0, transfer_every=2, gamma0=100.0)
    block = prepared(device, rule).blocks[0]
    settings = rule.settings(block.tiles[FAST], block.slow, 0.3)
    assert settings.gain == pytest.approx(0.3 * 2 * 6 / (100 * STEP * 3.0 * STEP), rel=1e-6)
    assert (settings.gain_power, settings.fast_rate, settings.every) == (1.0, 3.0, 2)
    other = rule.model_copy(update={"scaling": "granularity"}).settings(block.tiles[FAST], block.slow, 0.3)
    assert (other.gain, other.gain_power) == (pytest.approx(0.3 / STEP, rel=1e-6), 0.0)


@pytest.mark.parametrize("kind", [ChoppedTTv2, TikiTaka, TTv2])
def test_the_memory_is_ten_times_the_states(device: Device, kind: type[AbstractTransferRule]) -> None:
    assert kind().memory(prepared(device, kind()).blocks[0].tiles[FAST]) == pytest.approx(20 / STEP, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_keeps_the_same_buffers(device: Device, kind: type[AbstractTransferRule]) -> None:
    block = prepared(device, kind()).blocks[0]
    assert set(block.buffers) == {*TransferState._fields, "clock"}
    assert list(block.tiles) == [SLOW, FAST]


@pytest.mark.parametrize("kind", KINDS)
def test_read_noise_comes_with_age_and_goes_with_a_pulse(device: Device, kind: type[AbstractTransferRule]) -> None:
    synapse = prepared(device, kind())
    fast = synapse.blocks[0].tiles[FAST]
    columns = torch.tensor([4, 0, 4])
    assert not fast.column_read_variance(columns).any()
    synapse.advance(YEARS_10)
    synapse.request(values(1, 3, 6), values(2, 3, 4))
    kind(fast_rate=0.5).apply(synapse, 0.1)
    assert torch.allclose(fast.column_read_variance(columns), fast.read_variance()[:, columns])
    fresh = fast.epoch_index[0, :, columns] == fast.write_epoch()
    assert torch.equal(fast.column_read_variance(columns) == 0, fresh)


@pytest.mark.parametrize("kind", KINDS)
def test_two_rules_in_turn_use_one_fast_tile(device: Device, kind: type[AbstractTransferRule]) -> None:
    synapse = prepared(device, AGAD())
    tile = synapse.blocks[0].tiles[FAST]
    synapse.request(values(1, 3, 6), values(2, 3, 4))
    kind().apply(synapse, 0.1)
    assert synapse.blocks[0].tiles[FAST] is tile
