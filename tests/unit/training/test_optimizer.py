"""The torch optimizer: two groups, schedulers, dropped requests, plain SGD for what is digital."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers import QUICK, QUICK_IDEAL, values
from ohmnia._errors import InvalidValueError
from ohmnia.nn import analog_layers, convert
from ohmnia.technology import Technology
from ohmnia.training import AGAD, SGD, AbstractRule, AnalogOptimizer

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
