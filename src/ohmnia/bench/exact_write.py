"""A write that hits its target at once: what another simulator's `set_weights` does, so that both sides start alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device.programming._abstract import AbstractProgrammingLaw, ProgramResult
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream


@final
@dataclass(frozen=True, slots=True)
class ExactWrite(AbstractProgrammingLaw):
    """No device does this; it only prepares a comparison."""

    acceptance_range: float = 0.002

    def program(
        self,
        conductance: Float[Tensor, " cells"],
        target: Float[Tensor, " cells"],
        parameters: Float[Tensor, "parameters cells"],
        acceptance: float,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Set every cell to its target, with no pulse and no read."""
        none = torch.zeros(target.shape, dtype=torch.int64)
        return ProgramResult(target.to(conductance.dtype), none, none, none.bool())
