"""Chopped Tiki-Taka v2: the contract, random choppers, and a reference whose error averages out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
import tolerances
from contracts.learning_rule import LearningRuleContract
from helpers import QUICK_IDEAL, make_synapse, near_ideal, values
from ohmnia.array import PulseScheme
from ohmnia.device import Device
from ohmnia.training import ChoppedTTv2
from ohmnia.training._transfer import FAST


class TestChoppedTTv2(LearningRuleContract):
    # A few pulses a cell leave A where it adds up; many make it forget, here within some 400 samples.
    rule = ChoppedTTv2(fast_rate=0.2, gamma0=200.0, slow_length=10, in_chop_prob=1e-5)
    settled = ChoppedTTv2(fast_rate=5.0, scheme=PulseScheme(length=31), gamma0=400.0, slow_length=10)


def test_choppers_flip_as_often_as_they_should(device: Device) -> None:
    synapse, rule, flips, reads = make_synapse(device, (2, 50)), ChoppedTTv2(in_chop_prob=0.2), 0, 0
    rule.prepare(synapse.blocks[0])
    chopper = synapse.blocks[0].buffers["chopper"]
    for k in range(40):
        before = chopper.clone()
        synapse.request(values(k, 50, 50), values(k, 50, 2))
        rule.apply(synapse, 0.01)
        flips, reads = flips + int((chopper != before).sum()), reads + 50
    assert abs(flips / reads - 0.2) < tolerances.of_share(0.2, reads)


@pytest.mark.parametrize(("columns", "every", "expected"), [(6, 1, 6 / 410), (6, 2, 12 / 410), (500, 1, 0.1)])
def test_flips_are_rarer_than_the_fast_tile_forgets(device: Device, columns: int, every: int, expected: float) -> None:
    synapse = make_synapse(device, (2, columns))
    rule = ChoppedTTv2(transfer_every=every)
    rule.prepare(synapse.blocks[0])
    # 20.5 states on [-1, 1] are a memory of 205 samples.
    assert rule.flip_probability(synapse.blocks[0].tiles[FAST]) == pytest.approx(expected, rel=0.01)
    assert ChoppedTTv2(in_chop_prob=0.3).flip_probability(synapse.blocks[0].tiles[FAST]) == 0.3


def drift(device: Device, probability: float) -> float:
    """Mean change of the slow tile in 400 reads of every column against a reference that is wrong by 0.2, without a gradient."""
    rule = ChoppedTTv2(scaling="granularity", in_chop_prob=probability)
    synapse = make_synapse(device, (4, 4), QUICK_IDEAL)
    rule.prepare(synapse.blocks[0])
    synapse.blocks[0].buffers["reference"] -= 0.2
    before = synapse.weights()
    for k in range(100):
        synapse.request(values(k, 16, 4), torch.zeros(16, 4))
        rule.apply(synapse, 0.001)
    return float((synapse.weights() - before).mean())


def test_a_wrong_reference_averages_out(tmp_path: Path) -> None:
    device = ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")}))
    steady, chopped = drift(device, 1e-9), drift(device, 0.5)
    # 400 reads of 0.001 * 0.2, less 4 % by the soft bounds; with choppers a random walk of as many reads for each of 4 columns.
    assert steady == pytest.approx(400 * 0.001 * 0.2, rel=0.1)
    assert abs(chopped) < tolerances.ERRORS * steady / math.sqrt(400 * 4)


@pytest.mark.parametrize("wrong", [{"momentum": 1.0}, {"in_chop_prob": 0.0}, {"in_chop_prob": 1.5}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ChoppedTTv2.model_validate(wrong)
