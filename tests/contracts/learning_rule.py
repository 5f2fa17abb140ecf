"""What every learning rule has to keep, and the stricter promise of a rule that is gradient descent."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import ohmnia
from helpers import IDEAL, LINEAR, NO_RELAXATION, QUICK, make_synapse, near_ideal, values
from ohmnia.array import ArrayConfig, Synapse, UpdateRequest
from ohmnia.device import Device
from ohmnia.nn import AnalogLinear
from ohmnia.random import Stream
from ohmnia.training import AbstractRule, AnalogOptimizer

LAYOUTS = {
    "one device": ArrayConfig(acceptance_range=0.02, periphery=IDEAL),
    "pair": ArrayConfig(mapping="differential", acceptance_range=0.02, periphery=IDEAL),
    "split": ArrayConfig(acceptance_range=0.02, periphery=IDEAL, max_rows=3, max_cols=2),
}


def make(device: Device, config: ArrayConfig, scale: float = 1.0, seed: int = 0) -> Synapse:
    """6 inputs, 4 outputs."""
    return make_synapse(device, config=config, scale=scale, seed=seed)


def learn(rule: AbstractRule, synapse: Synapse, batches: range, rate: float, size: float = 1.0) -> None:
    """Random mini-batches of 5 samples."""
    for block in synapse.blocks:
        rule.prepare(block)
    for k in batches:
        synapse.request(values(k, 5, 6), size * values(k + 1000, 5, 4))
        rule.apply(synapse, rate)


def bits(synapse: Synapse) -> list[object]:
    """All state."""
    tensors, metadata = synapse.state()
    return [{name: value.numpy().tobytes() for name, value in tensors.items()}, metadata]


class LearningRuleContract:
    """Inherit it, and set `rule` to one that writes to the slow tile within 40 mini-batches of 5 samples.

    `settled` is the rule that learns a regression, where `rule` forgets too slowly for 3,000 samples.
    """

    rule: AbstractRule
    settled: AbstractRule | None = None
    rate = 0.5

    def test_it_is_a_frozen_record(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(self.rule, next(iter(type(self.rule).model_fields)), None)
        with pytest.raises(ValidationError, match="momentun"):
            type(self.rule).model_validate({"momentun": 0.5})

    def test_it_survives_a_file(self) -> None:
        assert type(self.rule).model_validate_json(self.rule.model_dump_json()) == self.rule

    def test_preparing_twice_keeps_what_is_there(self, device: Device) -> None:
        synapse = make(device, QUICK)
        learn(self.rule, synapse, range(3), self.rate)
        before = bits(synapse)
        tiles = {name: id(tile) for name, tile in synapse.blocks[0].tiles.items()}
        self.rule.prepare(synapse.blocks[0])
        assert bits(synapse) == before
        assert {name: id(tile) for name, tile in synapse.blocks[0].tiles.items()} == tiles

    def test_the_queue_is_empty_afterwards(self, device: Device) -> None:
        synapse = make(device, QUICK)
        for k in range(3):
            synapse.request(values(k, 2, 6), values(k, 2, 4))
        self.rule.apply(synapse, self.rate)
        assert not synapse.requests

    def test_it_writes_to_the_tile_that_inference_sees(self, device: Device) -> None:
        synapse = make(device, QUICK)
        before = synapse.weights()
        learn(self.rule, synapse, range(40), self.rate)
        assert float((synapse.weights() - before).abs().max()) > 0.01
        assert synapse.activity()["slow"].pulses > 0

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_weights_go_down_the_gradient(self, tmp_path: Path, layout: str) -> None:
        synapse = make(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")})), LAYOUTS[layout])
        before, x, d = synapse.weights(), values(1, 1, 6), 0.1 * values(2, 1, 4)
        for block in synapse.blocks:
            self.rule.prepare(block)
        for _ in range(40):
            synapse.request(x.expand(20, 6), d.expand(20, 4))
            self.rule.apply(synapse, 0.02)
        change, gradient = (synapse.weights() - before).flatten(), (d.T @ x).flatten()
        assert float(nn.functional.cosine_similarity(change, -gradient, dim=0)) > 0.9

    def test_same_seed_same_bits(self, device: Device) -> None:
        first, again, other = (make(device, QUICK, seed=seed) for seed in (0, 0, 1))
        for synapse in (first, again, other):
            learn(self.rule, synapse, range(10), self.rate)
        assert bits(first) == bits(again)
        assert bits(first) != bits(other)

    def test_a_run_that_is_cut_off_goes_on_bit_by_bit(self, device: Device) -> None:
        whole, resumed = make(device, QUICK), make(device, QUICK, seed=1)
        learn(self.rule, whole, range(17), self.rate)
        tensors, metadata = whole.state()
        resumed.restore({name: value.clone() for name, value in tensors.items()}, copy.deepcopy(metadata))
        for synapse in (whole, resumed):
            learn(self.rule, synapse, range(17, 40), self.rate)
        assert bits(whole) == bits(resumed)

    def test_the_requests_are_read_only_for_it(self, device: Device) -> None:
        synapse, x, d = make(device, QUICK), values(1, 5, 6), values(2, 5, 4)
        kept = x.clone(), d.clone()
        synapse.requests.append(UpdateRequest(x, d))
        self.rule.apply(synapse, self.rate)
        assert torch.equal(x, kept[0])
        assert torch.equal(d, kept[1])

    def test_a_network_learns_a_regression(self, tmp_path: Path) -> None:
        technology = near_ideal(tmp_path, {"update.states": (1000.0, "1")}, NO_RELAXATION)
        layer = AnalogLinear(make(ohmnia.resolve(technology), LAYOUTS["one device"]))
        optimizer, goal, losses = AnalogOptimizer(layer, self.settled or self.rule, lr=0.1), 0.5 * values(3, 4, 6), []
        for step in range(300):
            x = values(100 + step, 10, 6)
            loss = nn.functional.mse_loss(layer(x), x @ goal.T)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert sum(losses[-30:]) < 0.3 * sum(losses[:30])


class GradientDescentContract(LearningRuleContract):
    """On a near-ideal device the rule is plain SGD of the same schedule, within 5 % of the weight change."""

    @staticmethod
    def _relative_error(change: Tensor, wanted: Tensor) -> float:
        return float((change - wanted).norm() / wanted.norm())

    def _follow(self, synapse: Synapse, size: float) -> float:
        """Error of a cosine schedule of random updates; `size` is that of the largest step in tile weights."""
        scale, steps, wanted = synapse.output_scale, 60, torch.zeros(4, 6, dtype=torch.float64)
        before = synapse.weights().double()
        for k in range(steps):
            # Gradients around a mean, so that the weights go somewhere.
            x, d = values(k, 5, 6, low=-0.2), values(k + 500, 5, 4, low=-0.2)
            d[:, 1] *= -1.0
            rate = scale**2 * size * (1 + math.cos(math.pi * k / steps)) / 2
            synapse.request(x, d / scale)
            self.rule.apply(synapse, rate)
            wanted -= rate * (d / scale).double().T @ x.double()
        assert synapse.activity()["slow"].short_updates == 0
        assert float(wanted.abs().max()) > 15 * size * scale
        return self._relative_error(synapse.weights().double() - before, wanted)

    @pytest.mark.parametrize("layout", ["one device", "split"])
    def test_it_follows_plain_sgd(self, tmp_path: Path, layout: str) -> None:
        # 4,000 pulses a weight and more: less than 2 % of noise.
        assert self._follow(make(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), LAYOUTS[layout]), 4e-3) < 0.05

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_soft_bounds_are_plain_near_the_symmetry_points(self, tmp_path: Path, layout: str) -> None:
        # 1,500 pulses and more, 2.6 % of noise; a tile weight bends its steps by as much, here by 2 % on average.
        synapse = Synapse((4, 6), ohmnia.resolve(near_ideal(tmp_path)), LAYOUTS[layout], Stream.root(0), 1.0)
        assert self._follow(synapse, 1.5e-3) < 0.05

    def test_a_pair_follows_from_where_it_is_programmed(self, tmp_path: Path) -> None:
        # At G_min one device of the pair does not move, and the other by two steps, since the bounds are symmetric.
        assert self._follow(make(ohmnia.resolve(near_ideal(tmp_path)), LAYOUTS["pair"]), 1.5e-3) < 0.05

    @pytest.mark.parametrize("scale", [0.25, 4.0])
    def test_the_effective_change_does_not_depend_on_the_output_scale(self, tmp_path: Path, scale: float) -> None:
        synapse = make(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), LAYOUTS["one device"], scale)
        assert self._follow(synapse, 4e-3) < 0.05

    def test_a_trained_layer_is_that_of_plain_sgd(self, tmp_path: Path) -> None:
        layer = AnalogLinear(make(ohmnia.resolve(near_ideal(tmp_path, LINEAR)), LAYOUTS["one device"]))
        digital = nn.utils.skip_init(nn.Linear, 6, 4)
        start, goal, steps = layer.synapse.weights(), 0.5 * values(3, 4, 6), 80
        digital.load_state_dict({"weight": start, "bias": torch.zeros(4)})
        for model, optimizer in (
            (layer, AnalogOptimizer(layer, self.rule, lr=0.05)),
            (digital, torch.optim.SGD(digital.parameters(), lr=0.05)),
        ):
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
            for step in range(steps):
                x = values(100 + step, 20, 6)
                optimizer.zero_grad()
                (model(x) - x @ goal.T - 0.3).square().sum(1).mean().backward()
                optimizer.step()
                schedule.step()
        assert float((digital.weight.detach() - start).abs().max()) > 0.2
        assert self._relative_error(layer.synapse.weights() - start, digital.weight.detach() - start) < 0.05
        assert self._relative_error(layer.bias.detach(), digital.bias.detach()) < 0.05
