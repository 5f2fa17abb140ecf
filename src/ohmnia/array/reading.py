r"""Reads over several arrays of one block, whose outputs are scaled and added digitally.

    y = sum_k gain_k A_k (c_k * x)

A_k is an array, read through its own periphery, or a digital memory of the block; c_k is a sign for each input.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array.tile import Tile


@final
@dataclass(frozen=True, slots=True)
class Term:
    """One part of a read.

    Parameters
    ----------
    part
        Name of a tile, or of a digital buffer, (rows, cols) in tile weights.
    gain
        Digital factor of its output.
    signs
        Name of the buffer that holds +-1 for each column; empty: none.
    """

    part: str
    gain: float
    signs: str = ""

    def _signed(self, x: Tensor, buffers: dict[str, Tensor]) -> Tensor:
        return x * buffers[self.signs] if self.signs else x

    def forward(
        self, x: Float[Tensor, "samples cols"], tiles: dict[str, Tile], buffers: dict[str, Tensor], use: str
    ) -> Float[Tensor, "samples rows"]:
        """gain A (c * x); the multiplications with a digital memory are counted on the first tile."""
        x = self._signed(x, buffers)
        if self.part in tiles:
            return tiles[self.part].mvm(x, use).mul_(self.gain)
        return self._digital(x, buffers[self.part].T, tiles)

    def backward(
        self, d: Float[Tensor, "samples rows"], tiles: dict[str, Tile], buffers: dict[str, Tensor], use: str
    ) -> Float[Tensor, "samples cols"]:
        """gain c * (A^T d)."""
        found = tiles[self.part].mvm_t(d, use).mul_(self.gain) if self.part in tiles else None
        return self._signed(self._digital(d, buffers[self.part], tiles) if found is None else found, buffers)

    def weights(self, tiles: dict[str, Tile], buffers: dict[str, Tensor]) -> Float[Tensor, "rows cols"]:
        """gain A c, without a read, in tile weights."""
        part = tiles[self.part].weights() if self.part in tiles else buffers[self.part]
        return self.gain * self._signed(part, buffers)

    def _digital(self, x: Tensor, matrix: Tensor, tiles: dict[str, Tile]) -> Tensor:
        next(iter(tiles.values())).activity.digital_macs += len(x) * matrix.numel()
        return (x @ matrix).mul_(self.gain)


@final
class Sums:
    """Partial sums of blocks that share output lines, in the order of the blocks."""

    def __init__(self) -> None:
        self.parts: dict[int, Tensor] = {}

    def add(self, lines: slice, part: Tensor) -> None:
        """Add outputs of some lines."""
        before = self.parts.get(lines.start)
        self.parts[lines.start] = part if before is None else before.add_(part)

    def joined(self) -> Tensor:
        """All lines, in order."""
        parts = [self.parts[start] for start in sorted(self.parts)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def even_parts(length: int, most: int) -> list[slice]:
    """Even parts of at most `most` lines."""
    count = -(-length // most)
    edges = [round(k * length / count) for k in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]
