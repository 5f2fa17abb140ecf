"""Between weights and conductances.

    one device a weight:   w = (G - G_zero) / ((G_max - G_min) / 2)
    differential pair:     w = (G_plus - G_minus) / (G_max - G_min)

Both are w = sum_p gain_p G_p - offset over the planes p of a tile; only the table of gains differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ohmnia._errors import out_of_range, unknown_name
from ohmnia.device import Device

KINDS = ("one-device", "differential")
ZEROS = ("symmetry-point", "mid-window")


@final
@dataclass(frozen=True, slots=True)
class Mapping:
    """How a tile weight is stored.

    Parameters
    ----------
    kind
        "one-device" or "differential".
    g_min_siemens, g_max_siemens
        The technology's window.
    g_zero_siemens
        Conductance of weight 0 with one device a weight, a digital constant of the tile.
    """

    kind: str
    g_min_siemens: float
    g_max_siemens: float
    g_zero_siemens: float

    @property
    def planes(self) -> int:
        """Devices for each weight."""
        return len(self.gains)

    @property
    def gains(self) -> tuple[float, ...]:
        """Tile weight for each siemens on each plane."""
        span = self.g_max_siemens - self.g_min_siemens
        return (2.0 / span,) if self.kind == "one-device" else (1.0 / span, -1.0 / span)

    @property
    def offset(self) -> float:
        """What is subtracted digitally."""
        return self.gains[0] * self.g_zero_siemens if self.kind == "one-device" else 0.0

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest tile weight inside the window."""
        if self.kind == "differential":
            return -1.0, 1.0
        return self.gains[0] * self.g_min_siemens - self.offset, self.gains[0] * self.g_max_siemens - self.offset

    def weights(self, conductance: Float[Tensor, "planes rows cols"]) -> Float[Tensor, "rows cols"]:
        """Tile weights of conductances (siemens)."""
        weights = torch.empty_like(conductance[0])
        self.put_weights(conductance.numpy(), weights.numpy())
        return weights

    def put_weights(self, conductance: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]) -> None:
        """Tile weights of conductances (siemens), (planes, rows, cols), into `weights`, without other memory for one device."""
        gains = [conductance.dtype.type(gain) for gain in self.gains]
        np.multiply(conductance[0], gains[0], out=weights)
        for gain, plane in zip(gains[1:], conductance[1:], strict=True):
            weights += gain * plane
        weights -= conductance.dtype.type(self.offset)

    def variance(self, sigma: Float[Tensor, "planes rows cols"]) -> Float[Tensor, "rows cols"]:
        """Variance of the tile weights for standard deviations of the conductances (siemens)."""
        return sum(((gain * plane) ** 2 for gain, plane in zip(self.gains, sigma, strict=True)), torch.zeros_like(sigma[0]))

    def check(self, weights: Float[Tensor, "rows cols"]) -> None:
        """Refuse tile weights that the window cannot hold.

        Raises
        ------
        InvalidValueError
            A weight outside, or NaN.
        """
        low, high = self.limits
        slack = 1e-6
        least, most = (float(end) for end in torch.aminmax(weights))
        if not (low - slack <= least and most <= high + slack):
            extremes = f"{least:.4g} to {most:.4g}"
            fix = "Choose a larger output scale."
            raise out_of_range("tile weight", extremes, f"{low:.4g} to {high:.4g} ({self.kind})", fix)

    @property
    def targets(self) -> tuple[tuple[float, ...], tuple[float, ...], float]:
        """`conductances` as base, slope and least of each plane: max(base + slope * weight, least), siemens."""
        if self.kind == "one-device":
            return (self.g_zero_siemens,), (1.0 / self.gains[0],), 0.0
        span = self.g_max_siemens - self.g_min_siemens
        return (self.g_min_siemens,) * 2, (span, -span), self.g_min_siemens

    def conductances(self, weights: Float[Tensor, "rows cols"]) -> Float[Tensor, "planes rows cols"]:
        """Target conductances (siemens) of tile weights; a pair keeps its idle device at G_min.

        Raises
        ------
        InvalidValueError
            A weight that the window cannot hold.
        """
        self.check(weights)
        if self.kind == "one-device":
            return (self.g_zero_siemens + weights.double() / self.gains[0])[None]
        span = self.g_max_siemens - self.g_min_siemens
        halves = torch.stack([weights.clamp(min=0.0), (-weights).clamp(min=0.0)]).double()
        return self.g_min_siemens + halves * span


def mapping(device: Device, kind: str = "one-device", zero: str = "symmetry-point") -> Mapping:
    """The mapping of a device.

    Parameters
    ----------
    device
        Gives the window and the mean symmetry point.
    kind
        "one-device" or "differential".
    zero
        Weight 0 at the mean "symmetry-point" (arrays that learn) or at "mid-window" (arrays that are programmed).

    Raises
    ------
    UnknownNameError
        Another kind or zero.
    """
    if kind not in KINDS:
        raise unknown_name("mapping", kind, KINDS)
    if zero not in ZEROS:
        raise unknown_name("zero weight", zero, ZEROS)
    middle = (device.g_min_siemens + device.g_max_siemens) / 2
    symmetric = kind == "one-device" and zero == "symmetry-point"
    g_zero = device.update.symmetry_point_siemens if symmetric else middle
    if kind == "one-device" and not device.g_min_siemens < g_zero < device.g_max_siemens:
        window = f"{device.g_min_siemens * 1e6:g} to {device.g_max_siemens * 1e6:g} uS, the window"
        raise out_of_range("mean symmetry point", f"{g_zero * 1e6:.4g} uS", window, "Use zero = 'mid-window'.")
    return Mapping(kind, device.g_min_siemens, device.g_max_siemens, g_zero)
