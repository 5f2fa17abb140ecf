"""Tiki-Taka v1: the contract, and transfers that follow the read on average."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
import tolerances
from contracts.learning_rule import LearningRuleContract
from helpers import LINEAR, QUICK_IDEAL, make_synapse, near_ideal
from ohmnia.array import PulseScheme
from ohmnia.device import Device
from ohmnia.training import TikiTaka
from ohmnia.training._transfer import FAST


class TestTikiTaka(LearningRuleContract):
    # A few pulses a cell leave A where it adds up; many make it forget, here within some 400 samples.
    rule = TikiTaka(fast_rate=0.2, gamma0=200.0)
    settled = TikiTaka(fast_rate=5.0, scheme=PulseScheme(length=31), gamma0=400.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_slow_tile_follows_the_read_on_average(tmp_path: Path, sign: float) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), (16, 16), QUICK_IDEAL)
    block, rule, rate, reads = synapse.blocks[0], TikiTaka(scaling="granularity", slow_length=3), 1e-6, 50
    rule.prepare(block)
    # A stands 1.3 / rate of its steps away from the reference: every read asks for 1.3 pulses, in 3 slots.
    away = 1.3 * block.tiles[FAST].granularity / rate
    block.buffers["reference"].copy_(block.tiles[FAST].weights() - sign * away)
    before = synapse.weights()
    for _ in range(reads):
        synapse.request(torch.ones(16, 16), torch.zeros(16, 16))
        rule.apply(synapse, rate)
    pulses = float((synapse.weights() - before).sum()) / block.slow.granularity
    count, share = reads * 256, 1.3 / 3
    assert abs(pulses / count - sign * 1.3) < 3 * tolerances.of_share(share, 3 * count)
    assert not block.buffers["hidden"].any()
    assert synapse.activity()["slow"].short_updates == 0


def test_a_read_that_asks_for_more_than_the_train_is_counted(tmp_path: Path) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), (3, 4), QUICK_IDEAL)
    block, rule = synapse.blocks[0], TikiTaka(scaling="granularity", slow_length=2)
    rule.prepare(block)
    block.buffers["reference"] -= 0.5
    synapse.request(torch.ones(4, 4), torch.zeros(4, 3))
    rule.apply(synapse, 1.0)
    assert synapse.activity()["slow"].short_updates == 12
    assert synapse.activity()["slow"].pulses == 24


def test_the_settings_have_no_h_and_no_choppers(device: Device) -> None:
    synapse = make_synapse(device)
    TikiTaka().prepare(synapse.blocks[0])
    settings = TikiTaka(slow_length=7).settings(synapse.blocks[0].tiles[FAST], synapse.blocks[0].slow, 0.1)
    assert (settings.direct, settings.slow_length, settings.dynamic, settings.period, settings.wait) == (1, 7, 0, 0, 0)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="slow_unit"):
        TikiTaka.model_validate({"slow_unit": 2})
    with pytest.raises(ValidationError, match="slow_length"):
        TikiTaka(slow_length=0)
