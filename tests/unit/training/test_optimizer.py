"""The torch optimizer: two groups, schedulers, dropped requests, plain SGD for what is digital."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from contracts.analog_layer import known
from helpers import QUICK, QUICK_IDEAL, near_ideal, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import Wires
from ohmnia.device import Device
from ohmnia.nn import analog_layers, convert
from ohmnia.technology import Technology
from ohmnia.training import AGAD, RULES, SGD, AbstractRule, AnalogOptimizer

RULE = AGAD(in_chop_prob=0.5, scaling="granularity")


def network(technology: Technology, **options: object) -> nn.Module:
    """6-5-3 on arrays, with digital biases."""
    model = nn.Sequential(*(nn.utils.skip_init(nn.Linear, *shape) for shape in ((6, 5), (5, 3))))
    model.insert(1, nn.Sigmoid())
    for seed, layer in enumerate((model[0], model[2])):
        layer.load_state_dict({"weight": 0.5 * values(seed, *layer.weight.shape), "bias": values(seed + 7, len(layer.bias))})
    return convert(model, technology, config=QUICK, **options)


def backward(model: nn.Module, seed: int) -> torch.Tensor:
    """One mini-batch."""
    loss = (model(values(seed, 5, 6)) - 1.0).square().mean()
    loss.backward()
    return loss.detach()


def requests(model: nn.Module) -> list[int]:
    """Requests that wait in each layer."""
    return [len(layer.synapse.requests) for _, layer in analog_layers(model)]


def arrays(model: nn.Module) -> list[bytes]:
    """Conductances of every tile."""
    tiles = [tile for _, layer in analog_layers(model) for tile in layer.synapse.tiles()]
    return [tile.conductance.numpy().tobytes() for tile in tiles]


def test_a_step_takes_every_request(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    before, biases = arrays(model), [p.detach().clone() for p in model.parameters()]
    for seed in range(2):
        backward(model, seed)
    assert requests(model) == [2, 2]
    gradients = [p.grad.clone() for p in model.parameters()]
    optimizer.step()
    assert requests(model) == [0, 0]
    assert all(now != then for now, then in zip(arrays(model)[1::2], before[1::2], strict=True))
    for parameter, start, gradient in zip(model.parameters(), biases, gradients, strict=True):
        torch.testing.assert_close(parameter.detach(), start - 0.1 * gradient)


def test_zero_grad_drops_requests_and_gradients(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    before = arrays(model)
    backward(model, 0)
    optimizer.zero_grad()
    assert requests(model) == [0, 0]
    assert all(p.grad is None for p in model.parameters())
    optimizer.step()
    assert arrays(model) == before


def test_a_dropped_batch_teaches_nothing(technology: Technology) -> None:
    results = []
    for dropped in (5, 6):
        model = network(technology)
        optimizer = AnalogOptimizer(model, SGD(), lr=0.1)
        backward(model, dropped)
        optimizer.zero_grad()
        backward(model, 0)
        optimizer.step()
        results.append(arrays(model))
    assert results[0] == results[1]


def test_the_rule_is_prepared_at_once(technology: Technology) -> None:
    model = network(technology)
    AnalogOptimizer(model, RULE, lr=0.1)
    assert [list(block.tiles) for _, layer in analog_layers(model) for block in layer.synapse.blocks] == [["slow", "fast"]] * 2


# --- learning rates ---------------------------------------------------------------------------------------------------


class Rates(AbstractRule):
    """Remembers the learning rates that it is given."""

    seen: list[float] = []

    def prepare(self, block: object) -> None:
        """Nothing."""

    def learn(self, block: object, request: object, learning_rate: float) -> None:
        """Remember."""
        self.seen.append(learning_rate)


def test_both_groups_follow_a_scheduler(technology: Technology) -> None:
    model, rule = network(technology, output_scale=2.0), Rates()
    optimizer = AnalogOptimizer(model, rule, lr=0.4, digital_lr=0.1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.4, 0.1]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    factors = []
    for step in range(4):
        before = model[0].bias.detach().clone()
        backward(model, step)
        gradient = model[0].bias.grad.clone()
        optimizer.step()
        factors.append(float((before - model[0].bias.detach()).dot(gradient) / gradient.dot(gradient)) / 0.1)
        schedule.step()
        optimizer.zero_grad()
    cosine = [(1 + torch.cos(torch.tensor(torch.pi * step / 4)).item()) / 2 for step in range(4)]
    assert factors == pytest.approx(cosine, rel=1e-4)
    # Two layers of output scale 2.
    assert rule.seen[::2] == rule.seen[1::2] == pytest.approx([0.4 / 2 * factor for factor in cosine])
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_at_a_rate_of_zero_the_arrays_rest(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before, biases = arrays(model), [p.detach().clone() for p in model.parameters()]
    backward(model, 0)
    optimizer.step()
    assert arrays(model) == before
    assert all(torch.equal(p.detach(), start) for p, start in zip(model.parameters(), biases, strict=True))
    assert requests(model) == [0, 0]


def test_a_group_of_its_own_has_its_own_rate(technology: Technology) -> None:
    model, extra = network(technology), nn.Parameter(torch.zeros(3))
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    optimizer.add_param_group({"params": [extra], "lr": 0.5})
    extra.grad = torch.ones(3)
    optimizer.step()
    torch.testing.assert_close(extra.detach(), torch.full((3,), -0.5))


@pytest.mark.parametrize(
    "rates", [(0.0, None), (-0.1, None), (float("nan"), None), (float("inf"), None), (0.1, 0.0), (0.1, -1.0)]
)
def test_a_rate_is_a_positive_number(technology: Technology, rates: tuple[float, float | None]) -> None:
    with pytest.raises(InvalidValueError, match="lr = .* positive number"):
        AnalogOptimizer(network(technology), RULE, *rates)


# --- torch's own conventions ------------------------------------------------------------------------------------------


def test_a_closure_is_called_with_gradients(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    before = arrays(model)

    def closure() -> float:
        optimizer.zero_grad()
        return backward(model, 0).item()

    with torch.no_grad():
        loss = optimizer.step(closure)
    assert loss is not None
    assert loss > 0
    assert arrays(model) != before
    assert requests(model) == [0, 0]


def test_its_state_goes_through_a_state_dict(technology: Technology) -> None:
    optimizer = AnalogOptimizer(network(technology), RULE, lr=0.4, digital_lr=0.1)
    other = AnalogOptimizer(network(technology), RULE, lr=1.0)
    torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for group in optimizer.param_groups:
        group["lr"] *= 0.5
    other.load_state_dict(optimizer.state_dict())
    assert [group["lr"] for group in other.param_groups] == [0.2, 0.05]
    assert not optimizer.state_dict()["state"]


def test_a_layer_that_is_used_twice_learns_twice(technology: Technology) -> None:
    model = convert(nn.Sequential(nn.Linear(4, 4)), technology, config=QUICK_IDEAL)
    optimizer = AnalogOptimizer(model, SGD(), lr=0.1)
    model(model(values(0, 5, 4))).sum().backward()
    assert requests(model) == [2]
    optimizer.step()
    assert requests(model) == [0]


def test_layers_without_a_bias_leave_no_digital_group(technology: Technology) -> None:
    model = convert(nn.Linear(6, 3, bias=False), technology, config=QUICK)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    assert len(optimizer.param_groups) == 1
    backward(model, 0)
    optimizer.step()
    assert requests(model) == [0]


def test_excluded_layers_are_trained_digitally(technology: Technology) -> None:
    model = network(technology, exclude=("2",))
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    before = model[2].weight.detach().clone()
    backward(model, 0)
    gradient = model[2].weight.grad.clone()
    optimizer.step()
    torch.testing.assert_close(model[2].weight.detach(), before - 0.1 * gradient)


def test_parameters_without_a_gradient_rest(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.1)
    model[0].bias.requires_grad_(False)
    before = model[0].bias.detach().clone()
    backward(model, 0)
    optimizer.step()
    assert torch.equal(model[0].bias.detach(), before)


def test_a_model_without_arrays_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="no analog layer.*convert"):
        AnalogOptimizer(nn.Linear(2, 2), RULE, lr=0.1)


# --- accumulation, clipping, any digital optimizer --------------------------------------------------------------------


def test_accumulated_batches_are_one_batch(technology: Technology, tmp_path: Path) -> None:
    """On noise-free arrays, two halves before a step teach what the whole batch does."""
    results = []
    for pieces in (1, 2):
        model = convert(known(nn.Linear(6, 3)), near_ideal(tmp_path), config=QUICK_IDEAL)
        optimizer, x = AnalogOptimizer(model, SGD(), lr=0.1), values(0, 8, 6)
        for part in x.chunk(pieces):
            (model(part).square().sum() / 8).backward()
        assert requests(model) == [pieces]
        gradient = model.bias.grad.clone()
        optimizer.step()
        results.append((arrays(model), gradient))
    assert results[0][0] == results[1][0]
    torch.testing.assert_close(results[0][1], results[1][1])


def test_clipping_reaches_the_digital_parameters_alone(technology: Technology) -> None:
    results = []
    for clip in (False, True):
        model = network(technology)
        optimizer, before = AnalogOptimizer(model, SGD(), lr=0.1), [p.detach().clone() for p in model.parameters()]
        backward(model, 0)
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        optimizer.step()
        moved = torch.cat([p.detach() - start for p, start in zip(model.parameters(), before, strict=True)])
        results.append((arrays(model), float(moved.norm())))
    assert results[0][0] == results[1][0]
    assert results[1][1] == pytest.approx(0.1 * 1e-3, rel=1e-3)
    assert results[0][1] > 10 * results[1][1]


OPTIMIZERS = {
    "momentum": lambda parameters: torch.optim.SGD(parameters, 0.05, momentum=0.9, nesterov=True),
    "adam": lambda parameters: torch.optim.Adam(parameters, 0.05),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, 0.05, weight_decay=0.1),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, 0.05, centered=True),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_digital_parameters_take_any_optimizer(technology: Technology, kind: str) -> None:
    """A digital twin with the same gradients moves in the same way, schedule included."""
    model = network(technology, exclude=("2",))
    twin = [nn.Parameter(p.detach().clone()) for p in model.parameters()]
    alone, optimizer = OPTIMIZERS[kind](twin), AnalogOptimizer(model, RULE, 0.1, digital=OPTIMIZERS[kind](model.parameters()))
    schedules = [torch.optim.lr_scheduler.StepLR(each, 2, gamma=0.5) for each in (optimizer, alone)]
    for step in range(6):
        optimizer.zero_grad()
        backward(model, step)
        for parameter, own in zip(twin, model.parameters(), strict=True):
            parameter.grad = own.grad.clone()
        optimizer.step()
        alone.step()
        for schedule in schedules:
            schedule.step()
    assert all(torch.equal(a, b) for a, b in zip(twin, model.parameters(), strict=True))
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1 / 8, 0.05 / 8])


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}, {"maximize": True}, {"momentum": 0.9}, {"lr": 1}])
def test_plain_sgd_is_torchs_whatever_its_groups_ask_for(technology: Technology, options: dict[str, float]) -> None:
    model = network(technology, exclude=("2",))
    twin = [nn.Parameter(p.detach().clone()) for p in model.parameters()]
    alone, optimizer = torch.optim.SGD(twin, 0.05), AnalogOptimizer(model, RULE, 0.1, digital_lr=0.05)
    alone.param_groups[0].update(options)
    optimizer.param_groups[-1].update(options)
    for step in range(3):
        optimizer.zero_grad()
        backward(model, step)
        for parameter, own in zip(twin, model.parameters(), strict=True):
            parameter.grad = None if step == 1 and parameter is twin[0] else own.grad.clone()
        if step == 1:
            next(model.parameters()).grad = None
        optimizer.step()
        alone.step()
    assert all(torch.equal(a, b) for a, b in zip(twin, model.parameters(), strict=True))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_digital_state_goes_through_a_state_dict(technology: Technology, kind: str) -> None:
    models = [network(technology) for _ in range(2)]
    optimizers = [AnalogOptimizer(model, RULE, 0.1, digital=OPTIMIZERS[kind](model.parameters())) for model in models]
    backward(models[0], 0)
    optimizers[0].step()
    models[1].load_state_dict(models[0].state_dict())
    # torch hands out its tensors as they are.
    optimizers[1].load_state_dict(copy.deepcopy(optimizers[0].state_dict()))
    for step in range(1, 4):
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.zero_grad()
            backward(model, step)
            optimizer.step()
    assert optimizers[1].state_dict()["state"]
    assert arrays(models[0]) == arrays(models[1])
    assert all(torch.equal(*pair) for pair in zip(models[0].parameters(), models[1].parameters(), strict=True))


def test_a_state_without_options_that_are_new_is_filled_up(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, RULE, lr=0.4, digital_lr=0.2)
    state = optimizer.state_dict()
    state["param_groups"] = [{"params": group["params"], "lr": group["lr"] / 2} for group in state["param_groups"]]
    optimizer.load_state_dict(state)
    before = model[0].bias.detach().clone()
    backward(model, 0)
    gradient = model[0].bias.grad.clone()
    optimizer.step()
    torch.testing.assert_close(model[0].bias.detach(), before - 0.1 * gradient)


def test_a_group_that_is_added_follows_the_digital_optimizer(technology: Technology) -> None:
    model, extra = network(technology), nn.Parameter(torch.zeros(3))
    optimizer = AnalogOptimizer(model, RULE, 0.1, digital=torch.optim.Adam(model.parameters(), 0.05))
    optimizer.add_param_group({"params": [extra], "lr": 0.5})
    extra.grad = torch.full((3,), 7.0)
    optimizer.step()
    torch.testing.assert_close(extra.detach(), torch.full((3,), -0.5))
    bare = AnalogOptimizer(convert(nn.Linear(6, 3, bias=False), technology, config=QUICK), RULE, lr=0.25)
    bare.add_param_group({"params": [extra]})
    extra.grad = torch.ones(3)
    bare.step()
    torch.testing.assert_close(extra.detach(), torch.full((3,), -0.75))


def test_a_digital_optimizer_that_does_not_fit_is_refused(technology: Technology) -> None:
    model = network(technology)
    with pytest.raises(InvalidValueError, match="digital_lr is that of plain SGD"):
        AnalogOptimizer(model, RULE, 0.1, 0.1, torch.optim.Adam(model.parameters()))
    with pytest.raises(InvalidValueError, match="LBFGS evaluates the network several times"):
        AnalogOptimizer(model, RULE, 0.1, digital=torch.optim.LBFGS(model.parameters()))
    with pytest.raises(InvalidValueError, match="give a table of rules"):
        AnalogOptimizer(model, RULE, 0.1, digital=AnalogOptimizer(model, RULE, 0.1))


# --- rules by layer ---------------------------------------------------------------------------------------------------


def test_rules_and_rates_are_chosen_by_layer(technology: Technology) -> None:
    model = network(technology)
    optimizer = AnalogOptimizer(model, {"0": RULE, "*": SGD()}, {"0": 0.4, "*": 0.2})
    assert [list(layer.synapse.blocks[0].tiles) for _, layer in analog_layers(model)] == [["slow", "fast"], ["slow"]]
    assert [group["lr"] for group in optimizer.param_groups] == [0.4, 0.2, 0.2]
    optimizer.param_groups[0]["lr"] = 0.0
    before = arrays(model)
    backward(model, 0)
    optimizer.step()
    assert [now == then for now, then in zip(arrays(model), before, strict=True)] == [True, True, False]
    assert requests(model) == [0, 0]


def test_layers_of_one_rule_and_rate_are_one_group(technology: Technology) -> None:
    optimizer = AnalogOptimizer(network(technology), {"*": RULE}, 0.4)
    assert [len(group["params"]) for group in optimizer.param_groups] == [2, 2]


def test_rules_that_mean_no_layer_or_leave_one_out_are_refused(technology: Technology) -> None:
    model = network(technology)
    with pytest.raises(UnknownNameError, match="'1' in rule"):
        AnalogOptimizer(model, {"1": RULE, "*": RULE}, 0.1)
    with pytest.raises(UnknownNameError, match="'1' in lr"):
        AnalogOptimizer(model, RULE, {"1": 0.1})
    with pytest.raises(InvalidValueError, match=r"Layer '2' has no rule or no lr; add an entry '\*'"):
        AnalogOptimizer(model, {"0": RULE}, 0.1)
    with pytest.raises(InvalidValueError, match="lr = 0.0"):
        AnalogOptimizer(model, RULE, {"0": 0.0, "*": 0.1})


def test_a_closure_may_return_a_tensor(technology: Technology) -> None:
    model = network(technology)
    loss = AnalogOptimizer(model, RULE, 0.1).step(lambda: backward(model, 0))
    assert loss.shape == ()


@pytest.mark.parametrize("name", list(RULES))
def test_a_rule_that_reads_columns_is_refused_between_wires(device: Device, name: str) -> None:
    rule = RULES.get(name)()
    model = network(device.technology)
    AnalogOptimizer(model, rule, lr=0.1)
    # Between wires from the start, or later: what counts is where the arrays are.
    for _, layer in analog_layers(model):
        for tile in layer.synapse.tiles():
            tile.put_between(Wires(row_ohm=1.0, column_ohm=1.0))
    if name not in ("sgd", "mixed-precision", "residual-tiles"):
        with pytest.raises(InvalidValueError, match="Train this layer with SGD, MixedPrecision or ResidualTiles"):
            AnalogOptimizer(model, rule, lr=0.1)
    else:
        optimizer = AnalogOptimizer(model, rule, lr=0.1)
        backward(model, 0)
        optimizer.step()
