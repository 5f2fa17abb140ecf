"""War and Peace, character by character: LSTM 2 x 64 and a linear layer, on arrays or in floating point.

    OHMNIA_DATA=... python studies/text.py published --characters 3200000 --lr 2 --seed 0

A result goes to docs/results/text/NAME.json, the state of a training that was cut off to --work; the same command goes on.
With --choose the last 5 % of the training characters judge instead of the test: only such results choose hyper-parameters.
The text is read in order, as --streams parts side by side; a step learns from --steps characters of each and hands its state on.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from trainings import (
    Progress,
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

from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array import ArrayConfig, Periphery
from ohmnia.lifecycle.text import read_text, streams
from ohmnia.nn import convert
from ohmnia.random import Stream
from ohmnia.training import AnalogOptimizer

HIDDEN, LAYERS = 64, 2
FLOATS = {"float": torch.optim.SGD, "float-adam": torch.optim.Adam}
JUDGES = 50  # Parts of the judged text that are read side by side.
JUDGED = 40_000
State = tuple[Tensor, Tensor]


class Characters(nn.Module):
    """Logits of the next character. The state of the text that is being learned is part of the model, so that it is saved."""

    h: Tensor
    m: Tensor

    def __init__(self, symbols: int, parts: int, stream: Stream) -> None:
        super().__init__()
        self.symbols = symbols
        self.lstm = nn.LSTM(symbols, HIDDEN, LAYERS, device="meta").to_empty(device="cpu")
        self.head = nn.Linear(HIDDEN, symbols, device="meta").to_empty(device="cpu")
        fill(self.lstm, stream.child("lstm"), HIDDEN)
        fill(self.head, stream.child("head"), HIDDEN)
        for name in ("h", "m"):
            self.register_buffer(name, torch.zeros(LAYERS, parts, HIDDEN))

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Run through (steps, parts) characters."""
        outputs, state = self.lstm(nn.functional.one_hot(tokens, self.symbols).float(), state)
        return self.head(outputs), state

    def keep(self, state: State) -> None:
        """The state that the next characters start from."""
        self.h.copy_(state[0].detach())
        self.m.copy_(state[1].detach())


def cross_entropy(model: Characters, tokens: Tensor) -> float:
    """Mean over a text, nats a character; its parts start from zero states."""
    inputs, following = streams(tokens, JUDGES)
    total, state = 0.0, (torch.zeros(LAYERS, JUDGES, HIDDEN), torch.zeros(LAYERS, JUDGES, HIDDEN))
    with torch.no_grad():
        for x, y in zip(inputs.split(100), following.split(100), strict=True):
            logits, state = model(x, state)
            total += float(nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum"))
    return total / following.numel()


def build(options: argparse.Namespace, symbols: int) -> tuple[Characters, torch.optim.Optimizer]:
    """A network, on arrays but for floating point, and its optimizer."""
    model = Characters(symbols, options.streams, Stream.root(options.seed).child("weights"))
    if options.case in FLOATS:
        refuse_in_floating_point(options, ("scale", "pairs", "range", "rule", "digital_lr"))
        return model, FLOATS[options.case](model.parameters(), options.lr)
    pairs = (("*=" + item).split("=")[-2:] for item in options.scale)
    scale: Any = {name: _scale(value) for name, value in pairs} or None
    config = ArrayConfig(
        mapping="differential" if options.pairs else "one-device",
        periphery=Periphery() if options.range is None else Periphery(adc_range=options.range),
    )
    chip: Any = convert(model, device(options.case), config=config, output_scale=scale, seed=options.seed)
    return chip, AnalogOptimizer(chip, rule(options.case, options.rule), options.lr, options.digital_lr)


def _scale(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidValueError(f"--scale {text}: valid: a number, or PATTERN=NUMBER, e.g. head=1.") from None


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, FLOATS, "text")
    parser.add_argument("--characters", type=int, default=3_200_000, help="to be learned; 100 epochs are 278,658,300")
    parser.add_argument("--piece", type=int, default=100_000, help="characters between two evaluations and steps of the schedule")
    parser.add_argument("--steps", type=int, default=50, help="characters in time that a step goes back")
    parser.add_argument("--streams", type=int, default=8, help="parts of the text that are read side by side")
    parser.add_argument("--clip", type=float, default=0.0, help="largest norm of the gradient of what is digital; 0: any")
    parser.add_argument("--digital-lr", type=float, help="of the digital biases beside arrays; default: --lr")
    parser.add_argument(
        "--scale", action="append", default=[], metavar="[PATTERN=]VALUE", help="output scale of arrays; default: by fan-in"
    )
    parser.add_argument("--pairs", action="store_true", help="two devices for a weight instead of one")
    parser.add_argument("--range", type=float, help="largest output of the ADC in tile weights; default: 12")
    parser.add_argument("--text", type=Path, help="a text file; default: War and Peace in $OHMNIA_DATA")
    return parser.parse_args()


def file_name(options: argparse.Namespace) -> str:
    """Name of a training's files, without their ending."""
    kind, thousands = "choose-" if options.choose else "", round(options.characters / 1000)
    return options.name or f"{kind}{options.case}-c{thousands}k-lr{options.lr:g}-s{options.seed}"


def lessons(learned: Tensor, options: argparse.Namespace, piece: int) -> Iterator[tuple[bool, Tensor, Tensor]]:
    """The steps of a piece: whether the text begins anew, characters, and those that follow."""
    inputs, following = streams(learned, options.streams)
    length, count = len(inputs) // options.steps, options.piece // (options.steps * options.streams)
    if not (length and count):
        raise InvalidValueError(
            f"A step of --steps {options.steps} x --streams {options.streams} characters is longer than the text or --piece."
        )
    for k in range(piece * count, (piece + 1) * count):
        part = slice(k % length * options.steps, (k % length + 1) * options.steps)
        yield k % length == 0, inputs[part], following[part]


def train_piece(
    model: Characters, optimizer: torch.optim.Optimizer, learned: Tensor, options: argparse.Namespace, piece: int
) -> tuple[float, int]:
    """Learn a piece; its mean loss, and its characters."""
    total, characters = 0.0, 0
    for anew, x, y in lessons(learned, options, piece):
        if anew:
            model.keep((torch.zeros_like(model.h), torch.zeros_like(model.m)))
        # Copies: `keep` writes to the buffers, which the gradient still needs.
        logits, state = model(x, (model.h.clone(), model.m.clone()))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        if options.clip:
            nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimizer.step()
        model.keep(state)
        total, characters = total + loss.item() * y.numel(), characters + y.numel()
    if not math.isfinite(total):
        raise StateError(f"Piece {piece + 1}: the loss is {total}. Try a smaller learning rate.")
    return total / characters, characters


def main() -> None:
    """Train, or go on."""
    options = read_options()
    use_threads(options.threads)
    text = read_text(options.text)
    judge = text.validation if options.choose else text.test
    model, optimizer = build(options, len(text.symbols))
    pieces = math.ceil(options.characters / options.piece)
    saved = begin(options, file_name(options), model, optimizer, pieces)

    def learn(piece: int) -> tuple[int, dict[str, float]]:
        loss, learned = train_piece(model, optimizer, text.learned, options, piece)
        return learned, {
            "characters": (piece + 1) * learned,
            "loss": loss,
            "cross_entropy": cross_entropy(model, judge[:JUDGED]),
        }

    progress = train(saved, pieces, learn)
    write_result(options.out / f"{file_name(options)}.json", saved.facts | _summary(model, progress, judge), progress)


def _summary(model: Characters, progress: Progress, judge: Tensor) -> dict[str, Any]:
    """What the whole judging text says, in nats a character."""
    whole, learned = cross_entropy(model, judge), round(progress.curves["characters"][-1])
    return {
        "symbols": model.symbols,
        "learned_characters": learned,
        "judged_characters": len(judge),
        "cross_entropy": whole,
        "perplexity": math.exp(whole),
        "pulses_per_cell_and_character": pulses_per_cell(model, learned),
    }


if __name__ == "__main__":
    run(main)
