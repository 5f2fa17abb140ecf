"""All in one at the scale of MNIST: a trained chip ages to 10 years, infers at each time, and learns turned digits from there.

    OHMNIA_DATA=... python studies/mnist_life.py published --epochs 80 --seed 0 --lr 0.2 --scale 0.5

The options are those of the finished training (studies/mnist.py) whose state lies in --work. The digits are turned by a quarter;
the chip and a floating-point network learn them with the learning rates of their first training, for --again epochs.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from mnist import BATCH, add_all_options, prepare
from torch import nn
from trainings import Progress, Saved, run, say, write_result

from ohmnia.lifecycle.mnist import mnist
from ohmnia.lifecycle.scenario import Learn, Retain
from ohmnia.lifecycle.task import Task
from ohmnia.lifecycle.trainer import accuracy, train_epoch
from ohmnia.random import Stream

SIDE = 28
# Options that the first training did not have.
_LATER = ("again", "float_lr")


def turned(task: Task) -> Task:
    """Every image by a quarter turn."""
    x, x_test = (torch.rot90(part.reshape(-1, SIDE, SIDE), 1, (1, 2)).reshape(len(part), -1) for part in (task.x, task.x_test))
    return Task(x.contiguous(), task.y, x_test.contiguous(), task.y_test)


def age(saved: Saved, task: Task, facts: dict[str, Any]) -> None:
    """Accuracy at each age, as read and with digital drift compensation."""
    chip, plan = saved.chip, Retain()
    if chip is None:
        raise SystemExit("Floating point does not age; name a case on arrays.")
    chip.record_reference()
    before = 0.0
    for name, seconds in zip(plan.times, plan.ages_seconds(), strict=True):
        chip.advance(seconds - before)
        before, raw = seconds, accuracy(chip.model, task.x_test, task.y_test)
        chip.calibrate()
        with chip.compensated():
            compensated = accuracy(chip.model, task.x_test, task.y_test)
        facts["ages"][name] = {"raw": raw, "compensated": compensated}
        say(f"{name}: {100 * raw:.2f} % as read, {100 * compensated:.2f} % compensated")


def learn_again(model: nn.Module, optimizer: torch.optim.Optimizer, task: Task, epochs: int, seed: int) -> list[float]:
    """Accuracy on the changed task before and after each epoch."""
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    curve, order = [accuracy(model, task.x_test, task.y_test)], Stream.root(seed).child("order", "again")
    for epoch in range(epochs):
        train_epoch(model, optimizer, task, Learn(epochs=epochs, batch_size=BATCH), order, epoch)
        plan.step()
        curve.append(accuracy(model, task.x_test, task.y_test))
        say(f"turned digits, epoch {epoch + 1}: {100 * curve[-1]:.2f} %")
    return curve


def trained(options: argparse.Namespace, case: str, lr: float) -> Saved:
    """A finished training of the same seed and epochs, with the learning rates of its start."""
    first = {name: value for name, value in vars(options).items() if name not in _LATER}
    own = argparse.Namespace(**{**first, "case": case, "lr": lr, "choose": False})
    if case == "float":
        own.scale, own.rule, own.name = None, [], None
    saved = prepare(own)
    if saved.load().epoch < options.epochs:
        raise SystemExit(f"{saved.path} holds no finished training; run studies/mnist.py with these options first.")
    for group in saved.optimizer.param_groups:
        group["lr"] = group["initial_lr"] = lr
    return saved


def main() -> None:
    """Age, infer, learn again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_all_options(parser)
    parser.add_argument("--again", type=int, default=10, help="epochs on the turned digits")
    parser.add_argument("--float-lr", type=float, default=0.5, help="learning rate of the floating-point training")
    options = parser.parse_args()
    start, task = time.perf_counter(), mnist().for_results()
    saved = trained(options, options.case, options.lr)
    floating = trained(options, "float", options.float_lr)
    facts: dict[str, Any] = {**saved.facts, "again": options.again, "ages": {}}
    age(saved, task, facts)
    changed = turned(task)
    curves = {"again": learn_again(saved.model, saved.optimizer, changed, options.again, options.seed)}
    curves["again_float"] = learn_again(floating.model, floating.optimizer, changed, options.again, options.seed)
    progress = Progress(options.again, time.perf_counter() - start, curves)
    write_result(options.out / "life" / f"{options.case}-s{options.seed}.json", facts, progress)


if __name__ == "__main__":
    run(main)
