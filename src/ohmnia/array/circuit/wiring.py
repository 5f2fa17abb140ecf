"""What a read through wires sees of a tile's cells: effective weights and their read noise, kept until the cells change.

A cell's noise reaches the output with the same loss as its conductance:

    sigma_eff = sigma G_eff / G,  the ratio held to 0 ... 1, the range of a passive divider.

That is first order in the wires' resistance, without the load of a cell on its own lines (1 / n of the loss with n cells on
a line).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from jaxtyping import Float
from torch import Tensor

from ohmnia.array.circuit.pairs import effective_planes
from ohmnia.array.circuit.wires import Wires
from ohmnia.array.mapping import Mapping


@final
class Wiring:
    """The wires of one tile.

    Parameters
    ----------
    wires
        Resistances; a tile's inputs drive the row lines, its outputs are sensed on the column lines.
    mapping
        Between tile weights and conductances.
    """

    def __init__(self, wires: Wires, mapping: Mapping) -> None:
        self.wires, self.mapping = wires, mapping
        self._kept: dict[str, tuple[Tensor, Tensor]] = {}

    def forget(self) -> None:
        """Drop what was derived from the cells."""
        self._kept.clear()

    def seen(
        self, drive: str, conductance: Float[Tensor, "planes outputs inputs"], sigma: Callable[[], Tensor]
    ) -> tuple[Float[Tensor, "outputs inputs"], Float[Tensor, "outputs inputs"]]:
        """Effective tile weights and the variance of one read of each.

        Parameters
        ----------
        drive
            "rows" in a forward read, "columns" in a transposed one, with the driver and the sense amplifier exchanged.
        conductance
            Of the cells (siemens).
        sigma
            Gives the standard deviation of one read of each cell (siemens), shaped as `conductance`.
        """
        drive = "rows" if self.wires.reciprocal else drive
        if drive not in self._kept:
            effective = effective_planes(conductance.mT, self.wires, drive).mT.contiguous()
            loss = (effective / conductance).clamp(0.0, 1.0)
            self._kept[drive] = self.mapping.weights(effective), self.mapping.variance(sigma() * loss)
        return self._kept[drive]
