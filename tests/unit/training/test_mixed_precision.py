"""Mixed precision: gradient descent, a step computed by hand, and its digital work."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
from contracts.learning_rule import GradientDescentContract
from helpers import LINEAR, QUICK_IDEAL, make_synapse, near_ideal
from ohmnia.array import SLOW
from ohmnia.device import Device
from ohmnia.training import MixedPrecision


class TestMixedPrecision(GradientDescentContract):
    rule = MixedPrecision(length=10000)


def test_a_step_is_that_of_a_slow_reference(tmp_path: Path) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")}, LINEAR)), (2, 3), QUICK_IDEAL)
    rule, tile = MixedPrecision(), synapse.blocks[0].slow
    dw, before, x, d = tile.granularity, synapse.weights(), [[1.0, -2.0, 0.5]], [[1.0, -0.3]]
    for step in range(1, 4):
        synapse.request(torch.tensor(x), torch.tensor(d))
        rule.apply(synapse, 2.2 * dw)
        chi = synapse.blocks[0].buffers["chi"]
        for i in range(2):
            for j in range(3):
                asked = -2.2 * d[0][i] * x[0][j] * step
                assert float((synapse.weights() - before)[i, j]) / dw == pytest.approx(int(asked), abs=0.02)
                assert float(chi[i, j]) / dw == pytest.approx(asked - int(asked), abs=1e-3)
    assert tile.activity.digital_macs == 3 * 2 * 6
    assert tile.activity.reads == 0


def test_pulses_beyond_the_longest_train_wait(device: Device) -> None:
    synapse = make_synapse(device, (2, 3))
    rule, tile = MixedPrecision(length=2), synapse.blocks[0].slow
    synapse.request(-torch.ones(1, 3), torch.tensor([[5.5, 1.5]]))
    rule.apply(synapse, tile.granularity)
    assert tile.activity.pulses == 3 * (2 + 1)
    assert tile.activity.short_updates == 1
    assert synapse.blocks[0].buffers["chi"][:, 0] / tile.granularity == pytest.approx(torch.tensor([3.5, 0.5]), rel=1e-4)


def test_it_needs_no_other_tile(device: Device) -> None:
    synapse = make_synapse(device)
    MixedPrecision().prepare(synapse.blocks[0])
    assert list(synapse.blocks[0].tiles) == [SLOW]


def test_its_step_can_be_given(device: Device) -> None:
    synapse = make_synapse(device)
    synapse.request(torch.ones(1, 6), torch.ones(1, 4))
    MixedPrecision(step=0.5).apply(synapse, 1.2)
    assert synapse.activity()["slow"].pulses == 2 * 24


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="step"):
        MixedPrecision(step=0.0)
