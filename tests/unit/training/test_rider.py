"""E-RIDER: the contract, the residual in a read, and a batch against a slow reference."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
from contracts.learning_rule import LearningRuleContract
from helpers import LINEAR, QUICK_IDEAL, make_synapse, near_ideal, scatter, values
from ohmnia.array import PulseScheme
from ohmnia.device import Device
from ohmnia.training import Rider
from ohmnia.training._transfer import FAST


class TestRider(LearningRuleContract):
    # Many flips, of which a column's random times average out.
    rule = Rider(chop_prob=0.2, scaling="granularity")
    settled = Rider(scheme=PulseScheme(length=31), fast_rate=5.0, slow_length=10)


class TestWithoutChoppers(LearningRuleContract):
    rule = Rider(chop_prob=0.0, scaling="granularity", slow_length=10)
    settled = Rider(chop_prob=0.0, track_rate=0.1, scaling="granularity", slow_length=10)


def test_a_read_sees_the_chopped_residual(device: Device) -> None:
    synapse, rule = make_synapse(device, (4, 6), scale=2.0), Rider(gamma=0.25)
    block = synapse.blocks[0]
    rule.prepare(block)
    w, p = (scatter(tile, seed).weights() for seed, tile in enumerate(block.tiles.values()))
    q = block.buffers["reference"].copy_(values(7, 4, 6))
    signs = torch.tensor([1, -1, 1, 1, -1, -1])
    block.buffers["chopper"].copy_(signs)
    total = 2.0 * (w + 0.25 * signs * (p - q))
    x, d = values(1, 5, 6), values(2, 5, 4)
    torch.testing.assert_close(synapse.weights(), total)
    torch.testing.assert_close(synapse.forward(x, "read"), x @ total.T, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(synapse.backward(d, "read"), d @ total, rtol=1e-4, atol=1e-5)
    assert synapse.activity()["slow"].digital_macs == 2 * 5 * 24


@pytest.mark.parametrize("chop_prob", [0.0, 1.0])
def test_a_batch_is_that_of_a_slow_reference(tmp_path: Path, chop_prob: float) -> None:
    """Choppers that never flip, or at every read; the gain takes one step of H to a few pulses."""
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), (2, 3), QUICK_IDEAL)
    rule = Rider(chop_prob=chop_prob, fast_rate=400.0, scheme=PulseScheme(length=1000), scaling="granularity", slow_length=1000)
    block = synapse.blocks[0]
    rule.prepare(block)
    fast, slow, rate = block.tiles[FAST], block.slow, 0.3
    dw, p, w = fast.granularity, fast.weights().double().clone(), slow.weights().double().clone()
    x, d = torch.ones(1, 3), torch.tensor([[1.0, -0.5]])
    q, m, h = (torch.zeros(2, 3, dtype=torch.float64) for _ in range(3))
    c, reads = torch.ones(3), [0, 0, 0]
    for sample in range(12):
        j = sample % 3
        if chop_prob == 0.0:
            q = m.clone()
        p -= 400.0 * dw * torch.outer(d[0], c * x[0])
        h[:, j] += c[j] * rate / dw * (p[:, j] - q[:, j])
        w[:, j] += h[:, j].trunc() * dw
        h[:, j] -= h[:, j].trunc()
        m[:, j] += max(0.25, 1 / (reads[j] + 1)) * (p[:, j] - m[:, j])
        reads[j] += 1
        if chop_prob == 1.0:
            q[:, j], c[j] = m[:, j], -c[j]
        synapse.request(x, d)
        rule.apply(synapse, rate)
    assert torch.equal(block.buffers["chopper"].float(), c)
    # 400 pulses a sample and cell, of which half are drawn where |d| is a half: 2 % of noise, and more in a difference.
    assert float((fast.weights() - p).norm() / (12 * 400 * dw)) < 0.05
    assert float((block.buffers["reference"] - q).norm() / q.norm()) < 0.1
    assert float((slow.weights() - w).norm() / w.norm()) < 0.1


def test_its_settings_are_those_of_the_equations(device: Device) -> None:
    block = make_synapse(device).blocks[0]
    rule = Rider(transfer_every=2, momentum=0.5)
    rule.prepare(block)
    fast = block.tiles[FAST]
    settings = rule.settings(fast, block.slow, 0.1)
    assert (settings.dynamic, settings.period, settings.wait, settings.direct) == (1, 0, 0, 0)
    assert (settings.flip_probability, settings.mean_rate, settings.forget) == (0.05, 0.25, 0.5)
    assert rule.memory(fast) == pytest.approx(1 / (0.05 / 12 + fast.granularity / 20))
    assert Rider(gamma0=7.0).memory(fast) == 7.0


def test_new_weights_empty_the_fast_array(device: Device) -> None:
    synapse, rule = make_synapse(device), Rider()
    rule.prepare(synapse.blocks[0])
    scatter(synapse.blocks[0].tiles[FAST])
    synapse.program(torch.zeros(4, 6))
    rule.prepare(synapse.blocks[0])
    assert float(synapse.weights().abs().max()) < 0.03


@pytest.mark.parametrize("wrong", [{"chop_prob": 1.5}, {"track_rate": 0.0}, {"gamma": 2.0}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Rider.model_validate(wrong)
