"""ohmnia's side: every row builds and runs at a tiny size, and does what it says."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from helpers import values
from ohmnia.bench.cases import (
    LEARNING_RATE,
    case,
    make_layer,
    make_tile,
    one_compiled_epoch,
    one_epoch,
    one_step,
    perceptron,
    put,
    rule,
    start_weights,
    weight_change,
)
from ohmnia.bench.inputs import initial_weights, step_inputs
from ohmnia.bench.soft_bounds_reference import RERAM_SB, STATES_22, bench_device
from ohmnia.bench.works import EpochSpec, ForwardSpec, ProgramSpec, Spec, StepSpec, UpdateSpec
from ohmnia.nn import Backpropagation
from ohmnia.training import RULES, AnalogOptimizer

TINY: dict[str, Spec] = {
    "update": UpdateSpec(0.3, side=8, batch=2),
    "agad": StepSpec("agad", preset=False, side=8, batch=2),
    "agad-preset": StepSpec("agad", preset=True, side=8, batch=2),
    "sgd": StepSpec("sgd", preset=False, side=8, batch=1),
    "ttv2": StepSpec("ttv2", preset=False, side=8, batch=2),
    "ttv2-preset": StepSpec("ttv2", preset=True, side=8, batch=2),
    "epoch": EpochSpec(StepSpec("agad", preset=False), samples=4, sizes=(784, 6, 10), batch=2),
    "epoch-autograd": EpochSpec(StepSpec("agad", preset=False), samples=4, sizes=(784, 6, 10), batch=2, compiled=False),
    "forward": ForwardSpec(side=8, batch=2),
    "pulses": ProgramSpec(sampled=False, side=3),
}


@pytest.mark.parametrize("name", TINY)
def test_every_kind_of_row_builds_and_runs(name: str) -> None:
    if name.startswith("ttv2") and "ttv2" not in RULES:
        pytest.skip("the rule TTv2 is not there yet")
    built = case(TINY[name])
    built.run()
    assert built.scale == (60000 / 4 if name.startswith("epoch") else 1.0)


def test_both_kinds_of_epoch_learn_the_same() -> None:
    """But for the rounding of float32, which may flip a step of a converter."""
    x, y = values(0, 6, 12).abs(), torch.tensor([0, 1, 2, 0, 1, 2])
    weights = []
    for compiled in (True, False):
        layers = [make_layer(bench_device(STATES_22), shape, preset=False, bias=True) for shape in ((8, 12), (3, 8))]
        model = perceptron((12, 8, 3), list(layers))
        optimizer = AnalogOptimizer(model, rule("agad", preset=False), LEARNING_RATE)
        if compiled:
            one_compiled_epoch(Backpropagation(model, nn.CrossEntropyLoss()), optimizer, x, y, 2)
        else:
            one_epoch(model, optimizer, x, y, 2)
        tiles = [layer.synapse.blocks[0].tiles["fast"] for layer in layers]
        weights.append(torch.cat([tile.weights().flatten() for tile in tiles]))
        assert sum(tile.activity.pulses for tile in tiles) > 0
    assert torch.isclose(*weights, atol=1e-5).double().mean() > 0.9


def test_an_update_moves_weights_down_the_gradient() -> None:
    spec = UpdateSpec(0.3, side=32, batch=1, device=dataclasses.replace(RERAM_SB, dw_min_std=0.0))
    tile = make_tile(spec.device, 32)
    change = weight_change(tile, torch.zeros(32, 32), spec)
    from ohmnia.bench.inputs import update_inputs

    x, d = update_inputs(32, 1, 0.3)
    moved = change != 0
    assert bool(moved.any())
    assert bool((torch.sign(change) == torch.sign(-d.T * x))[moved].all())


def test_start_weights_lie_inside_every_cells_bounds() -> None:
    tile = make_tile(RERAM_SB, 40)
    put(tile, start_weights(tile))
    assert bool((tile.conductance >= tile.parameters[2] * (1 - 1e-6)).all())
    assert bool((tile.conductance <= tile.parameters[3] * (1 + 1e-6)).all())


def test_a_step_reads_both_ways_and_updates() -> None:
    layer = make_layer(bench_device(STATES_22), (6, 6), preset=False, bias=False)
    optimizer = AnalogOptimizer(layer, rule("sgd", preset=False), LEARNING_RATE)
    x, d = step_inputs(6, 2)
    one_step(layer, optimizer, x, 100.0 * d)
    assert x.grad is not None and bool(x.grad.any())
    assert layer.synapse.activity()["slow"].pulses > 0
    assert not layer.synapse.requests


def test_rules_have_the_peers_numbers() -> None:
    agad = rule("agad", preset=True).model_dump()
    assert (agad["fast_rate"], agad["in_chop_prob"], agad["scheme"]["length"]) == (15.5, 0.02, 31)
    assert rule("agad", preset=False).model_dump()["scheme"]["length"] == 5


def test_both_tiles_of_a_rule_start_without_a_pulse() -> None:
    """The closed loop of the bench's device accepts every cell, so that no pulse moves one before the start."""
    layer = make_layer(bench_device(RERAM_SB), (20, 20), preset=True, bias=False)
    AnalogOptimizer(layer, rule("agad", preset=True), LEARNING_RATE)
    torch.testing.assert_close(layer.synapse.weights(), initial_weights(20, 20), rtol=0.0, atol=1e-5)
    assert layer.synapse.activity()["fast"].program_pulses == 0
