"""Analog SGD: pulses straight onto the array that inference sees (Gokmen & Vlasov, Front. Neurosci. 10, 333, 2016).

The baseline. It needs a symmetric device with many states: on an asymmetric one the weights are drawn to the symmetry point.
"""

from __future__ import annotations

from typing import ClassVar, final

from ohmnia.array import SLOW, Block, PulseScheme, UpdateRequest
from ohmnia.training._abstract import AbstractRule


@final
class SGD(AbstractRule):
    """Plain stochastic gradient descent by open-loop pulses.

    Parameters
    ----------
    scheme
        How an update becomes pulse trains.
    """

    citations: ClassVar[tuple[str, ...]] = ("gokmen2016",)
    when: ClassVar[str] = "The baseline: a symmetric device with about 1,000 states or more; one array."

    scheme: PulseScheme = PulseScheme(length=31)

    def prepare(self, block: Block) -> None:
        """Nothing beyond the tile that inference sees."""
        block.ensure_tile(SLOW)

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """dw = -lr d x^T."""
        block.slow.update(request.x.float(), request.d.float(), learning_rate, self.scheme)
