"""Randomness: looking changes nothing, threads change nothing, and torch's global generator is neither read nor moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from helpers import IDEAL, QUICK, scatter, values
from ohmnia.array import ArrayConfig, Synapse
from ohmnia.device import Device
from ohmnia.lifecycle import Chip
from ohmnia.nn import AnalogLinear, analog_layers, convert
from ohmnia.random import Stream
from ohmnia.technology import Technology
from ohmnia.training import AGAD, SGD, AbstractRule, AnalogOptimizer

RULES: list[AbstractRule] = [AGAD(in_chop_prob=0.5, scaling="granularity"), SGD()]
# Ideal converters, which would hide a last bit.
WIDE = ArrayConfig(acceptance_range=0.02, max_cols=3001, periphery=IDEAL)


def network() -> nn.Sequential:
    """6-5-3 with known weights."""
    model = nn.Sequential()
    for seed, (inputs, outputs) in enumerate(((6, 5), (5, 3))):
        linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
        linear.load_state_dict({"weight": 0.5 * values(seed, outputs, inputs), "bias": values(seed + 7, outputs)})
        model.extend([linear, nn.Sigmoid()])
    return model


def nothing(model: nn.Module, step: int) -> None:
    """Do not interrupt the training."""


def run(
    technology: Technology,
    rule: AbstractRule,
    *,
    seed: int = 0,
    between: Callable[[nn.Module, int], None] = nothing,
) -> list[bytes]:
    """Train, wait, train; every bit of the arrays, of the rule's buffers and of the digital parameters."""
    model, steps = convert(network(), technology, config=QUICK, seed=seed), 24
    optimizer = AnalogOptimizer(model, rule, lr=0.3)
    for step in range(steps):
        optimizer.zero_grad()
        (model(values(step, 10, 6)) - 1.0).square().mean().backward()
        optimizer.step()
        between(model, step)
        if step == steps // 2:
            for _, layer in analog_layers(model):
                layer.synapse.advance(1e6)
    tensors = [value for _, layer in analog_layers(model) for value in layer.synapse.state()[0].values()]
    tensors += [parameter.detach() for parameter in model.parameters()]
    return [value.numpy().tobytes() for value in tensors]


# --- looking ----------------------------------------------------------------------------------------------------------


def look(model: nn.Module, step: int) -> None:
    """Evaluate more and more samples."""
    with torch.no_grad():
        model(values(step + 500, step + 1, 6))


def calibrate(model: nn.Module, step: int) -> None:
    """Record and calibrate a drift compensation, and infer with it."""
    chip = Chip(model)
    chip.record_reference()
    chip.calibrate()
    with torch.no_grad(), chip.compensated():
        model(values(step + 500, 3, 6))
    for _, layer in analog_layers(model):
        for block in layer.synapse.blocks:
            block.compensation = None
            block.buffers.pop("calibration")


def save(model: nn.Module, step: int) -> None:
    """Ask for the whole state."""
    Chip(model).state()
    model.state_dict()


@pytest.mark.parametrize("rule", RULES, ids=["agad", "sgd"])
@pytest.mark.parametrize("between", [look, calibrate, save])
def test_looking_at_a_training_leaves_its_bits(
    technology: Technology, rule: AbstractRule, between: Callable[[nn.Module, int], None]
) -> None:
    assert run(technology, rule, between=between) == run(technology, rule)


def read(model: nn.Module, step: int) -> None:
    """A training read that nobody learns from."""
    model(values(step + 500, 2, 6))


def test_a_read_with_gradients_is_no_look(technology: Technology) -> None:
    # The control: a training read takes its noise from the training's own stream.
    assert run(technology, RULES[0], between=read) != run(technology, RULES[0])


def test_the_noise_of_a_look_does_not_depend_on_the_training_reads(technology: Technology) -> None:
    looks = []
    for reads in (0, 5):
        model = convert(network(), technology, config=QUICK)
        for _ in range(reads):
            model(values(1, 4, 6))
        with torch.no_grad():
            looks.append(model(values(2, 4, 6)))
    assert torch.equal(*looks)


# --- seeds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=["agad", "sgd"])
def test_same_seed_same_bits(technology: Technology, rule: AbstractRule) -> None:
    first, again, other = (run(technology, rule, seed=seed) for seed in (0, 0, 1))
    assert first == again
    # Only the choppers and counters may agree.
    assert sum(a != b for a, b in zip(first, other, strict=True)) > len(first) / 2


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def threads() -> Iterator[None]:
    """Give torch its threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def wide(device: Device, rule: AbstractRule) -> list[bytes]:
    """Two steps of a layer whose products torch shares among its threads."""
    layer = AnalogLinear(Synapse((33, 3001), device, WIDE, Stream.root(0), 1.0))
    scatter(layer.synapse.blocks[0].slow)
    optimizer, results = AnalogOptimizer(layer, rule, lr=0.01), []
    for step in range(2):
        x = values(step, 7, 3001).requires_grad_()
        y = layer(x)
        optimizer.zero_grad()
        y.square().mean().backward()
        optimizer.step()
        results += [y.detach(), x.grad]
    results += [*layer.synapse.state()[0].values(), layer.bias.detach()]
    return [value.numpy().tobytes() for value in results]


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("rule", RULES, ids=["agad", "sgd"])
def test_the_number_of_threads_changes_no_bit(device: Device, rule: AbstractRule) -> None:
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append(wide(device, rule))
        assert torch.get_num_threads() == count
    assert results[0] == results[1]


@pytest.mark.usefixtures("threads")
def test_reads_do_not_depend_on_threads_where_torchs_products_do(device: Device) -> None:
    # The control of the test above: it would see a product of torch on this machine.
    x, w, plain, results = values(0, 7, 3001), values(1, 33, 3001), [], []
    for count in (1, 2):
        torch.set_num_threads(count)
        plain.append(x @ w.T)
        results.append(wide(device, RULES[1]))
    if torch.equal(*plain):
        pytest.skip("On this machine torch's products do not depend on the threads.")
    assert results[0] == results[1]


# --- the global generator ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=["agad", "sgd"])
def test_the_global_seed_has_no_influence(technology: Technology, rule: AbstractRule) -> None:
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        results.append(run(technology, rule, between=lambda model, step: torch.rand(step) is None))
    assert results[0] == results[1]


@pytest.mark.parametrize("rule", RULES, ids=["agad", "sgd"])
def test_the_global_generator_stays_where_it_is(technology: Technology, rule: AbstractRule) -> None:
    torch.manual_seed(7)
    before, stages = torch.get_rng_state(), {}
    model = convert(network(), technology, config=QUICK)
    stages["convert"] = torch.get_rng_state()
    optimizer = AnalogOptimizer(model, rule, lr=0.3)
    stages["optimizer"] = torch.get_rng_state()
    loss = model(values(0, 10, 6)).square().mean()
    stages["forward"] = torch.get_rng_state()
    loss.backward()
    stages["backward"] = torch.get_rng_state()
    optimizer.step()
    stages["step"] = torch.get_rng_state()
    for _, layer in analog_layers(model):
        layer.synapse.advance(1e6)
        layer.synapse.program(layer.synapse.weights().clamp(-0.5, 0.5))
    stages["advance and program"] = torch.get_rng_state()
    with torch.no_grad():
        model(values(0, 10, 6))
    stages["evaluate"] = torch.get_rng_state()
    assert [name for name, state in stages.items() if not torch.equal(state, before)] == []
