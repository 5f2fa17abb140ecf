"""Text, character by character: War and Peace (3,258,246 bytes, 87 symbols), or any file that is named.

Split as in the LSTM experiments on resistive arrays (Gokmen, Rasch and Haensch, Front. Neurosci. 12, 745, 2018): the last
325,000 characters are for the test. The last 5 % of the others are held out, for the choice of hyper-parameters.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from ohmnia._errors import InvalidValueError

CHARACTERS, SYMBOLS, TEST = 3_258_246, 87, 325_000
VALIDATION = 0.05
_FEWEST = 1000
_NAME = "text/warpeace_input.txt.gz"


@final
@dataclass(frozen=True, slots=True)
class Text:
    """A text as numbers of its symbols.

    Parameters
    ----------
    symbols
        Its distinct bytes in order; symbol k is `symbols[k]`.
    training, test
        Characters before the split, and behind it.
    """

    symbols: bytes
    training: Int[Tensor, " training"]
    test: Int[Tensor, " test"]

    @property
    def learned(self) -> Int[Tensor, " learned"]:
        """The first 95 % of the training characters: what every training learns, for choices and for results."""
        return self.training[: self._learned()]

    @property
    def validation(self) -> Int[Tensor, " validation"]:
        """The last 5 % of the training characters: they judge hyper-parameters, so that the test stays unseen."""
        return self.training[self._learned() :]

    def _learned(self) -> int:
        return round((1.0 - VALIDATION) * len(self.training))


def read_text(path: Path | None = None) -> Text:
    """Read a text and split it: the last 325,000 characters, or the last tenth of a shorter text, are for the test.

    Parameters
    ----------
    path
        A file, compressed where its name ends in .gz; None: War and Peace in `$OHMNIA_DATA/text`.

    Raises
    ------
    InvalidValueError
        No such file, and how to get one; fewer than 1,000 characters or two symbols; a War and Peace that is another text.
    """
    raw = _bytes(_standard() if path is None else path)
    text = _split(raw, path)
    if path is None and (len(raw), len(text.symbols)) != (CHARACTERS, SYMBOLS):
        raise InvalidValueError(
            f"{_NAME} holds {len(raw)} characters of {len(text.symbols)} kinds; War and Peace as published has "
            f"{CHARACTERS} of {SYMBOLS}. Name any other text as a file of its own (--text)."
        )
    return text


def streams(tokens: Int[Tensor, " characters"], count: int) -> tuple[Int[Tensor, "steps streams"], Int[Tensor, "steps streams"]]:
    """Cut a text into equal parts that are read side by side: inputs, and the character that follows each.

    Parameters
    ----------
    tokens
        The text; fewer than `count` characters at its end are left out.
    count
        Parts.

    Raises
    ------
    InvalidValueError
        More parts than characters.
    """
    steps = (len(tokens) - 1) // count
    if steps < 1:
        raise InvalidValueError(f"A text of {len(tokens)} characters has no {count} parts; take fewer, or a longer text.")
    inputs, following = (tokens[k : k + steps * count].reshape(count, steps).T.contiguous() for k in (0, 1))
    return inputs, following


def _standard() -> Path:
    folder = os.environ.get("OHMNIA_DATA")
    if folder is None:
        raise InvalidValueError(
            f"No text: name a file (--text FILE; War and Peace is in the public domain, Project Gutenberg has it), "
            f"or set OHMNIA_DATA to a folder with {_NAME}."
        )
    return Path(folder) / _NAME


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as error:
        raise InvalidValueError(
            f"Cannot read {path}: {error}. Name a text file (--text FILE), or set OHMNIA_DATA to a folder with {_NAME}."
        ) from error


def _split(raw: bytes, path: Path | None) -> Text:
    symbols = bytes(sorted(set(raw)))
    if len(raw) < _FEWEST or len(symbols) < 2:
        raise InvalidValueError(
            f"{path or _NAME} holds {len(raw)} characters of {len(symbols)} kinds; at least {_FEWEST} of 2 kinds are needed."
        )
    numbers = torch.zeros(256, dtype=torch.int64)
    numbers[list(symbols)] = torch.arange(len(symbols))
    tokens = numbers[torch.frombuffer(bytearray(raw), dtype=torch.uint8).long()]
    learned = len(tokens) - min(TEST, len(tokens) // 10)
    return Text(symbols, tokens[:learned], tokens[learned:])
