"""Learning on the chip (Falcone et al. 2025, Fig. 6), in its quick form: a small network on the digits of scikit-learn.

The paper trains a three-layer perceptron on MNIST and an LSTM on text; no accuracy is published as a number ("closely
matching the software equivalent"). The quick form trains 64-32-10 on 8 x 8 digits, in floating point and with AGAD, on the
published device and on three that are better in one respect, as in the paper's ablation.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from ohmnia._errors import InvalidValueError
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._verdict import Estimate, Limit, Shown
from ohmnia.lifecycle.scenario import Learn
from ohmnia.lifecycle.task import Task, digits
from ohmnia.lifecycle.trainer import accuracy, perceptron, scheduler, train_epoch
from ohmnia.nn import convert
from ohmnia.random import Stream
from ohmnia.technology import Quantity, Technology
from ohmnia.training import AnalogOptimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOAT, PUBLISHED = "floating point", "as published"
# Quantity of the update law and its better value, in the quantity's own unit: falcone2025, Fig. 6b, legend.
ABLATIONS = {
    "NSR 20 %": ("noise_to_signal", 20.0),
    "100 states": ("states", 100.0),
    "SP skew 50 %": ("symmetry_skew", 50.0),
}
_QUICK = "Quick form: 8 x 8 digits, 64-32-10; the paper trains on MNIST and publishes no number."
_IDS = {PUBLISHED: "published_device", "NSR 20 %": "noise_20", "100 states": "states_100", "SP skew 50 %": "skew_50"}


def training(
    technology: Technology | str | Path = "cmo-hfox", seed: int = 0, seeds: int = 3, epochs: int = 60, hidden: int = 32
) -> Outcome:
    """Train in floating point, on the published device, and on devices that are better in one respect.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file; its update law must name its states, skew and noise.
    seed
        Of the first training; the others follow.
    seeds
        Trainings of each kind, each with its own split, initial weights, cells and pulses.
    epochs, hidden
        Of every training; units of the hidden layer.
    """
    bench = Bench("training", "Training (Fig. 6), quick form", technology, seed)
    plan = Learn(epochs=epochs)
    bench.citations |= {*plan.build_rule().citations, "pedregosa2011"}
    devices = {PUBLISHED: bench.technology} | {
        name: improved(bench.technology, quantity, value) for name, (quantity, value) in ABLATIONS.items()
    }
    curves: dict[str, list[list[float]]] = {}
    for run in range(seed, seed + seeds):
        for name, curve in _train_all(devices, run, plan, hidden).items():
            curves.setdefault(name, []).append(curve)
    last = {name: torch.tensor([curve[-1] for curve in runs], dtype=torch.float64) for name, runs in curves.items()}
    bench.row("float", f"accuracy, {FLOAT}", Estimate.of_mean(last[FLOAT], "percent"), Shown(_QUICK))
    for name, values in last.items():
        if name == FLOAT:
            continue
        bench.row(_IDS[name], f"accuracy, AGAD, {name}", Estimate.of_mean(values, "percent"), Shown(_QUICK))
    below = Estimate.of_mean(last[FLOAT] - last[PUBLISHED], "percent")
    judge = Limit(at_most=0.01, remark=f"The paper: closely matching the software equivalent. {_QUICK}")
    bench.row("below_float", "AGAD on the published device below floating point, points", below, judge)
    plot = Plot(
        "training",
        "Learning on the chip",
        f"Accuracy on held-out digits, mean of {seeds} trainings: floating point, AGAD on the published device, and on devices "
        "that are better in one respect. The devices learn from the same data with the same schedule and default settings.",
        lambda: _figure(curves),
    )
    choices = [
        f"Both networks: learning rate {plan.lr:g}, {plan.schedule} schedule, batch {plan.batch_size}, {plan.epochs} epochs; the "
        "rates were chosen on a validation split of the training images.",
        "AGAD takes its defaults from the device, for each of the four devices alike.",
        "The spread of the noise between cells keeps its ratio to the mean where the mean changes.",
    ]
    return bench.outcome([plot], choices)


def improved(technology: Technology, quantity: str, value: float) -> Technology:
    """A technology with another value of one quantity of its update law; a normal spread of the noise scales along."""
    old = update_quantity(technology, quantity)
    spread = old.spread
    if spread is not None and quantity == "noise_to_signal" and not isinstance(old.value, tuple):
        spread = spread.model_copy(update={"value": spread.value * value / old.value})
    return with_update_quantity(technology, quantity, old.model_copy(update={"value": value, "spread": spread}))


def update_quantity(technology: Technology, quantity: str) -> Quantity:
    """A quantity of the update law.

    Raises
    ------
    InvalidValueError
        The technology has no update law.
    """
    entry = technology.laws.update
    if entry is None:
        raise InvalidValueError(f"{technology.id} has no update law, so it cannot be trained; add [laws.update].")
    return entry.quantities[quantity]


def with_update_quantity(technology: Technology, quantity: str, changed: Quantity) -> Technology:
    """A technology with one quantity of its update law replaced."""
    entry = technology.laws.update
    if entry is None:
        return technology
    quantities = entry.quantities | {quantity: changed}
    laws = technology.laws.model_copy(update={"update": entry.model_copy(update={"quantities": quantities})})
    return technology.model_copy(update={"laws": laws})


def _train_all(devices: dict[str, Technology], seed: int, plan: Learn, hidden: int) -> dict[str, list[float]]:
    """Accuracy after each epoch, of floating point and of each device."""
    stream, task = Stream.root(seed), digits(seed)
    start = perceptron((hidden,), stream.child("weights"))
    order, model = stream.child("order"), copy.deepcopy(start)
    curves = {FLOAT: _fit(model, torch.optim.SGD(model.parameters(), plan.float_lr), task, plan, order)}
    for name, device in devices.items():
        chip = convert(start, device, seed=stream.child("arrays").key0)
        curves[name] = _fit(chip, AnalogOptimizer(chip, plan.build_rule(), plan.lr), task, plan, order)
    return curves


def _fit(model: nn.Module, optimizer: torch.optim.Optimizer, task: Task, plan: Learn, order: Stream) -> list[float]:
    schedule, found = scheduler(optimizer, plan), []
    for epoch in range(plan.epochs):
        train_epoch(model, optimizer, task, plan, order, epoch)
        schedule.step()
        found.append(accuracy(model, task.x_test, task.y_test))
    return found


def _figure(curves: dict[str, list[list[float]]]) -> Figure:
    import numpy as np

    from ohmnia.analysis._style import INK, LEARNED, PALETTE, end_labels, house_style, new_figure

    looks = (
        (INK, (0, (4, 2))),
        (LEARNED, "-"),
        (PALETTE["device"], (0, (1, 1))),
        (PALETTE["transferred"], (0, (5, 1, 1, 1))),
        (PALETTE["second"], (0, (3, 1))),
    )
    with house_style():
        figure = new_figure(3.4)
        axes = figure.subplots()
        ends = []
        for (name, runs), (color, dash) in zip(curves.items(), looks, strict=True):
            mean = 100 * np.array(runs).mean(0)
            axes.plot(np.arange(1, len(mean) + 1), mean, color=color, linestyle=dash, linewidth=1.3)
            ends.append((float(mean[-1]), f"{name}: {mean[-1]:.1f} %", color))
        axes.set_ylim(90, 100)
        axes.set_xlim(1, max(2, len(next(iter(curves.values()))[0])))
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy on held-out digits (%)")
        end_labels(axes, ends)
    return figure
