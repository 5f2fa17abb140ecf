"""The update law of a technology that publishes none: its cells are programmed, read and age, but do not learn.

A cell that was never written stands at a conductance that the technology gives (the lower end of its window). Everything
that needs a pulse is refused. Limits: none; there is no physics in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import StateError
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream


@final
@dataclass(frozen=True, slots=True)
class NoPulses(AbstractUpdateLaw):
    """Stands where a technology has no update law.

    Parameters
    ----------
    technology
        Its id, for the error text.
    start_siemens
        Conductance of a cell that was never written.
    """

    technology: str
    start_siemens: float

    def _refuse(self, what: str) -> NoReturn:
        raise StateError(
            f"The technology '{self.technology}' has no update law, so it has no {what}. Give arrays that are only programmed "
            "zero = 'mid-window' or a differential mapping; to train, add [laws.update] to a technology file of your own."
        )

    @property
    def bidirectional(self) -> bool:
        """There are no pulses at all."""
        return False

    @property
    def symmetry_point_siemens(self) -> float:
        """Refused: without pulses there is none."""
        self._refuse("symmetry point")

    @property
    def step_siemens(self) -> float:
        """Refused: without pulses there is none."""
        self._refuse("step of a pulse")

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Cells without parameters."""
        return torch.zeros((0, *shape))

    def symmetry_points(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Where cells stand before their first write, siemens."""
        return torch.full(parameters.shape[1:], self.start_siemens, dtype=torch.float64)

    def widened(
        self,
        parameters: Float[Tensor, "parameters *cells"],
        low: Tensor | float,
        high: Tensor | float,
        step_factor: float,
    ) -> Float[Tensor, "parameters *cells"]:
        """Refused: there are no pulses to make stronger."""
        self._refuse("pulse for a closed loop")

    def weakened(
        self, parameters: Float[Tensor, "parameters *cells"], share: Float[Tensor, "*cells"]
    ) -> Float[Tensor, "parameters *cells"]:
        """Refused: there are no pulses to make weaker."""
        self._refuse("pulse that wires weaken")

    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        """Refused."""
        self._refuse("pulse")

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """Refused: without pulses there are none."""
        self._refuse("pulse for a kernel")
