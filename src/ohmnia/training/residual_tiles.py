r"""Residual learning over several arrays: each one holds, in finer units, what the ones before it cannot.

    W     = sum_k gamma^k W_k,  k = 0 ... K - 1           every read, forward and backward
    W_K-1 <- W_K-1 - lr d x^T                             pulses, every sample
    W_k   <- W_k + beta_k W_k+1  (one column)             pulses, every T_k samples, columns in turn

The last array learns the gradient; what it holds moves up column by column by open-loop reads, and the gradient then takes
back what the sum has too much. W_0 is the slow tile. With j = 0 for the last pair and rising towards W_0,

    beta = beta_0 1.2^j,   T = T_0 5^j,   gamma = min(2 / states, 0.5)

======= ================================================================ ==============
symbol  meaning                                                          unit
======= ================================================================ ==============
K       arrays                                                           1
gamma   unit of an array in that of the one before it                    1
beta_k  rate of a transfer onto array k                                  1
T_k     samples between two column transfers onto array k                1
======= ================================================================ ==============

A range of two tile weights over `states` steps makes 2 / states the granularity: an array reaches one step of the one before.

References
----------
Li et al., arXiv 2510.02516 (2025): gamma 0.5 for 4 states, 0.2 for 10; beta 0.1 * 1.2^n, T 2 * 5^n. Limits: all arrays learn
from the start (the paper can add them one by one when the loss stands still); no symmetry point is corrected for.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from pydantic import Field

from ohmnia.array import SLOW, Block, PulseScheme, Term, Tile, UpdateRequest
from ohmnia.training._abstract import AbstractRule
from ohmnia.training._open_loop import read_column, transfer_column

_SEEN = "residual_samples"
_COLUMNS = "residual_columns"
_LARGEST_GAMMA = 0.5


@final
class ResidualTiles(AbstractRule):
    """Hyper-parameters of residual learning; the defaults are those of the paper.

    Parameters
    ----------
    tiles
        K, arrays for each weight.
    gamma
        Unit of each array in that of the one before it; None: from the number of states.
    scheme
        Pulse trains of the gradient on the last array and of the transfers.
    transfer_rate, transfer_rate_growth
        beta of the last pair, and its factor from pair to pair.
    transfer_every, transfer_every_growth
        T of the last pair in samples, and its factor from pair to pair.
    """

    citations: ClassVar[tuple[str, ...]] = ("li2025residual",)
    when: ClassVar[str] = "Very few states (4 to 16) and room for several arrays a weight; no digital matrix."

    tiles: int = Field(default=3, ge=2, le=16)
    gamma: float | None = Field(default=None, gt=0, lt=1)
    scheme: PulseScheme = PulseScheme(length=31)
    transfer_rate: float = Field(default=0.1, gt=0)
    transfer_rate_growth: float = Field(default=1.2, gt=0)
    transfer_every: int = Field(default=2, ge=1)
    transfer_every_growth: int = Field(default=5, ge=1)

    def names(self) -> list[str]:
        """Names of the arrays, from the coarsest to the finest."""
        return [SLOW, *(f"residual{k}" for k in range(1, self.tiles))]

    def taught(self, block: Block) -> Tile:
        """The finest array."""
        return block.tiles[self.names()[-1]]

    def unit(self, tile: Tile) -> float:
        """gamma, as given or by the granularity of the device."""
        return min(tile.granularity, _LARGEST_GAMMA) if self.gamma is None else self.gamma

    def prepare(self, block: Block) -> None:
        """The arrays at weight 0 beside the slow one, their sum as the block's read, and the counters."""
        gamma = self.unit(block.ensure_tile(SLOW))
        block.read_together(tuple(Term(name, gamma**k) for k, name in enumerate(self.names())))
        if _SEEN in block.buffers:
            return
        for name in self.names()[1:]:
            kept = name in block.tiles
            tile = block.ensure_tile(name)
            if kept:
                tile.program(torch.zeros(block.shape), block.config.acceptance_range)
        block.ensure_buffer(_SEEN, torch.zeros(1, dtype=torch.int64))
        block.ensure_buffer(_COLUMNS, torch.zeros(self.tiles - 1, dtype=torch.int64))

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """One mini-batch: the gradient onto the last array, and the transfers that fall due after each sample."""
        self.prepare(block)
        x, d = request.x.float(), request.d.float()
        last, seen, start = block.tiles[self.names()[-1]], block.buffers[_SEEN], 0
        while start < len(x):
            stop = min(start + self.transfer_every - int(seen) % self.transfer_every, len(x))
            last.update(x[start:stop], d[start:stop], learning_rate, self.scheme)
            seen += stop - start
            start = stop
            if int(seen) % self.transfer_every == 0:
                self._transfer(block, int(seen))

    def _transfer(self, block: Block, seen: int) -> None:
        """Move one column up in every pair whose turn it is, the last pair first."""
        names, columns = self.names(), block.buffers[_COLUMNS]
        for j in range(self.tiles - 1):
            if seen % (self.transfer_every * self.transfer_every_growth**j):
                break
            onto = self.tiles - 2 - j
            column = int(columns[j])
            found = read_column(block.tiles[names[onto + 1]], column)
            rate = self.transfer_rate * self.transfer_rate_growth**j
            transfer_column(block.tiles[names[onto]], column, rate * found, self.scheme)
            columns[j] = (column + 1) % block.slow.cols

    def derived(self, tile: Tile) -> dict[str, float]:
        """gamma."""
        return {"gamma": self.unit(tile)}
