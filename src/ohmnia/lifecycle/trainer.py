"""One training loop for arrays and for floating point, cut at epochs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import nn

from ohmnia._errors import ConvergenceError, StateError
from ohmnia._threads import one_thread
from ohmnia.lifecycle.scenario import Training
from ohmnia.lifecycle.task import CLASSES, PIXELS, Task
from ohmnia.random import Stream, permutation, uniform

Scheduler = torch.optim.lr_scheduler.LRScheduler


def perceptron(hidden: tuple[int, ...], stream: Stream) -> nn.Sequential:
    """A multilayer perceptron with torch's initial law, U(+-1 / sqrt(fan-in)), drawn from a stream."""
    sizes = (PIXELS, *hidden, CLASSES)
    model = nn.Sequential()
    for k, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        cells = torch.arange(fan_out * (fan_in + 1))
        values = ((2.0 * uniform(stream.child("layer", k), cells) - 1.0) / fan_in**0.5).float()
        weight, bias = values[: fan_out * fan_in].reshape(fan_out, fan_in), values[fan_out * fan_in :]
        linear.load_state_dict({"weight": weight, "bias": bias})
        model.append(linear)
        if k < len(hidden):
            model.append(nn.Sigmoid())
    return model


def scheduler(optimizer: torch.optim.Optimizer, training: Training) -> Scheduler:
    """The learning-rate schedule."""
    if training.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.epochs)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def batches(samples: int, batch_size: int, stream: Stream, epoch: int) -> Iterator[torch.Tensor]:
    """Index sets of one epoch; the order follows from the stream and the epoch alone, so it survives a resume."""
    order = permutation(stream.at(epoch), samples)
    for start in range(0, samples, batch_size):
        yield order[start : start + batch_size]


def _step(optimizer: torch.optim.Optimizer, epoch: int) -> None:
    try:
        optimizer.step()
    except ConvergenceError as error:
        raise ConvergenceError(f"Epoch {epoch + 1}: {error}") from None


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, task: Task, training: Training, stream: Stream, epoch: int
) -> float:
    """One epoch of cross-entropy; returns its mean loss.

    Raises
    ------
    StateError
        The loss is NaN or infinite.
    ConvergenceError
        An array stands at its bounds.
    """
    total = 0.0
    with one_thread():
        for index in batches(len(task.x), training.batch_size, stream, epoch):
            loss = nn.functional.cross_entropy(model(task.x[index]), task.y[index])
            optimizer.zero_grad()
            loss.backward()
            _step(optimizer, epoch)
            total += loss.item() * len(index)
    mean = total / len(task.x)
    if not mean < float("inf"):
        raise StateError(f"Epoch {epoch + 1}: the loss is {mean}. Try a smaller learning rate.")
    return mean


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Fraction of right answers."""
    with torch.no_grad(), one_thread():
        return float((model(x).argmax(1) == y).double().mean())
