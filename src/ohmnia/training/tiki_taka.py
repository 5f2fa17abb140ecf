"""Tiki-Taka v1: pulses onto A, and the reads of A straight onto C as stochastic pulse trains.

The equations of `_transfer` with choppers of 1 and a fixed reference R, the symmetry points of A's cells. A read v is a train
of `slow_length` slots on C, each with a pulse at probability |v| / slow_length: C follows v on average, read noise included.

References
----------
Gokmen & Haensch, Front. Neurosci. 14, 103 (2020). Limits: R is taken as known without error; C alone carries the weight
(gamma = 0 of the paper).
"""

from __future__ import annotations

from typing import ClassVar, Literal, final

from pydantic import Field

from ohmnia.array import Tile
from ohmnia.kernels import TransferSettings
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT
from ohmnia.training._transfer import AbstractReferencedRule


@final
class TikiTaka(AbstractReferencedRule):
    """Hyper-parameters of Tiki-Taka v1, those of every transfer rule with a reference.

    Parameters
    ----------
    slow_length
        Train of a transfer.
    """

    citations: ClassVar[tuple[str, ...]] = ("gokmen2020",)
    when: ClassVar[str] = "Known symmetry points, no digital matrix; noisier than TTv2."
    needs: ClassVar[tuple[str, ...]] = (BOTH_WAYS, SYMMETRY_POINT)

    slow_length: int = Field(default=5, ge=1)
    slow_unit: Literal[1] = 1

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes."""
        return super().settings(fast, slow, learning_rate)._replace(direct=1)
