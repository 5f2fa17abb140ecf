"""The interface of a transport law: the current through a cell in its two end states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

from jaxtyping import Float
from torch import Tensor

State = Literal["lrs", "hrs"]


class AbstractTransportLaw(ABC):
    """A static current-voltage branch for the low-resistance state (LRS) and one for the high-resistance state (HRS)."""

    __slots__ = ()

    @abstractmethod
    def cell_current(self, cell_volts: Float[Tensor, "*points"], state: State) -> Float[Tensor, "*points"]:
        """Current (amperes) at a voltage (volts) across the switching layer alone."""

    @abstractmethod
    def current(self, volts: Float[Tensor, "*points"], state: State, outer_ohms: float = 0.0) -> Float[Tensor, "*points"]:
        """Current (amperes) at a voltage (volts) across the cell, its leads and an outer resistance in series (ohms)."""

    @abstractmethod
    def conductance_siemens(self, state: State) -> float:
        """Slope of the current at zero volts, of the switching layer alone."""

    @abstractmethod
    def conductivity_siemens_per_metre(self, state: State) -> float:
        """Conductivity of the switching layer at zero field."""
