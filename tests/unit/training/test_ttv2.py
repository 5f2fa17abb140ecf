"""Tiki-Taka v2: the contract, a reference at the symmetry points, and a filter that drops noise."""

from __future__ import annotations

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
from ohmnia.training import TTv2
from ohmnia.training._transfer import FAST


class TestTTv2(LearningRuleContract):
    # A few pulses a cell leave A where it adds up; many make it forget, here within some 400 samples.
    rule = TTv2(fast_rate=0.2, gamma0=200.0, slow_length=10)
    settled = TTv2(fast_rate=5.0, scheme=PulseScheme(length=31), gamma0=400.0, slow_length=10)


def test_the_fast_tile_starts_at_its_symmetry_points(device: Device) -> None:
    synapse = make_synapse(device, (8, 8), QUICK_IDEAL)
    block = synapse.blocks[0]
    TTv2().prepare(block)
    fast, reference = block.tiles[FAST], block.buffers["reference"]
    points = fast.mapping.weights(fast.device.update.symmetry_points(fast.parameters)).float()
    assert torch.equal(reference, points)
    assert float(reference.std()) > 0.05
    # Written by the closed loop, 2 % of some 43 uS on a scale of 39.6 uS.
    assert float((fast.weights() - reference).abs().max()) < 0.03


def test_without_a_gradient_nothing_is_learned(device: Device) -> None:
    synapse, rule = make_synapse(device, (8, 8), QUICK_IDEAL), TTv2(scaling="granularity")
    before = synapse.weights()
    for k in range(20):
        synapse.request(values(k, 8, 8), torch.zeros(8, 8))
        rule.apply(synapse, 0.1)
    # Errors of the write to the symmetry points: 20 reads of a column, each 0.1 * 0.03 of dw at most.
    assert torch.equal(synapse.weights(), before)


@pytest.mark.parametrize("unit", [1, 5])
def test_h_keeps_what_is_less_than_a_unit(tmp_path: Path, unit: int) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")})), (3, 3), QUICK_IDEAL)
    rule = TTv2(scaling="granularity", slow_length=10, slow_unit=unit)
    x, d = torch.ones(1, 3), torch.ones(1, 3)
    block = synapse.blocks[0]
    before = synapse.weights()
    for _ in range(60):
        synapse.request(x, d)
        rule.apply(synapse, 0.05)
    moved = (synapse.weights() - before) / block.slow.granularity
    assert block.slow.activity.pulses % unit == 0
    total = moved + unit * block.buffers["hidden"]
    # All that was read has gone into H or out of it: 20 reads of A - R each, A at k pulses after k samples.
    expected = torch.zeros(3)
    for sample in range(60):
        expected[sample % 3] -= 0.05 * (sample + 1)
    assert total.mean(0) == pytest.approx(expected, rel=0.1)


def test_momentum_is_the_factor_that_is_left(device: Device) -> None:
    synapse = make_synapse(device)
    TTv2().prepare(synapse.blocks[0])
    fast, slow = synapse.blocks[0].tiles[FAST], synapse.blocks[0].slow
    for momentum, forget in ((None, -1.0), (0.25, 0.25)):
        settings = TTv2(momentum=momentum).settings(fast, slow, 0.1)
        assert settings.forget == forget
        assert (settings.period, settings.wait, settings.dynamic, settings.direct) == (0, 0, 0, 0)
        assert settings.flip_probability == 0.0


@pytest.mark.parametrize("wrong", [{"momentum": 1.0}, {"in_chop_prob": 0.1}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TTv2.model_validate(wrong)


def test_a_reference_with_an_error_is_off_by_a_normal_of_that_size(device: Device) -> None:
    synapse = make_synapse(device, (40, 50), QUICK_IDEAL)
    block = synapse.blocks[0]
    TTv2(reference_error=0.2).prepare(block)
    fast = block.tiles[FAST]
    points = fast.mapping.weights(fast.device.update.symmetry_points(fast.parameters)).float()
    error = (block.buffers["reference"] - points).double()
    assert float(error.std()) == pytest.approx(0.2, abs=tolerances.of_sigma(0.2, error.numel()))
    assert abs(float(error.mean())) < tolerances.of_mean(0.2, error.numel())
    # A itself stands at its symmetry points, whatever R is.
    assert float((fast.weights() - points).abs().max()) < 0.03


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
def test_an_impossible_error_of_the_reference_is_refused(wrong: float) -> None:
    with pytest.raises(ValidationError, match="reference_error"):
        TTv2(reference_error=wrong)


def test_an_error_of_the_reference_is_learned(tmp_path: Path) -> None:
    device = ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")}))
    rule, synapse = TTv2(scaling="granularity", reference_error=0.2), make_synapse(device, (4, 4), QUICK_IDEAL)
    rule.prepare(synapse.blocks[0])
    block, before = synapse.blocks[0], synapse.weights()
    away = block.tiles[FAST].weights() - block.buffers["reference"]
    for k in range(100):
        synapse.request(values(k, 16, 4), torch.zeros(16, 4))
        rule.apply(synapse, 0.001)
    # 400 reads of each column add 0.001 * (A - R), of which H keeps less than a step; soft bounds take some 10 %.
    moved = synapse.weights() - before
    assert torch.allclose(moved, 400 * 0.001 * away, rtol=0.15, atol=2 * block.slow.granularity)
