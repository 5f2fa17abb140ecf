"""Residual learning: the contract, the sum that a read sees, and a batch against a slow reference."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
from contracts.learning_rule import LearningRuleContract
from helpers import LINEAR, QUICK_IDEAL, make_synapse, near_ideal, scatter, values
from ohmnia._errors import InvalidValueError
from ohmnia.array import PulseScheme
from ohmnia.device import Device
from ohmnia.training import ResidualTiles, Rider

NAMES = ["slow", "residual1", "residual2"]


class TestResidualTiles(LearningRuleContract):
    rule = ResidualTiles(gamma=0.5)
    # Where arrays forget slowly, transfers have to be slower than the gradient's own loop, or the two oscillate.
    settled = ResidualTiles(tiles=2, gamma=0.5, transfer_every=100)


def test_a_read_sees_the_sum(device: Device) -> None:
    synapse, rule = make_synapse(device, (4, 6), scale=2.0), ResidualTiles(gamma=0.25)
    block = synapse.blocks[0]
    rule.prepare(block)
    assert list(block.tiles) == NAMES == rule.names()
    parts = [scatter(tile, seed).weights() for seed, tile in enumerate(block.tiles.values())]
    total = 2.0 * (parts[0] + parts[1] / 4 + parts[2] / 16)
    x, d = values(1, 5, 6), values(2, 5, 4)
    torch.testing.assert_close(synapse.weights(), total)
    torch.testing.assert_close(synapse.forward(x, "read"), x @ total.T, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(synapse.backward(d, "read"), d @ total, rtol=1e-4, atol=1e-5)


def test_the_unit_is_a_step_of_the_device(device: Device) -> None:
    tile = make_synapse(device).blocks[0].slow
    # 22 states over 85 uS, in units of 39.6 uS.
    assert ResidualTiles().unit(tile) == pytest.approx(85 / 22 / 39.6, rel=1e-5)
    assert ResidualTiles(gamma=0.2).unit(tile) == 0.2


def test_a_device_of_two_states_has_units_of_a_half(tmp_path: Path) -> None:
    tile = make_synapse(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (2.0, "1")}))).blocks[0].slow
    assert ResidualTiles().unit(tile) == 0.5


def test_a_batch_is_that_of_a_slow_reference(tmp_path: Path) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), (2, 3), QUICK_IDEAL)
    rule = ResidualTiles(scheme=PulseScheme(length=10000), transfer_every=2, transfer_every_growth=3, transfer_rate=0.4)
    block = synapse.blocks[0]
    rule.prepare(block)
    expected = [tile.weights().double().clone() for tile in block.tiles.values()]
    x, d, columns = torch.ones(25, 3), values(1, 2).expand(25, 2).contiguous(), [0, 0]
    for sample in range(1, 26):
        expected[2] -= 0.01 * torch.outer(d[0], x[0])
        if sample % 2 == 0:
            expected[1][:, columns[0]] += 0.4 * expected[2][:, columns[0]]
            columns[0] = (columns[0] + 1) % 3
        if sample % 6 == 0:
            expected[0][:, columns[1]] += 0.4 * 1.2 * expected[1][:, columns[1]]
            columns[1] = (columns[1] + 1) % 3
    for part in (slice(0, 7), slice(7, 25)):
        synapse.request(x[part], d[part])
        rule.apply(synapse, 0.01)
    # Some hundred pulses a transfer, of which the noise is that of a train.
    for tile, wanted in zip(block.tiles.values(), expected, strict=True):
        assert float((tile.weights() - wanted).norm() / wanted.norm()) < 0.05
    assert block.buffers["residual_columns"].tolist() == columns
    assert [tile.activity.reads for tile in block.tiles.values()] == [0, 4, 12]


def test_new_weights_empty_the_other_arrays(device: Device) -> None:
    synapse, rule = make_synapse(device), ResidualTiles()
    block = synapse.blocks[0]
    rule.prepare(block)
    for tile in block.tiles.values():
        scatter(tile)
    synapse.program(torch.zeros(4, 6))
    assert not block.terms
    rule.prepare(block)
    assert float(synapse.weights().abs().max()) < 0.03


def test_another_sum_is_refused(device: Device) -> None:
    block = make_synapse(device).blocks[0]
    ResidualTiles().prepare(block)
    for other in (Rider(), ResidualTiles(gamma=0.3), ResidualTiles(tiles=4)):
        with pytest.raises(InvalidValueError, match=r"sum over .*'residual1'.*Write them anew"):
            other.prepare(block)


@pytest.mark.parametrize("wrong", [{"tiles": 1}, {"gamma": 1.0}, {"transfer_every": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ResidualTiles.model_validate(wrong)
