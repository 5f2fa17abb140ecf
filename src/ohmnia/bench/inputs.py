"""Inputs that both sides of a comparison get: the same bits from one seed, and MNIST where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ohmnia.lifecycle.mnist import CLASSES, PIXELS, read_idx
from ohmnia.random import Stream, normal_like, uniform

STREAM = Stream.root(20)


class Digits(NamedTuple):
    """Training images in [0, 1] (samples, 784), labels, and where they come from."""

    x: Tensor
    y: Tensor
    source: str


def update_inputs(side: int, batch: int, span: float) -> tuple[Tensor, Tensor]:
    """Return x ~ U(0, span) and d ~ U(-span, span), both (batch, side)."""
    counters = torch.arange(batch * side)
    x, d = (uniform(STREAM.child("update", name), counters).reshape(batch, side) for name in ("x", "d"))
    return (span * x).float(), (span * (2.0 * d - 1.0)).float()


def step_inputs(side: int, batch: int) -> tuple[Tensor, Tensor]:
    """Return x ~ .3 N(0, 1) and the output gradient d ~ .01 N(0, 1), both (batch, side)."""
    x, d = (size * normal_like(STREAM.child("step", name), (batch, side)) for name, size in (("x", 0.3), ("d", 0.01)))
    return x.float(), d.float()


def initial_weights(outputs: int, inputs: int) -> Tensor:
    """Torch's own law, U(+-1 / sqrt(inputs)), (outputs, inputs)."""
    drawn = uniform(STREAM.child("weights", outputs, inputs), torch.arange(outputs * inputs))
    return ((2.0 * drawn - 1.0) / inputs**0.5).reshape(outputs, inputs).float()


def digits(samples: int) -> Digits:
    """The first training samples of MNIST from $OHMNIA_DATA/mnist; without that folder, noise of the same shape.

    Raises
    ------
    InvalidValueError
        A file in the folder that cannot be read.
    """
    named = os.environ.get("OHMNIA_DATA")
    if named is None:
        x = uniform(STREAM.child("images"), torch.arange(samples * PIXELS)).reshape(samples, PIXELS)
        # As dark as MNIST: 19 % of its pixels are inked.
        x = torch.where(x < 0.19, x / 0.19, 0.0).float()
        return Digits(x, torch.arange(samples) % CLASSES, "synthetic images of the same shape (OHMNIA_DATA is not set)")
    folder = Path(named) / "mnist"
    images, labels = (read_idx(folder, "train", kind, samples) for kind in ("images", "labels"))
    return Digits(images.float() / 255.0, labels.flatten().long(), "MNIST")
