"""Digital compensation of an array: a scale of each output line, and a share of the sum of the inputs.

    y -> a_i y_i + b_i sum(x)

The scale answers a common loss (drift, wires); the sum of the inputs answers a common shift of conductances, which with
one device a weight reaches every product as a multiple of sum(x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor


@final
@dataclass(frozen=True, slots=True)
class Compensation:
    """Digital drift compensation of a block: y -> scale * y + offset * sum(x), for each output line.

    Parameters
    ----------
    scale, offset
        a and b.
    """

    scale: Float[Tensor, " rows"]
    offset: Float[Tensor, " rows"]

    @staticmethod
    def fitted(
        now: Float[Tensor, "samples rows"], vectors: Float[Tensor, "samples inputs"], goal: Float[Tensor, "samples rows"]
    ) -> Compensation:
        """Least squares of goal = scale * now + offset * sum(x), line by line, in float64.

        Parameters
        ----------
        now
            Outputs of calibration vectors as they are read.
        vectors
            The calibration vectors.
        goal
            What the outputs should be.
        """
        y, total, wanted = now.double(), vectors.double().sum(1, keepdim=True), goal.double()
        yy, yt, tt = (y * y).sum(0), (y * total).sum(0), (total * total).sum(0)
        yg, tg = (y * wanted).sum(0), (total * wanted).sum(0)
        determinant = (yy * tt - yt * yt).clamp(min=1e-30)
        scale, offset = (yg * tt - tg * yt) / determinant, (tg * yy - yg * yt) / determinant
        return Compensation(scale.float(), offset.float())

    def applied(
        self, outputs: Float[Tensor, "samples rows"], inputs: Float[Tensor, "samples inputs"]
    ) -> Float[Tensor, "samples rows"]:
        """Outputs of inputs after the compensation."""
        return self.scale * outputs + self.offset * inputs.sum(1, keepdim=True)
