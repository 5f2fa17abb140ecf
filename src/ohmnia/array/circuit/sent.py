"""What the lines of an array do during an update, on average: which fire together, and how many half pulses cells get.

Positive and negative inputs, and positive and negative gradients, fire in phases of their own (four for one slot), so that all
pulses of a phase have one direction. With p the probabilities of the contract of the kernels, P+ and P- their sums over the
lines of one sign, n the number of lines,

    firing = (P+**2 + P-**2) / (n (P+ + P-)),   averaged over samples by their expected coincidences:

the share of lines that fire in the phase of a line that fires. A line that fires in a slot does so in one phase of each
direction. A cell gets a half pulse of a direction for each of its lines that fires alone in a phase of this direction:

    n_half = L (p_i + p_j - 2 p_i p_j [selected in this direction]).

Where a pair's cells share a line (interleaved pairs), each plane has phases of its own, and in those of the other plane the
shared line fires alone: another L p.

References
----------
Gokmen & Vlasov, Front. Neurosci. 10, 333 (2016), for stochastic trains and their signs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia.kernels import Trains


@final
class SentTrains(NamedTuple):
    """The trains of one update.

    Attributes
    ----------
    slots
        Length of each sample's trains; 0 without pulses, (samples,).
    inputs, outputs
        Probability a slot that a line fires, with the sign of its element, (samples, lines).
    """

    slots: Tensor
    inputs: Tensor
    outputs: Tensor

    @property
    def lines_fire(self) -> bool:
        """Whether there is any pulse."""
        return bool(self.slots.any())

    @property
    def firing(self) -> tuple[float, float]:
        """Share of the input lines and of the output lines that fire with one of their own; 0 without pulses."""
        return self._together(self.inputs), self._together(self.outputs)

    def _together(self, lines: Tensor) -> float:
        up, down = lines.clamp(min=0.0).sum(1), -lines.clamp(max=0.0).sum(1)
        share = (up.square() + down.square()) / ((up + down) * lines.shape[1]).clamp(min=1e-300)
        coincidences = self.slots * self.inputs.abs().sum(1) * self.outputs.abs().sum(1)
        return float((share * coincidences).sum() / coincidences.sum()) if self.lines_fire else 0.0

    def half_pulses(
        self, shared: Literal["none", "inputs", "outputs"] = "none"
    ) -> tuple[Float64[Tensor, "outputs inputs"], Float64[Tensor, "outputs inputs"]]:
        """Expected half pulses up and down on each cell of the plane that moves with the weight.

        Parameters
        ----------
        shared
            The lines that the two cells of a pair share.
        """
        on_outputs, on_inputs = self.slots @ self.outputs.abs(), self.slots @ self.inputs.abs()
        alone = on_outputs[:, None] * (1 + (shared == "outputs")) + on_inputs[None, :] * (1 + (shared == "inputs"))
        parts = self.outputs.clamp(min=0.0), -self.outputs.clamp(max=0.0), self.inputs.clamp(min=0.0), -self.inputs.clamp(max=0.0)
        d_plus, d_minus, x_plus, x_minus = parts
        up = (self.slots[:, None] * d_plus).T @ x_minus + (self.slots[:, None] * d_minus).T @ x_plus
        down = (self.slots[:, None] * d_plus).T @ x_plus + (self.slots[:, None] * d_minus).T @ x_minus
        return alone - 2.0 * up, alone - 2.0 * down


def sent_trains(
    trains: Trains, learning_rate: float, x: Float[Tensor, "samples inputs"], d: Float[Tensor, "samples outputs"]
) -> SentTrains:
    """The trains of `Tile.update`, as the kernels plan them."""
    x, d = x.double(), d.double()
    x_max, d_max = x.abs().amax(1), d.abs().amax(1)
    k = learning_rate * x_max * d_max / trains.granularity
    slots = k.ceil().clamp(max=trains.length) if trains.length_management else torch.full_like(k, trains.length)
    share = k / slots.clamp(min=1.0)
    q = (share.clamp(max=1.0) if trains.update_management or trains.length_management else share).sqrt()
    skew = torch.ones_like(k) if trains.update_management else (x_max / d_max.clamp(min=1e-300)).sqrt()
    inputs = (x / x_max.clamp(min=1e-300)[:, None] * (q * skew)[:, None]).clamp(-1.0, 1.0)
    outputs = (d / d_max.clamp(min=1e-300)[:, None] * (q / skew.clamp(min=1e-300))[:, None]).clamp(-1.0, 1.0)
    return SentTrains(torch.where(k > 0, slots, 0.0), inputs, outputs)
