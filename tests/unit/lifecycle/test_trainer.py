"""The training loop: order, schedule, divergence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ohmnia import StateError
from ohmnia.lifecycle.scenario import Training
from ohmnia.lifecycle.task import Task, digits
from ohmnia.lifecycle.trainer import accuracy, batches, perceptron, scheduler, train_epoch
from ohmnia.random import Stream


def test_perceptron_has_torchs_initial_law_and_no_global_generator() -> None:
    before = torch.get_rng_state()
    model = perceptron((200, 30), Stream.root(0))
    assert torch.equal(torch.get_rng_state(), before)
    assert [tuple(p.shape) for p in model.parameters()] == [(200, 64), (200,), (30, 200), (30,), (10, 30), (10,)]
    weight = next(model.parameters()).detach()
    # U(-b, b) with b = 1/8: the standard deviation of the sample variance over 12,800 draws is below 1 %.
    assert float(weight.abs().max()) <= 1 / 8
    assert float(weight.var()) == pytest.approx(1 / 64 / 3, rel=0.04)
    assert torch.equal(perceptron((200, 30), Stream.root(0))[2].weight, model[2].weight)


def test_every_epoch_visits_every_sample_once_in_its_own_order() -> None:
    stream = Stream.root(3)
    first, second = (torch.cat(list(batches(105, 10, stream, epoch))) for epoch in (0, 1))
    assert first.sort().values.tolist() == list(range(105))
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.cat(list(batches(105, 10, stream, 0))))


def test_cosine_ends_at_zero_and_constant_stays() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    for schedule, last in (("cosine", 0.0), ("constant", 0.5)):
        optimizer = torch.optim.SGD([parameter], 0.5)
        plan = scheduler(optimizer, Training(epochs=7, schedule=schedule))
        for _ in range(7):
            optimizer.step()
            plan.step()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(last, abs=1e-12)


def test_training_learns() -> None:
    task = digits(0)
    model = perceptron((16,), Stream.root(0))
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    losses = [train_epoch(model, optimizer, task, Training(epochs=3), Stream.root(1), epoch) for epoch in range(3)]
    assert losses[2] < losses[1] < losses[0]
    assert accuracy(model, task.x_test, task.y_test) > 0.8


def test_divergence_stops_with_epoch_and_advice() -> None:
    task = digits(0)
    small = Task(task.x[:20], task.y[:20], task.x_test, task.y_test)
    model = nn.Linear(64, 10)
    nn.init.constant_(model.weight, float("inf"))
    with pytest.raises(StateError, match="Epoch 5.*smaller learning rate"):
        train_epoch(model, torch.optim.SGD(model.parameters(), 1.0), small, Training(), Stream.root(0), 4)
