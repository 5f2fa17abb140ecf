"""What wires leave of reads and pulses. A read sees effective weights and their noise, kept until the cells change.

A cell's noise reaches the output with the same loss as its conductance:

    sigma_eff = sigma G_eff / G,  the ratio held to 0 ... 1, the range of a passive divider.

That is first order in the wires' resistance, without the load of a cell on its own lines (1 / n of the loss with n cells on
a line).

The verify reads of a closed loop see the cell itself.

A pulse reaches a cell with a share of its voltage (`pulsing`), which makes the cell's step smaller by the law of its technology.
With half-voltage coincidence a cell on one firing line moves too: by the mean of its half pulses, without their noise, which
is k n_up of its step up and k n_down of its step down (k: `half_voltage_ratio`; n: expected half pulses, `sent`). That is the
most it can be: what the wires take from a half pulse is left out, and such a pulse does not renew the cell's age.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array.circuit.pairs import effective_planes
from ohmnia.array.circuit.pulsing import pulse_shares
from ohmnia.array.circuit.sent import SentTrains
from ohmnia.array.circuit.wires import Pairs, Wires
from ohmnia.array.mapping import Mapping
from ohmnia.device import AbstractUpdateLaw
from ohmnia.kernels import Cells

_SHARED: dict[Pairs, Literal["none", "inputs", "outputs"]] = {
    "interleaved-columns": "inputs",
    "interleaved-rows": "outputs",
    "separate": "none",
}


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

    def pulsed(self, cells: Cells, law: AbstractUpdateLaw, sent: SentTrains | None = None) -> Cells:
        """The same cells with the steps that the pulses which reach them make; None: one cell at a time.

        Raises
        ------
        StateError
            A law that does not say what a weaker pulse does.
        """
        share = pulse_shares(torch.from_numpy(cells.conductance).mT, self.wires, (0.0, 0.0) if sent is None else sent.firing).mT
        weak = law.weakened(torch.from_numpy(cells.parameters), share)
        return cells._replace(parameters=weak.contiguous().numpy())

    def disturb(self, cells: Cells, law: AbstractUpdateLaw, sent: SentTrains | None) -> bool:
        """Move half-selected cells in place by the mean of their half pulses; whether there were any."""
        if self.wires.coincidence == "gate" or sent is None or not sent.lines_fire:
            return False
        g, own = torch.from_numpy(cells.conductance), torch.from_numpy(cells.parameters).double()
        half = law.weakened(own, torch.full(g.shape, 0.5, dtype=torch.float64))
        more, less = sent.half_pulses(_SHARED[self.wires.pairs] if len(g) > 1 else "none")
        # The second plane of a pair moves against the first.
        up, down = (torch.stack(parts[: len(g)]) for parts in ([more, less], [less, more]))
        zero = torch.zeros_like(g, dtype=torch.float64)

        def ways(at: Tensor) -> tuple[Tensor, Tensor]:
            return up * (law.pulse(at, 1, half, zero) - at), down * (at - law.pulse(at, -1, half, zero))

        # Steps change along the way, so that no more than a tenth of a full step is taken at once.
        moved = g.double()
        parts = 1 + int(10 * torch.stack(ways(moved)).sum(0).max() / law.step_siemens)
        for _ in range(parts):
            rise, fall = ways(moved)
            moved = moved + (rise - fall) / parts
        g.copy_(moved)
        return True

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
