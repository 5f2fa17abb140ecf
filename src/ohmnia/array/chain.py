"""The reads of several weight matrices as records, for a compiled pass through all of them.

What a read counts and draws is what `Synapse.forward` and `Synapse.backward` count and draw: the same streams in the same
order, hence the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import numpy as np
from torch import Tensor

from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array.synapse import Synapse
from ohmnia.kernels import READ

_USE = "read"


@final
class ChainedReads:
    """One record for each block of each matrix.

    Parameters
    ----------
    synapses
        In the order of the forward pass, no one twice.

    Attributes
    ----------
    records
        `ohmnia.kernels.READ`, (blocks,).
    spans
        First record and the one behind the last of each matrix.

    Raises
    ------
    InvalidValueError
        A matrix between wires, or on another kernel member than "cpu".
    """

    def __init__(self, synapses: Sequence[Synapse]) -> None:
        self.synapses = list(synapses)
        for synapse in self.synapses:
            _check_compiled(synapse)
        edges = np.cumsum([0] + [len(synapse.blocks) for synapse in self.synapses]).tolist()
        self.spans: list[tuple[int, int]] = list(pairwise(edges))
        self._blocks = [block for synapse in self.synapses for block in synapse.blocks]
        self.records = np.zeros(len(self._blocks), READ)
        for k, block in enumerate(self._blocks):
            path, record = block.slow.periphery.converters, self.records[k]
            record["row"], record["col"], (record["rows"], record["cols"]) = block.rows.start, block.cols.start, block.shape
            record["path"], record["rounds"] = (path.dac_step, *path.converter), path.rounds
        self._counts = self.records["counts"]
        self._keys = self.records["forward_key"], self.records["backward_key"]
        self._seen: list[tuple[Tensor | None, Tensor | None]] = [(None, None)] * len(self._blocks)

    def begin(self, first_back: int) -> None:
        """Put down weights, variances and the keys of the next reads: forward of all, backward from a matrix on.

        Raises
        ------
        StateError
            Reads that are compensated, or a sum over several arrays.
        """
        for synapse in self.synapses:
            _check_plain(synapse)
        self._counts[:] = 0
        back = self._behind(first_back)
        for k, block in enumerate(self._blocks):
            tile, (weights, variance) = block.slow, self._seen[k]
            seen = tile.seen("rows")
            if seen[0] is not weights or seen[1] is not variance:
                self._look(k, *seen)
            self._keys[0][k] = tile.uses.keys(_USE)[0]
            if k >= back:
                self._keys[1][k] = tile.uses.keys(_USE)[0]

    def _behind(self, first_back: int) -> int:
        """The first record of a matrix; of none, the one behind all."""
        return self.spans[first_back][0] if first_back < len(self.spans) else len(self._blocks)

    def _look(self, k: int, weights: Tensor, variance: Tensor | None) -> None:
        """Put down where weights and variances lie, and keep them."""
        variance = None if variance is None else variance.contiguous()
        self.records[k]["weights"] = weights.data_ptr()
        self.records[k]["variance"] = 0 if variance is None else variance.data_ptr()
        self._seen[k] = weights, variance

    def count(self) -> None:
        """Count what was read."""
        counts: list[list[int]] = self._counts.tolist()
        for block, (vectors, saturated, vectors_back, saturated_back) in zip(self._blocks, counts, strict=True):
            (rows, cols), activity = block.shape, block.slow.activity
            activity.count_reads(vectors, cols, rows, saturated)
            if vectors_back:
                activity.count_reads(vectors_back, rows, cols, saturated_back)

    def take_back(self, first_back: int) -> None:
        """Undo `begin` where a pass has failed."""
        back = self._behind(first_back)
        for k, block in enumerate(self._blocks):
            block.slow.uses.counts[_USE] -= 2 if k >= back else 1


def _check_compiled(synapse: Synapse) -> None:
    wired = any(tile.wiring is not None for tile in synapse.tiles())
    if wired or synapse.config.kernel != "cpu":
        what = "lies between wires" if wired else f"is on the kernel member '{synapse.config.kernel}'"
        raise InvalidValueError(
            f"Layer '{synapse.name}' {what}; a compiled pass reads ideal wires by the member 'cpu'. Use the model and its loss "
            "as they are: criterion(model(x), y).backward()."
        )


def _check_plain(synapse: Synapse) -> None:
    for block in synapse.blocks:
        compensated = synapse.compensated and block.compensation is not None
        if block.terms or compensated:
            what = "compensated" if compensated else "a sum over several arrays, as a rule has left them"
            raise StateError(
                f"Layer '{synapse.name}': its reads are {what}, which a compiled pass does not do. Use the model and its loss as "
                "they are: criterion(model(x), y).backward()."
            )
