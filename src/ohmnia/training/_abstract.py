"""The interface of a learning rule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._validation import Strict
from ohmnia.array import Block, Synapse, Tile, UpdateRequest

BOTH_WAYS = "pulses in both directions"
# max|x| max|d| of a sample that asks for something; a solved task leaves less.
NO_ERROR = 1e-7
SYMMETRY_POINT = "a symmetry point inside the window"


class Lesson(NamedTuple):
    """What one block is asked to learn, as `AbstractRule.learn` takes it."""

    block: Block
    request: UpdateRequest
    learning_rate: float


class AbstractRule(Strict):
    """A frozen record of hyper-parameters; all state lives in the synapse's blocks. `citations` are bibliography keys.

    `when` says in a sentence when to use the rule, and `needs` what it asks of the device.
    `quiet_fix` and `short_fix` say what to try where it gives no pulses, and where its trains are too short.
    A rule that `reads_columns` inside its kernel reads ideal wires there; the optimizer refuses it between others.
    """

    citations: ClassVar[tuple[str, ...]] = ()
    reads_columns: ClassVar[bool] = False
    when: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = (BOTH_WAYS,)
    quiet_fix: ClassVar[str] = "Try a larger learning rate, or a smaller output_scale."
    short_fix: ClassVar[str] = "Try a smaller learning rate, a larger output_scale, or longer trains (`length`)."

    def derived(self, tile: Tile) -> dict[str, float]:
        """Hyper-parameters that follow from the device, with their values for a tile."""
        return {}

    def taught(self, block: Block) -> Tile:
        """The array that the gradient goes to."""
        return block.slow

    def most_pulses(self, tile: Tile, products: Float[Tensor, " samples"], learning_rate: float) -> float:
        """Pulses that one weight is to get at most, on average, from samples with these max|x| max|d|.

        `tile` is the one that is `taught`, and `learning_rate` acts on its weights.
        """
        return learning_rate * float(products.sum()) / tile.granularity

    def waiting(self, block: Block) -> float | None:
        """Largest part of a pulse on the slow array that a digital memory holds; None: none, or not filled for long enough."""
        return None

    @abstractmethod
    def prepare(self, block: Block) -> None:
        """Ask a block for the tiles and buffers that the rule needs; what is there already is kept."""

    @abstractmethod
    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """Apply one request to a block; `learning_rate` acts on tile weights, and x and d are the block's own parts."""

    def learn_all(self, lessons: Sequence[Lesson]) -> None:
        """Apply the requests of several blocks, one after the other."""
        for lesson in lessons:
            self.learn(*lesson)

    def apply(self, synapse: Synapse, learning_rate: float) -> None:
        """`apply_all` to one synapse."""
        self.apply_all([synapse], learning_rate)

    def apply_all(self, synapses: Iterable[Synapse], learning_rate: float) -> None:
        """Apply every queued request of each synapse, in order and as one mini-batch, and empty the queues.

        The learning rate acts on the effective weights s w_tile, hence lr / s on a tile.
        """
        lessons: list[Lesson] = []
        for synapse in synapses:
            rate = learning_rate / synapse.output_scale
            request = _joined(synapse.requests)
            if request is not None and len(synapse.blocks) == 1:
                lessons.append(Lesson(synapse.blocks[0], request, rate))
            elif request is not None:
                for block in synapse.blocks:
                    part = UpdateRequest(request.x[:, block.cols], request.d[:, block.rows])
                    lessons.append(Lesson(block, part, rate))
            synapse.requests.clear()
        self.learn_all(lessons)


def _joined(queue: list[UpdateRequest]) -> UpdateRequest | None:
    """One request for all."""
    if len(queue) < 2:
        return queue[0] if queue else None
    return UpdateRequest(torch.cat([request.x for request in queue]), torch.cat([request.d for request in queue]))
