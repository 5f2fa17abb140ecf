"""Device-to-device variation: how a technology's spread becomes one number for each cell."""

from __future__ import annotations

import torch
from torch import Tensor

from ohmnia.random import Stream, normal_like


def normal_spread(shape: tuple[int, ...], mean: float, sigma: float, stream: Stream) -> Tensor:
    """Normally spread values, float64."""
    return mean + sigma * normal_like(stream, shape)


def log_normal_factor(shape: tuple[int, ...], sigma: float, stream: Stream) -> Tensor:
    """Log-normal factors on a step whose reciprocal (a number of states) has mean 1, float64.

    For f = exp(sigma xi + sigma**2 / 2), E[1 / f] = 1.
    """
    return torch.exp(sigma * normal_like(stream, shape) + sigma**2 / 2)
