"""The interface of a learning rule."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch

from ohmnia._validation import Strict
from ohmnia.array import Block, Synapse, Tile, UpdateRequest

BOTH_WAYS = "pulses in both directions"
SYMMETRY_POINT = "a symmetry point inside the window"


class AbstractRule(Strict):
    """A frozen record of hyper-parameters; all state lives in the synapse's blocks. `citations` are bibliography keys.

    `when` says in a sentence when to use the rule, and `needs` what it asks of the device.
    """

    citations: ClassVar[tuple[str, ...]] = ()
    when: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = (BOTH_WAYS,)

    def derived(self, tile: Tile) -> dict[str, float]:
        """Hyper-parameters that follow from the device, with their values for a tile."""
        return {}

    @abstractmethod
    def prepare(self, block: Block) -> None:
        """Ask a block for the tiles and buffers that the rule needs; what is there already is kept."""

    @abstractmethod
    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """Apply one request to a block; `learning_rate` acts on tile weights, and x and d are the block's own parts."""

    def apply(self, synapse: Synapse, learning_rate: float) -> None:
        """Apply every queued request of a synapse, in order and as one mini-batch, and empty the queue.

        The learning rate acts on the effective weights s w_tile, hence lr / s on a tile.
        """
        queue = synapse.requests
        if queue:
            x, d = torch.cat([request.x for request in queue]), torch.cat([request.d for request in queue])
            for block in synapse.blocks:
                part = UpdateRequest(x[:, block.cols], d[:, block.rows])
                self.learn(block, part, learning_rate / synapse.output_scale)
        queue.clear()
