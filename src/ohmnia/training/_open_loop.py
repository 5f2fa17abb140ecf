"""What rules do that know their pulses beforehand: whole pulses on single cells, and reads of single columns."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ohmnia.array import PulseScheme, Tile

_SINGLE = PulseScheme(length=1)


def pulse_cells(tile: Tile, counts: Int64[Tensor, "rows cols"]) -> None:
    """Give |n| open-loop pulses to each weight (every plane of it), towards sign(n), column after column.

    A rank-one update with one input at 1 and gradients of -1, 0 and 1 that asks for one slot is certain: each of its lines
    fires with probability 1 or 0.
    """
    rounds = counts.abs().amax(0)
    columns = torch.repeat_interleave(torch.arange(tile.cols), rounds)
    if not len(columns):
        return
    first = torch.repeat_interleave(rounds.cumsum(0) - rounds, rounds)
    turn = torch.arange(len(columns)) - first
    chosen = counts.T[columns]
    d = torch.where(chosen.abs() > turn[:, None], -chosen.sign(), 0).float()
    tile.update(torch.eye(tile.cols)[columns], d, tile.granularity, _SINGLE)


def read_column(tile: Tile, column: int) -> Float[Tensor, " rows"]:
    """Read one column with its line at full input, through the periphery, in tile weights."""
    x = torch.zeros(1, tile.cols)
    x[0, column] = 1.0
    return tile.mvm(x)[0]


def transfer_column(target: Tile, column: int, change: Float[Tensor, " rows"], scheme: PulseScheme) -> None:
    """Add `change` (tile weights) to one column by stochastic trains, right on average."""
    x = torch.zeros(1, target.cols)
    x[0, column] = 1.0
    target.update(x, -change[None], 1.0, scheme)
