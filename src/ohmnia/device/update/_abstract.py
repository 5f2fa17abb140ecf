"""The interface of an update law: what one open-loop pulse does to a cell."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ohmnia._errors import StateError
from ohmnia.random import Stream


class AbstractUpdateLaw(ABC):
    """Pure functions over (conductance, cell parameters); a concrete law is a frozen record of coefficients."""

    __slots__ = ()

    @property
    def bidirectional(self) -> bool:
        """Whether open-loop pulses move a cell up and down."""
        return True

    @property
    @abstractmethod
    def symmetry_point_siemens(self) -> float:
        """Conductance at which a mean cell's steps up and down are equal."""

    @property
    @abstractmethod
    def step_siemens(self) -> float:
        """Mean step of a mean cell at its symmetry point."""

    @abstractmethod
    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Draw the parameters of every cell."""

    @abstractmethod
    def symmetry_points(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Each cell's own symmetry point, siemens."""

    @abstractmethod
    def widened(
        self, parameters: Float[Tensor, "parameters *cells"], low: Tensor | float, high: Tensor | float, step_factor: float
    ) -> Float[Tensor, "parameters *cells"]:
        """Parameters of the same cells under stronger pulses, which reach other bounds (siemens; one each, or one for all)."""

    def weakened(
        self, parameters: Float[Tensor, "parameters *cells"], share: Float[Tensor, "*cells"]
    ) -> Float[Tensor, "parameters *cells"]:
        """Parameters of the same cells where only a share (0 to 1) of a pulse's voltage reaches each.

        Raises
        ------
        StateError
            The law does not say how a step depends on the voltage.
        """
        fix = "Give laws.update.quantities.half_voltage_ratio in a technology file of your own, or use ideal wires."
        raise StateError(f"The update law '{type(self).__name__}' does not say what a weaker pulse does. {fix}")

    @abstractmethod
    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        """Conductance after one pulse in `direction` with the normal `xi`, siemens."""

    @abstractmethod
    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """The law as the kernels take it: code, multiplicative flag, exponents."""

    def kernel_tables(self) -> tuple[NDArray[np.float32], ...]:
        """What a tabulated law adds for the kernels: relative steps, (2, points), once; nothing where it has no tables."""
        return ()
