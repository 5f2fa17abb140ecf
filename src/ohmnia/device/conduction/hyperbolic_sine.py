"""Conduction by hopping: a hyperbolic sine of the voltage.

    I(V) = G V_r sinh(V / V_0) / sinh(V_r / V_0),      I(V_r) = G V_r

| symbol | meaning | unit |
|---|---|---|
| G | conductance at the read voltage, what a verify read sees | S |
| V_r | read voltage | V |
| V_0 | scale, 2 k T L / (q a) for hops of length a over a region of length L | V |

Paper: the hopping law of Galetta et al., Adv. Electron. Mater. 12, e00373 (2025), at constant temperature.
Limits: no heat, no series resistance, one scale for all levels; below the voltages that move ions (about 0.6 V).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device._parts import quantity

_LARGEST = 30.0


@final
@dataclass(frozen=True, slots=True)
class HyperbolicSine:
    """The law; see the module.

    Parameters
    ----------
    scale_volts, read_volts
        V_0 and V_r.
    """

    scale_volts: float = quantity("scale", "V")
    read_volts: float = quantity("read", "V")

    def __post_init__(self) -> None:
        require(self.scale_volts > 0, "scale_volts", self.scale_volts, "above 0 V")
        most = _LARGEST * self.scale_volts
        require(0 < self.read_volts < most, "read_volts", self.read_volts, f"0 to {most:g} V, {_LARGEST:g} scales")

    def currents(
        self, conductance: Float[Tensor, "..."], volts: Float[Tensor, "..."]
    ) -> tuple[Float[Tensor, "..."], Float[Tensor, "..."]]:
        """Current (A) and its derivative (S).

        Beyond 30 scales the sine goes on as its own tangent, so that an iterate far off stays finite.
        """
        u = volts / self.scale_volts
        inside = u.clamp(-_LARGEST, _LARGEST)
        factor = conductance * self.read_volts / math.sinh(self.read_volts / self.scale_volts)
        slope = torch.cosh(inside)
        return factor * (torch.sinh(inside) + slope * (u - inside)), factor * slope / self.scale_volts
