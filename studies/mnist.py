"""MNIST, 784-256-128-10 sigmoid or LeNet-5, on arrays or in floating point (Falcone et al. 2025, Fig. 6b: 80 epochs).

    OHMNIA_DATA=... python studies/mnist.py published --epochs 80 --seed 0

A result goes to docs/results/mnist/NAME.json, the state of a training that was cut off to --work; the same command goes on.
Beside the state stand the learning curves of its arrays, NAME.curves.jsonl (`ohmnia.lifecycle.read_curves`).
With --choose the last 5,000 training images judge instead of the test images: only such results choose hyper-parameters.
"""

from __future__ import annotations

import argparse
import itertools
from typing import Any

import torch
from torch import nn
from trainings import (
    Progress,
    Saved,
    add_options,
    begin,
    device,
    fill,
    pulses_per_cell,
    refuse_in_floating_point,
    rule,
    run,
    train,
    use_threads,
    write_result,
)

from ohmnia.lifecycle.mnist import CLASSES, PIXELS, mnist
from ohmnia.lifecycle.scenario import Learn
from ohmnia.lifecycle.trainer import accuracy, train_epoch
from ohmnia.nn import convert
from ohmnia.random import Stream
from ohmnia.training import AnalogOptimizer

SIZES = (PIXELS, 256, 128, CLASSES)
BATCH = 10


def perceptron() -> nn.Sequential:
    """784-256-128-10 with sigmoids."""
    pairs = list(itertools.pairwise(SIZES))
    hidden = [module for pair in pairs[:-1] for module in (nn.Linear(*pair), nn.Sigmoid())]
    return nn.Sequential(*hidden, nn.Linear(*pairs[-1]))


def lenet() -> nn.Sequential:
    """LeNet-5 with 80,202 parameters, in the form of Rasch et al. (2024): two convolutions, two linear layers, tanh."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        *(nn.Conv2d(1, 16, 5), nn.Tanh(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 5), nn.Tanh(), nn.MaxPool2d(2), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(512, 128), nn.Tanh(), nn.Linear(128, CLASSES)),
    )


NETWORKS = {"perceptron": perceptron, "lenet-5": lenet}


def network(name: str, stream: Stream) -> nn.Sequential:
    """A network with torch's initial law, drawn from a stream."""
    with torch.device("meta"):
        model = NETWORKS[name]()
    model.to_empty(device="cpu")
    matrices = [layer for layer in model if isinstance(layer, nn.Linear | nn.Conv2d)]
    for k, layer in enumerate(matrices):
        fill(layer, stream.child(k), layer.weight[0].numel())
    return model


def build(options: argparse.Namespace) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A network, on arrays but for the case "float", and its optimizer."""
    model = network(options.network, Stream.root(options.seed).child("weights"))
    if options.case == "float":
        refuse_in_floating_point(options, ("scale", "rule"))
        return model, torch.optim.SGD(model.parameters(), options.lr)
    scale: Any = None if options.scale is None else {str(len(model) - 1): 2.0 * options.scale, "*": options.scale}
    chip = convert(model, device(options.case), output_scale=scale, seed=options.seed)
    return chip, AnalogOptimizer(chip, rule(options.case, options.rule), options.lr)


def add_all_options(parser: argparse.ArgumentParser) -> None:
    """What names a training, and where its files are."""
    add_options(parser, ("float",), "mnist")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="perceptron")
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--images", type=int, help="learn from so many; default: all 55,000")
    parser.add_argument("--scale", type=float, help="output scale of the arrays, the last layer twice that; default: by fan-in")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_all_options(parser)
    return parser.parse_args()


def file_name(options: argparse.Namespace) -> str:
    """Name of a training's files, without their ending."""
    kind = ("choose-" if options.choose else "") + ("" if options.network == "perceptron" else f"{options.network}-")
    return options.name or f"{kind}{options.case}-e{options.epochs}-lr{options.lr:g}-s{options.seed}"


def prepare(options: argparse.Namespace) -> Saved:
    """A network where its training begins."""
    use_threads(options.threads)
    return begin(options, file_name(options), *build(options), options.epochs)


def main() -> None:
    """Train, or go on."""
    options = read_options()
    data = mnist()
    task = data.for_choices() if options.choose else data.for_results()
    task = task if options.images is None else task.first(options.images)
    saved = prepare(options)
    training, order = Learn(epochs=options.epochs, batch_size=BATCH), Stream.root(options.seed).child("order")

    def learn(epoch: int) -> tuple[int, dict[str, float]]:
        loss = train_epoch(saved.model, saved.optimizer, task, training, order, epoch)
        return len(task.x), {"loss": loss, "accuracy": accuracy(saved.model, task.x_test, task.y_test)}

    progress = train(saved, options.epochs, learn)
    facts = saved.facts | _summary(saved.model, progress, len(task.x))
    write_result(options.out / f"{file_name(options)}.json", facts, progress)


def _summary(model: nn.Module, progress: Progress, samples: int) -> dict[str, Any]:
    last = progress.curves["accuracy"][-3:]
    return {
        "accuracy": progress.curves["accuracy"][-1],
        "accuracy_last_3": sum(last) / len(last),
        "pulses_per_cell_and_sample": pulses_per_cell(model, samples * progress.epoch),
    }


if __name__ == "__main__":
    run(main)
