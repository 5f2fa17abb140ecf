"""Physical cells: pulses of any amplitude and width, slow sweeps, and their currents in an array.

The state is ln C of each cell, the density of vacancies; conductances are read from it (see `ohmnia.device.compact`).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import ConvergenceError, StateError, out_of_range
from ohmnia.array.circuit.cells import AbstractCells, CellCurrents
from ohmnia.device.compact import HoppingCell
from ohmnia.kernels import CompactLaw, integrate, static

RANGE_PER_M3 = (1e23, 2e26)


class Loop(NamedTuple):
    """A sweep: voltages (points,), and at each the currents (points, ...)."""

    volts: Tensor
    amperes: Tensor


@final
class PhysicalCells(AbstractCells):
    """Cells of the compact model.

    Parameters
    ----------
    model
        Their equations and parameters.
    density
        C of each cell (1/m^3), of any shape; a number for all cells of `shape`.
    shape
        With one density for all.

    Raises
    ------
    InvalidValueError
        A density outside the model's range.
    """

    def __init__(self, model: HoppingCell, density: Tensor | float, shape: tuple[int, ...] = ()) -> None:
        self.model, self._law = model, CompactLaw(*model.kernel_coefficients())
        density = torch.as_tensor(density, dtype=torch.float64).expand(shape) if shape else torch.as_tensor(density).double()
        if not bool(((density >= RANGE_PER_M3[0]) & (density <= RANGE_PER_M3[1])).all()):
            extremes = f"{float(density.min()):.3g} to {float(density.max()):.3g} / m^3"
            raise out_of_range("density", extremes, f"{RANGE_PER_M3[0]:g} to {RANGE_PER_M3[1]:g} / m^3")
        self.log_density = density.log().clone()

    @property
    def density(self) -> Float64[Tensor, "..."]:
        """C of each cell (1/m^3)."""
        return self.log_density.exp()

    def static(self, volts: Float[Tensor, "..."] | float) -> Float64[Tensor, "3 ..."]:
        """Current (A), its derivative with the voltage (S) and temperature (K), at a voltage held on each cell.

        Parameters
        ----------
        volts
            Broadcast against the cells, samples first.
        """
        v, y = torch.broadcast_tensors(torch.as_tensor(volts, dtype=torch.float64), self.log_density)
        found = static(self._law, v.contiguous().view(-1).numpy(), y.contiguous().view(-1).numpy())
        return torch.from_numpy(found).view(3, *v.shape)

    def conductance(self, read_volts: float = 0.2) -> Float64[Tensor, "..."]:
        """I / V of each cell (siemens) at a read, which moves nothing."""
        return self.static(read_volts)[0] / read_volts

    def currents(self, row: Tensor, column: Tensor) -> CellCurrents:
        """As `AbstractCells.currents`."""
        amperes, slope, _ = self.static(row - column)
        return CellCurrents(amperes, slope, -slope)

    def hold(self, volts: Float[Tensor, "..."] | float, seconds: float) -> None:
        """Keep a voltage on each cell."""
        self.ramp(volts, volts, seconds)

    def ramp(self, start: Float[Tensor, "..."] | float, end: Float[Tensor, "..."] | float, seconds: float) -> None:
        """Take the voltage of each cell linearly from `start` to `end`.

        Raises
        ------
        InvalidValueError
            A time that is not positive.
        ConvergenceError
            A cell whose integration ran out of steps; the state is left as it was.
        StateError
            A cell that has left the model's range; the state is left as it was.
        """
        if not 0 < seconds < float("inf"):
            raise out_of_range("seconds", seconds, "above 0")
        top = max(float(torch.as_tensor(v).abs().max()) for v in (start, end))
        moved = self.log_density.contiguous().view(-1).numpy().copy()
        first, last = (
            np.ascontiguousarray(torch.as_tensor(v, dtype=torch.float64).expand(self.log_density.shape).reshape(1, -1).numpy())
            for v in (start, end)
        )
        failed = integrate(self._law, moved, np.array([float(seconds)]), first, last)
        if failed:
            raise ConvergenceError(
                f"{failed} cells ran out of steps within {seconds:g} s at up to {top:g} V. Apply the voltage in "
                "shorter pulses, or lower it."
            )
        low, high = np.log(RANGE_PER_M3)
        if moved.size and not low <= moved.min() <= moved.max() <= high:
            raise StateError(
                f"A cell would reach C = {np.exp(moved.min()):.3g} to {np.exp(moved.max()):.3g} / m^3; the model holds from "
                f"{RANGE_PER_M3[0]:g} to {RANGE_PER_M3[1]:g}. Lower the voltage or the time, or put a resistance in series."
            )
        self.log_density = torch.from_numpy(moved).view(self.log_density.shape)

    def pulse(self, volts: Float[Tensor, "..."] | float, width_seconds: float, edge_seconds: float = 0.0) -> None:
        """One trapezoid: `width_seconds` is its flat top, `edge_seconds` each of its edges (0: a rectangle)."""
        if edge_seconds:
            self.ramp(0.0, volts, edge_seconds)
        self.hold(volts, width_seconds)
        if edge_seconds:
            self.ramp(volts, 0.0, edge_seconds)

    def train(
        self, volts: Float[Tensor, " pulses"], width_seconds: float, edge_seconds: float = 0.0, read_volts: float = 0.2
    ) -> Float64[Tensor, "pulses ..."]:
        """Pulses on all cells alike, and the conductances (siemens) after each.

        Parameters
        ----------
        volts
            Amplitude of each pulse, with its sign.
        width_seconds, edge_seconds
            As `pulse`.
        read_volts
            Of the reads between the pulses.
        """
        after = []
        for amplitude in volts.tolist():
            self.pulse(amplitude, width_seconds, edge_seconds)
            after.append(self.conductance(read_volts))
        return torch.stack(after)

    def symmetry_point(
        self, up_volts: float, down_volts: float, width_seconds: float, pairs: int = 250
    ) -> tuple[Float64[Tensor, "..."], Float64[Tensor, "..."]]:
        """Conductances (siemens) at the end of alternating pulses: after the last pulse up, and after the last one down.

        Their middle is where steps up and down cancel.
        """
        after = self.train(torch.tensor([up_volts, down_volts]).repeat(pairs), width_seconds)
        return after[-2], after[-1]

    def sweep(self, turning_volts: tuple[float, ...], volts_per_second: float, step_volts: float = 0.01) -> Loop:
        """A slow sweep through the turning points, from the first to the last.

        Parameters
        ----------
        turning_volts
            For example (0, 1.3, 0, -1.5, 0).
        volts_per_second
            Rate.
        step_volts
            Distance of the recorded points; the integration chooses its own steps.
        """
        volts, amperes = [float(turning_volts[0])], [self.static(float(turning_volts[0]))[0]]
        for start, end in itertools.pairwise(turning_volts):
            points = max(1, round(abs(end - start) / step_volts))
            for k in range(points):
                a, b = (start + (end - start) * (step / points) for step in (k, k + 1))
                self.ramp(a, b, abs(b - a) / volts_per_second)
                volts.append(b)
                amperes.append(self.static(b)[0])
        return Loop(torch.tensor(volts, dtype=torch.float64), torch.stack(amperes))
