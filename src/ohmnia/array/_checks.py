"""What no array can take is refused before anything is read or written."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range


def all_finite(value: Tensor) -> bool:
    """Whether there is neither NaN nor infinity."""
    flat = value.detach().reshape(-1)
    # One product is quicker than a test of every element; where the squares overflow, look closer.
    return math.isfinite(torch.dot(flat, flat)) or bool(torch.isfinite(flat).all())


def not_finite(name: str) -> InvalidValueError:
    """The error for NaN or infinity."""
    return InvalidValueError(
        f"{name} holds NaN or infinity; a physical array cannot take it. Check the data and the learning rate."
    )


def check_width(value: Tensor, last: int, name: str, shape: tuple[int, int]) -> None:
    """Refuse what is no batch of vectors of `last` elements for a tile of a shape.

    Raises
    ------
    InvalidValueError
        Another number of dimensions or another width.
    """
    if value.ndim != 2 or value.shape[-1] != last:
        raise InvalidValueError(
            f"{name} has the shape {tuple(value.shape)}; a tile of {shape[0]} x {shape[1]} needs (*, {last})."
        )


def check_update(x: Tensor, d: Tensor, learning_rate: float) -> None:
    """Refuse an update that is none.

    Raises
    ------
    InvalidValueError
        Another number of samples in `x` and `d`, or a learning rate that is negative or infinite.
    """
    if len(x) != len(d):
        raise InvalidValueError(f"x has {len(x)} samples and d has {len(d)}; an update needs as many of both.")
    if not 0 <= learning_rate < float("inf"):
        fix = "A gradient ascent changes the sign of d."
        raise out_of_range("learning rate", learning_rate, "0 <= learning rate < infinity", fix)
