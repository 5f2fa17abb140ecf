"""MNIST: 60,000 training and 10,000 test images of 28 x 28 in 10 classes (LeCun et al., Proc. IEEE 86, 2278, 1998).

Read from the four IDX files in `$OHMNIA_DATA/mnist`; without that folder, fetched from OpenML by scikit-learn.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.lifecycle.task import Task

PIXELS, CLASSES = 784, 10
TRAINING, TEST, VALIDATION = 60000, 10000, 5000
_HEADERS = {"images": 16, "labels": 8}
_PARTS = (("train", TRAINING), ("t10k", TEST))


@final
@dataclass(frozen=True, slots=True)
class Mnist:
    """All images in [0, 1] and labels, as published.

    Parameters
    ----------
    x, y
        Training images and labels.
    x_test, y_test
        Test images and labels.
    """

    x: Float[Tensor, "60000 784"]
    y: Int[Tensor, "60000"]
    x_test: Float[Tensor, "10000 784"]
    y_test: Int[Tensor, "10000"]

    def for_choices(self) -> Task:
        """Learn from the first 55,000 images; the last 5,000 judge hyper-parameters, so that the test images stay unseen."""
        learned = TRAINING - VALIDATION
        return Task(self.x[:learned], self.y[:learned], self.x[learned:], self.y[learned:])

    def for_results(self) -> Task:
        """Learn from the first 55,000 images, as the choices did; the test images judge."""
        learned = TRAINING - VALIDATION
        return Task(self.x[:learned], self.y[:learned], self.x_test, self.y_test)


def read_idx(folder: Path, part: str, kind: str, count: int) -> Tensor:
    """Read the first images or labels of a compressed IDX file, uint8, (count, width).

    Parameters
    ----------
    folder
        Where the files are.
    part, kind
        "train" or "t10k"; "images" or "labels".
    count
        How many.

    Raises
    ------
    InvalidValueError
        A file that cannot be read, or is too short.
    """
    path = folder / f"{part}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz"
    width, header = PIXELS if kind == "images" else 1, _HEADERS[kind]
    try:
        with gzip.open(path) as file:
            raw = bytearray(file.read(header + count * width)[header:])
    except (OSError, EOFError) as error:
        raise InvalidValueError(
            f"Cannot read {path}: {error}. OHMNIA_DATA names a folder with mnist/*.gz (IDX files)."
        ) from error
    if len(raw) != count * width:
        raise InvalidValueError(f"{path} holds {len(raw) // width} {kind}; {count} are needed.")
    return torch.frombuffer(raw, dtype=torch.uint8).reshape(-1, width)


def mnist() -> Mnist:
    """Read or fetch MNIST.

    Raises
    ------
    InvalidValueError
        Neither files nor a connection; the text says how to get the data.
    """
    named = os.environ.get("OHMNIA_DATA")
    if named is None:
        return _fetched()
    folder = Path(named) / "mnist"
    x, x_test = (read_idx(folder, part, "images", count).float() / 255.0 for part, count in _PARTS)
    y, y_test = (read_idx(folder, part, "labels", count).flatten().long() for part, count in _PARTS)
    return Mnist(x, y, x_test, y_test)


def _fetched() -> Mnist:
    from sklearn.datasets import fetch_openml

    try:
        pixels, labels = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    except OSError as error:
        raise InvalidValueError(
            f"MNIST cannot be fetched from OpenML ({error}); set OHMNIA_DATA to a folder with mnist/*.gz, the four IDX files."
        ) from error
    x, y = torch.tensor(pixels, dtype=torch.float32) / 255.0, torch.tensor(labels.astype(int))
    return Mnist(x[:TRAINING], y[:TRAINING], x[TRAINING:], y[TRAINING:])
