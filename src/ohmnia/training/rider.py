r"""RIDER and E-RIDER: the reference of a fast array is tracked while it learns, and the residual takes part in every read.

    y     = (W + gamma c (P - Q')) x                      every read, forward and backward
    P    <- P - lr_P d (c x)^T                            pulses, every sample
    r     = read of column j of P                         every n_s samples, j in turn
    H_j  <- H_j + c_j lr_H (r - Q'_j);   W gets trunc(H) pulses where |H| >= 1
    Q_j  <- (1 - eta) Q_j + eta r
    E-RIDER: with probability p after the read  Q'_j <- Q_j,  c_j <- -c_j;     RIDER (p = 0): Q' = Q

======= ================================================================ ==============
symbol  meaning                                                          unit
======= ================================================================ ==============
W, P    slow and fast array                                              tile weight
Q, Q'   tracked symmetry point of P, and the copy of it that is used     tile weight
c       chopper of a column, +-1                                         1
gamma   share of the residual in a read                                  1
eta     rate at which Q follows P                                        1
p       probability that a chopper flips after a read of its column      1
======= ================================================================ ==============

With n inputs, P collects the gradient of about n_s n / p samples before a flip; on a device of few states it forgets sooner:

    1 / gamma0 = p / (n_s n) + dw / 20

References
----------
Xiao et al., arXiv 2602.21321 (2026): gamma 0.1, p 0.05, eta 5 * 0.05, fast rate 0.5. Limits: Q' is a digital memory (the
paper writes it to an array at each flip), and `Activity.digital_macs` counts its products; choppers act by column; W follows
beta (P - Q') through the digital H of the Tiki-Taka family; RIDER renews Q' once a mini-batch.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from pydantic import Field

from ohmnia.array import SLOW, Block, Term, Tile
from ohmnia.kernels import TransferSettings
from ohmnia.training._transfer import FAST, AbstractTransferRule


@final
class Rider(AbstractTransferRule):
    """Hyper-parameters of E-RIDER, beside those of every transfer rule.

    Parameters
    ----------
    chop_prob
        p; 0: RIDER, without choppers.
    track_rate
        eta.
    gamma
        Share of the residual P - Q' in a read.
    momentum
        Factor on H after a transfer; None: subtract the transferred steps instead.
    """

    citations: ClassVar[tuple[str, ...]] = ("xiao2026",)
    when: ClassVar[str] = "As AGAD, where the residual of the fast array shall count in every read; no calibration."

    fast_rate: float = Field(default=0.5, gt=0)
    chop_prob: float = Field(default=0.05, ge=0, le=1)
    track_rate: float = Field(default=0.25, gt=0, le=1)
    gamma: float = Field(default=0.1, gt=0, le=1)
    momentum: float | None = Field(default=None, ge=0, lt=1)

    def prepare(self, block: Block) -> None:
        """The fast array and its digital buffers, and the residual as a part of the block's read."""
        signs = "chopper"
        block.read_together((Term(SLOW, 1.0), Term(FAST, self.gamma, signs), Term("reference", -self.gamma, signs)))
        if FAST in block.tiles and "scalars" not in block.buffers:
            block.tiles[FAST].program(torch.zeros(block.shape), block.config.acceptance_range)
        super().prepare(block)

    def before(self, block: Block) -> None:
        """RIDER: the reference is what was tracked."""
        if self.chop_prob == 0.0:
            block.buffers["reference"].copy_(block.buffers["mean"])

    def memory(self, fast: Tile) -> float:
        """gamma0, in samples: as given, or the default of the module's equation."""
        if self.gamma0 is not None:
            return self.gamma0
        return 1.0 / (self.chop_prob / (self.transfer_every * fast.cols) + 1.0 / super().memory(fast))

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes."""
        forget = -1.0 if self.momentum is None else self.momentum
        own = super().settings(fast, slow, learning_rate)
        return own._replace(dynamic=1, flip_probability=self.chop_prob, mean_rate=self.track_rate, forget=forget)
