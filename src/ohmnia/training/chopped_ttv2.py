r"""Chopped Tiki-Taka v2: as v2, with a random sign c_j for each column, so that an error of the reference averages out.

The equations of `_transfer` with a fixed reference R, the symmetry points of A's cells; after column j is read, c_j flips with
probability `in_chop_prob`. What A holds of the time before a flip counts against the gradient, so that flips have to be
rarer than A forgets: with gamma0 the memory of A in samples, and a column read every n_s n samples, by default

    in_chop_prob = min(0.1, n_s n / (2 gamma0))

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024); choppers of columns only.
"""

from __future__ import annotations

from typing import ClassVar, final

from pydantic import Field

from ohmnia.array import Tile
from ohmnia.kernels import TransferSettings
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT
from ohmnia.training._transfer import AbstractReferencedRule

_MOST = 0.1


@final
class ChoppedTTv2(AbstractReferencedRule):
    """Hyper-parameters of chopped Tiki-Taka v2, beside those of every transfer rule with a reference.

    Parameters
    ----------
    in_chop_prob
        Probability that a column's chopper flips after its read; None: by the memory of A.
    momentum
        Factor on H after a transfer; None: subtract the transferred steps instead.
    """

    citations: ClassVar[tuple[str, ...]] = ("rasch2024", "gokmen2021")
    when: ClassVar[str] = "As TTv2, where the symmetry points are measured with an error."
    needs: ClassVar[tuple[str, ...]] = (BOTH_WAYS, SYMMETRY_POINT)

    in_chop_prob: float | None = Field(default=None, gt=0, le=1)
    momentum: float | None = Field(default=None, ge=0, lt=1)

    def flip_probability(self, fast: Tile) -> float:
        """`in_chop_prob` as given, or the default of the module's equation."""
        if self.in_chop_prob is not None:
            return self.in_chop_prob
        return min(_MOST, self.transfer_every * fast.cols / (2.0 * self.memory(fast)))

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes."""
        forget = -1.0 if self.momentum is None else self.momentum
        flip = self.flip_probability(fast)
        return super().settings(fast, slow, learning_rate)._replace(flip_probability=flip, forget=forget)

    def derived(self, tile: Tile) -> dict[str, float]:
        """gamma0 and the chopper."""
        return {**super().derived(tile), "in_chop_prob": self.flip_probability(tile)}
