"""What every long training shares: options, and a chip or network that learns part by part, is saved after each, and goes on."""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ohmnia._errors import InvalidValueError, OhmniaError
from ohmnia._validation import validated
from ohmnia.experiments.training import improved
from ohmnia.kernels import set_threads
from ohmnia.lifecycle import Chip, LearningCurves
from ohmnia.lifecycle.checkpoint import read_file, under_prefix, with_prefix, write_file
from ohmnia.nn import analog_layers
from ohmnia.random import Stream, uniform
from ohmnia.technology import Technology, technology
from ohmnia.training import RULES, AbstractRule

# Name: rule, and the quantity of the update law that is another one than published.
CASES: dict[str, tuple[str, tuple[str, float] | None]] = {
    "published": ("agad", None),
    "noise-20": ("agad", ("noise_to_signal", 20.0)),
    "states-100": ("agad", ("states", 100.0)),
    "skew-50": ("agad", ("symmetry_skew", 50.0)),
    "sgd": ("sgd", None),
    "ttv2": ("ttv2", None),
    "chopped-ttv2": ("chopped-ttv2", None),
    "mixed-precision": ("mixed-precision", None),
    "residual-tiles": ("residual-tiles", None),
    "rider": ("rider", None),
}

# Options that say where and how fast, not what.
_NO_FACTS = ("name", "threads", "work", "out")


def add_options(parser: argparse.ArgumentParser, floats: Iterable[str], folder: str) -> None:
    """The options that every training has.

    Parameters
    ----------
    parser
        Gets them.
    floats
        Cases in floating point, beside those on arrays.
    folder
        Of the results, in docs/results.
    """
    parser.add_argument("case", choices=(*floats, *CASES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, required=True, help="initial learning rate, cosine to 0")
    parser.add_argument("--rule", action="append", default=[], metavar="NAME=VALUE", help="a hyper-parameter of the rule")
    parser.add_argument("--choose", action="store_true", help="judge on training data that are held out")
    parser.add_argument("--name", help="of the result; default: from the options")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of unfinished trainings")
    parser.add_argument("--out", type=Path, default=Path("docs/results") / folder)


def refuse_in_floating_point(options: argparse.Namespace, names: Iterable[str]) -> None:
    """Refuse options that mean something on arrays alone, where they are given."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) not in (None, False, [])]
    if given:
        raise InvalidValueError(f"{', '.join(given)}: for training on arrays; leave it out in floating point.")


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """What a training is: the options that decide its numbers."""
    kept = {name: value for name, value in vars(options).items() if name not in _NO_FACTS}
    return {name: str(value) if isinstance(value, Path) else value for name, value in kept.items()}


def device(case: str) -> Technology:
    """The published device, or one that is another in one respect."""
    change, published = CASES[case][1], technology("cmo-hfox")
    return improved(published, *change) if change else published


def rule(case: str, changes: list[str]) -> AbstractRule:
    """The learning rule of a case, with hyper-parameters that are given as NAME=VALUE; scheme.length is one of its trains."""
    values: dict[str, Any] = {}
    for item in changes:
        path, given, value = item.partition("=")
        if not given:
            raise InvalidValueError(f"--rule {item}: valid: NAME=VALUE, e.g. in_chop_prob=0.2.")
        *parts, name = path.split(".")
        inner = values
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[name] = _number(value)
    return validated(RULES.get(CASES[case][0]), values, "--rule")


def _number(text: str) -> float | str:
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return text


@torch.no_grad()
def fill(module: nn.Module, stream: Stream, fan: int) -> None:
    """torch's initial law of a layer, uniform on +-1 / sqrt(fan), drawn from a stream in the order of the parameters' names."""
    own = [parameter for _, parameter in sorted(module.named_parameters())]
    sizes = [parameter.numel() for parameter in own]
    drawn = (2.0 * uniform(stream, torch.arange(sum(sizes))) - 1.0) / fan**0.5
    for parameter, part in zip(own, drawn.float().split(sizes), strict=True):
        parameter.copy_(part.reshape(parameter.shape))


def versions() -> dict[str, str]:
    """Of what decides the numbers."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("ohmnia", "torch", "numpy", "numba")},
    }


def command() -> str:
    """How the present result is made again, from the root of the repository, wherever its files then go."""
    words = iter(sys.argv[1:])
    kept = [word for word in words if not (word in ("--work", "--out") and next(words, ""))]
    return "python " + shlex.join([f"studies/{Path(sys.argv[0]).name}", *kept])


@dataclass
class Progress:
    """Curves of a training so far, one entry an epoch (or piece), and the seconds that it took."""

    epoch: int = 0
    seconds: float = 0.0
    curves: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        """Append one value to each curve."""
        for name, value in values.items():
            self.curves.setdefault(name, []).append(value)


class Saved:
    """The state of a training in one file: arrays and digital parameters, learning rates, curves.

    Parameters
    ----------
    path
        The file.
    model, optimizer, scheduler
        What learns; what an optimizer keeps of its own is kept too, where it is tensors.
    facts
        What the training is; a file of another one is refused.
    """

    def __init__(self, path: Path, model: nn.Module, optimizer: Any, scheduler: Any, facts: dict[str, Any]) -> None:
        self.path, self.model, self.optimizer, self.scheduler, self.facts = path, model, optimizer, scheduler, facts
        self.chip = Chip(model) if any(True for _ in analog_layers(model)) else None

    def load(self) -> Progress:
        """Go on where the file stops; without a file, from the start."""
        if not self.path.is_file():
            return Progress()
        tensors, kept = read_file(self.path, "run")
        if kept["facts"] != json.loads(json.dumps(self.facts)):
            raise SystemExit(f"{self.path} is of another training ({kept['facts']}); remove it or name another --work folder.")
        if self.chip is None:
            self.model.load_state_dict({name: value for name, value in tensors.items() if not name.startswith("optimizer.")})
        else:
            self.chip.restore(tensors, kept["chip"], str(self.path))
        own: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in under_prefix("optimizer", tensors).items():
            index, _, key = name.partition(".")
            own.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict({"state": own, "param_groups": kept["groups"]})
        self.scheduler.load_state_dict(kept["scheduler"])
        return Progress(kept["epoch"], kept["seconds"], kept["curves"])

    def save(self, progress: Progress) -> None:
        """Replace the file."""
        tensors, chip = self.chip.state() if self.chip is not None else (dict(self.model.state_dict()), None)
        own = self.optimizer.state_dict()["state"].items()
        tensors |= with_prefix("optimizer", {f"{index}.{key}": value for index, kept in own for key, value in kept.items()})
        kept = {
            "facts": self.facts,
            "chip": chip,
            "groups": self.optimizer.state_dict()["param_groups"],
            "scheduler": self.scheduler.state_dict(),
            **vars(progress),
        }
        write_file(self.path, "run", tensors, kept)


def begin(options: argparse.Namespace, name: str, model: nn.Module, optimizer: torch.optim.Optimizer, parts: int) -> Saved:
    """Where a training begins: a learning rate that falls to 0 as a cosine, and the file of its state in `options.work`."""
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, parts)
    return Saved(options.work / f"{name}.safetensors", model, optimizer, plan, _facts(options))


def train(saved: Saved, parts: int, learn: Callable[[int], tuple[int, dict[str, float]]]) -> Progress:
    """Learn what is left, and save after each part; beside the state of arrays stand their curves.

    Parameters
    ----------
    saved
        Where the training stands, or begins.
    parts
        Epochs or pieces; the schedule takes one step in each.
    learn
        A part by its number to the samples that were learned, and values of curves.

    Returns
    -------
    Progress
        Of the whole training.
    """
    progress = saved.load()
    recorded = None
    if saved.chip is not None:
        recorded = LearningCurves(saved.model, saved.path.with_suffix(".curves.jsonl"), after=progress.epoch)
    while progress.epoch < parts:
        start = time.perf_counter()
        samples, values = learn(progress.epoch)
        saved.scheduler.step()
        progress.add(**values)
        if recorded is not None:
            recorded.record(progress.epoch + 1, samples, **values)
        progress.epoch, progress.seconds = progress.epoch + 1, progress.seconds + time.perf_counter() - start
        saved.save(progress)
        told = ", ".join(f"{name} {value:,.0f}" if value >= 1e4 else f"{name} {value:.5g}" for name, value in values.items())
        say(f"{saved.path.stem} {progress.epoch} of {parts}: {told}")
    return progress


def pulses_per_cell(model: nn.Module, samples: int) -> dict[str, float]:
    """Open-loop pulses of a mean cell of each kind of array, in each sample: the endurance that a training takes."""
    pulses: dict[str, int] = {}
    cells: dict[str, int] = {}
    for _, layer in analog_layers(model):
        for block in layer.synapse.blocks:
            for name, tile in block.tiles.items():
                pulses[name] = pulses.get(name, 0) + tile.activity.pulses
                cells[name] = cells.get(name, 0) + tile.conductance.numel()
    return {name: pulses[name] / cells[name] / max(samples, 1) for name in pulses}


def write_result(path: Path, facts: dict[str, Any], progress: Progress) -> None:
    """Store a result as small JSON."""
    data = {"command": command(), "versions": versions(), "seconds": round(progress.seconds, 1), **facts}
    data["curves"] = {name: [round(value, 5) for value in values] for name, values in progress.curves.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def say(text: str) -> None:
    """A line of progress."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def run(main: Callable[[], None]) -> None:
    """Run a study; what its user can mend is one line, not a traceback."""
    try:
        main()
    except OhmniaError as error:
        raise SystemExit(f"Error: {error}") from None


def use_threads(count: int) -> None:
    """Threads of the kernels, and one for torch: its sums differ in the last bit between thread counts."""
    torch.set_num_threads(1)
    set_threads(count)
