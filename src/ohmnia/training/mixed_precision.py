r"""Mixed precision: the gradient adds up in a digital memory of the size of the array, which is pulsed in whole steps only.

    chi <- chi - lr sum_b d_b x_b^T          digital, each mini-batch
    n    = trunc(chi / dw)                   pulses towards sign(n), at most `length` a step
    chi <- chi - n dw

======= =========================================================== ==============
symbol  meaning                                                     unit
======= =========================================================== ==============
chi     gradient that is not yet written                            tile weight
dw      granularity: mean step of a pulse at the symmetry point     tile weight
n       pulses of a mini-batch on one weight                        1
======= =========================================================== ==============

References
----------
Nandakumar et al., Front. Neurosci. 14, 406 (2020). Limits: the pulses are not verified, so that a step that differs from dw
is an error which only the next gradients see; the digital work is N^2 multiply-accumulates a sample, which
`Activity.digital_macs` counts.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from ohmnia.array import SLOW, Block, Tile, UpdateRequest
from ohmnia.training._abstract import AbstractRule
from ohmnia.training._open_loop import pulse_cells

_CHI = "chi"


@final
class MixedPrecision(AbstractRule):
    """Hyper-parameters of mixed precision.

    Parameters
    ----------
    step
        dw in tile weights; None: the granularity of the device.
    length
        Most pulses on one weight in a mini-batch; the rest waits in chi.
    """

    citations: ClassVar[tuple[str, ...]] = ("nandakumar2020",)
    when: ClassVar[str] = "Weights must be as good as possible, and N^2 digital work a sample is affordable."

    step: float | None = Field(default=None, gt=0)
    length: int = Field(default=31, ge=1)

    def prepare(self, block: Block) -> None:
        """The digital memory chi."""
        block.ensure_tile(SLOW)
        block.ensure_buffer(_CHI, torch.zeros(block.shape))

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """One mini-batch: chi in digital, then its whole steps as pulses."""
        self.prepare(block)
        tile, chi = block.slow, block.buffers[_CHI]
        dw = self.derived(tile)["step"]
        chi.sub_(request.d.float().T @ request.x.float(), alpha=learning_rate)
        wanted = (chi / dw).trunc()
        counts = wanted.clamp(-self.length, self.length)
        chi.sub_(counts, alpha=dw)
        tile.activity.digital_macs += (len(request.x) + 1) * chi.numel()
        if bool((wanted != counts).any()):
            tile.activity.short_updates += len(request.x)
        pulse_cells(tile, counts.long())

    def most_pulses(self, tile: Tile, products: Float[Tensor, " samples"], learning_rate: float) -> float:
        """What chi grows by at most, in steps."""
        return learning_rate * float(products.sum()) / self.derived(tile)["step"]

    def derived(self, tile: Tile) -> dict[str, float]:
        """The step."""
        return {"step": tile.granularity if self.step is None else self.step}
