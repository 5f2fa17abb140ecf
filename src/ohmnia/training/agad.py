r"""AGAD: analog gradient accumulation with a dynamic reference.

The gradient is pulsed onto a fast array A with chopped inputs; its columns are read in turn, and what differs from a
reference P enters the digital H; where |H| reaches 1, the slow array C (which inference sees) gets a pulse:

    A  <- A - lr_A d (c x)^T                      pulses, every sample
    r   = read of column j of A                   every n_s samples, j in turn
    H_j <- H_j + c_j lr_H (r - P_j)
    M_j <- (1 - beta) M_j + beta r,  beta = min(tail / period, 1)
    C  gets trunc(H) pulses where |H| >= 1, which are subtracted from H (or H is multiplied by `momentum`)
    every `period` reads of column j:  P_j <- M_j,  c_j <- -c_j

No symmetry point is measured or programmed: an offset of A appears in P and cancels.

The default gamma0 makes lr mean what it means in plain SGD. Where A integrates without loss, its N reads of one chopper period
rise by lr_A n_s n times the gradient each, and P lies c reads above the turning point (c: the running mean's lag over the
triangle that A runs through), so that the transfers of a period add up to those of SGD when gamma0 = n_s n ((N + 1) / 2 - c).
On a device of few states the shorter of this and the memory of `_transfer` decides:

    1 / gamma0 = 1 / (n_s n ((N + 1) / 2 - c)) + dw_A / 20

A wait moves A away from P. Where it moves a cell by a quarter of a step (root mean square of the retention law for a cell
just pulsed), every column starts a new period, and C gets nothing before that is full. A smaller move is less than the
noise of one pulse, which the rule bears anyway, and what many short waits add up to is a steady drift, which choppers cancel.

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024). Deviations: no significance test, as in the published code; the mean of a
period that is not full is the plain mean of its reads.
"""

from __future__ import annotations

import math
from functools import cache
from typing import ClassVar, final

import torch
from pydantic import Field

from ohmnia.array import Block, Tile
from ohmnia.device import RestingCells
from ohmnia.kernels import TransferSettings
from ohmnia.random import normal_table
from ohmnia.training._transfer import FAST as FAST
from ohmnia.training._transfer import AbstractTransferRule

_NOTICED_IN_STEPS = 0.25


@cache
def _lag(period: int, beta: float) -> float:
    """Reads by which the running mean of a period lags behind its turning point.

    The wave is a triangle: k reads before its turning point, A was |(k + p) mod 2p - p| reads away.
    """
    return sum(beta * (1.0 - beta) ** k * abs((k + period) % (2 * period) - period) for k in range(40 * period))


def _moved_siemens(tile: Tile, seconds: float) -> float:
    """Root mean square of what a wait does to cells just pulsed to the mean symmetry point, over typical normals."""
    law, xi = tile.device.retention, normal_table()[8::16].double()
    level = torch.full_like(xi, tile.device.update.symmetry_point_siemens)
    # A fixed shuffle: the two normals of a cell do not go together.
    own = xi[torch.arange(len(xi)) * 37 % len(xi)]
    fresh = RestingCells(level.float(), level.float(), torch.zeros_like(xi), own, xi)
    moved = law.relaxed(fresh, min(seconds, law.longest_seconds)) - level.float().double()
    return float(moved.square().mean().sqrt())


@final
class AGAD(AbstractTransferRule):
    """Hyper-parameters of AGAD, beside those of every transfer rule; the defaults suit a device of about 20 states.

    Parameters
    ----------
    in_chop_prob
        Reciprocal of the chopper period: a column flips every ceil(1 / in_chop_prob) of its reads.
    tail_weightening
        Weight of the end of a period in the running mean.
    momentum
        Factor on H after a transfer; None: subtract the transferred steps instead.
    """

    citations: ClassVar[tuple[str, ...]] = ("rasch2024",)
    when: ClassVar[str] = "Few states, skewed and spread symmetry points: the default for ReRAM. No calibration."

    in_chop_prob: float = Field(default=0.1, gt=0, le=1)
    tail_weightening: float = Field(default=5.0, gt=0)
    momentum: float | None = Field(default=None, ge=0, lt=1)

    @property
    def period(self) -> int:
        """Reads of a column between two flips of its chopper."""
        return math.ceil(1.0 / self.in_chop_prob)

    def before(self, block: Block) -> None:
        """Where a wait since the last update has moved A, start a new period: no write to C before it is full."""
        clock, fast = block.buffers["clock"], block.tiles[FAST]
        wait = fast.clock_seconds - float(clock)
        if wait == 0.0:
            return
        clock.fill_(fast.clock_seconds)
        if _moved_siemens(fast, wait) > _NOTICED_IN_STEPS * fast.device.update.step_siemens:
            block.buffers["reads"].zero_()
            block.buffers["mean"].zero_()

    def memory(self, fast: Tile) -> float:
        """gamma0, in samples: as given, or the default of the module's equations."""
        if self.gamma0 is not None:
            return self.gamma0
        reads = (self.period + 1.0) / 2.0 - _lag(self.period, min(self.tail_weightening / self.period, 1.0))
        integrating = self.transfer_every * fast.cols * reads
        return 1.0 / (1.0 / integrating + 1.0 / super().memory(fast))

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes."""
        return (
            super()
            .settings(fast, slow, learning_rate)
            ._replace(
                period=self.period,
                wait=self.period,
                dynamic=1,
                mean_rate=min(self.tail_weightening / self.period, 1.0),
                forget=-1.0 if self.momentum is None else self.momentum,
            )
        )
