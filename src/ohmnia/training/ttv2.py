"""Tiki-Taka v2: pulses onto A, reads of A into a digital H, and single steps of C where H has grown to 1.

The equations of `_transfer` with choppers of 1 and a fixed reference R, the symmetry points of A's cells: there up and down
steps cancel, so that A forgets while the gradient is noise. H is a low-pass filter which moves C by whole steps only.

References
----------
Gokmen, Front. Artif. Intell. 4, 699148 (2021). Limits: an error of R is learned; `reference_error` gives R one.
"""

from __future__ import annotations

from typing import ClassVar, final

from pydantic import Field

from ohmnia.array import Tile
from ohmnia.kernels import TransferSettings
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT
from ohmnia.training._transfer import AbstractReferencedRule


@final
class TTv2(AbstractReferencedRule):
    """Hyper-parameters of Tiki-Taka v2, beside those of every transfer rule with a reference.

    Parameters
    ----------
    momentum
        Factor on H after a transfer; None: subtract the transferred steps instead.
    """

    citations: ClassVar[tuple[str, ...]] = ("gokmen2021",)
    when: ClassVar[str] = "Symmetry points that are known exactly (calibrated)."
    needs: ClassVar[tuple[str, ...]] = (BOTH_WAYS, SYMMETRY_POINT)

    momentum: float | None = Field(default=None, ge=0, lt=1)

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes."""
        forget = -1.0 if self.momentum is None else self.momentum
        return super().settings(fast, slow, learning_rate)._replace(forget=forget)
