"""Where the cells of an array stand: at their bounds, beside their symmetry points, and over the range of weights."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ohmnia.array.tile import Tile

_LOW, _HIGH = 2, 3
_AT_BOUND = 0.02
BINS = 80
EDGES: tuple[float, ...] = tuple((k - BINS // 2) / 20.0 for k in range(BINS + 1))
"""Edges of the bins of `histogram`, tile weights."""


def saturated_share(tile: Tile) -> float:
    """Share of the weights whose cells all stand within 2 % of the bound in one direction; NaN where a cell is NaN."""
    low, high = tile.parameters[_LOW], tile.parameters[_HIGH]
    place = (tile.conductance - low) / (high - low)
    if bool(place.isnan().any()):
        return float("nan")
    gains = torch.tensor(tile.mapping.gains)[:, None, None]
    towards = torch.where(gains > 0, place, 1.0 - place)
    held = (towards > 1.0 - _AT_BOUND).all(0) | (towards < _AT_BOUND).all(0)
    return float(held.float().mean())


def histogram(weights: Float[Tensor, "rows cols"]) -> Int64[Tensor, " bins"]:
    """Number of tile weights in each bin of `EDGES`; the outer bins are open, and NaN is in none."""
    place = (weights[~weights.isnan()] * (BINS / (EDGES[-1] - EDGES[0])) + BINS / 2).floor()
    return torch.bincount(place.clamp(0, BINS - 1).long(), minlength=BINS)


def steps_from_symmetry(tile: Tile, symmetry_points: Float[Tensor, "planes rows cols"]) -> Float[Tensor, "planes rows cols"]:
    """Distance of every cell from its own symmetry point (siemens), in mean steps of the device."""
    return (tile.conductance - symmetry_points) / tile.device.update.step_siemens
