"""An n-channel transistor by the square law, symmetric between its two channel ends.

    I = (k' / 2) (W / L) (F(V_G - V_T - V_S)^2 - F(V_G - V_T - V_D)^2),      F(x) = max(x, 0)

| symbol | meaning | unit |
|---|---|---|
| I | current from drain to source | A |
| V_G, V_D, V_S | gate, drain and source against the bulk, which lies at 0 V | V |
| V_T | threshold | V |
| k' | transconductance parameter | A/V^2 |
| W, L | width and length of the channel | m |

It is (k' W / L)((V_GS - V_T) V_DS - V_DS^2 / 2) in triode and half the square of the overdrive in saturation, for either
sign of V_DS; an open switch below threshold.

Paper: Shichman and Hodges, IEEE J. Solid-State Circuits 3, 285 (1968); level 1 of SPICE without body effect.
Limits: no subthreshold current, no channel-length modulation, no velocity saturation, no junction diodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import out_of_range, require
from ohmnia.device._parts import quantity


class Channel(NamedTuple):
    """Current from drain to source (A) and its derivatives with respect to drain and source (S)."""

    amperes: Tensor
    by_drain: Tensor
    by_source: Tensor


@final
@dataclass(frozen=True, slots=True)
class SquareLawTransistor:
    """The law; see the module.

    Parameters
    ----------
    width_metres, length_metres
        W and L.
    threshold_volts
        V_T.
    transconductance_si
        k' (A/V^2).
    """

    citations: ClassVar[tuple[str, ...]] = ("shichman1968",)

    width_metres: float = quantity("width", "m")
    length_metres: float = quantity("length", "m")
    threshold_volts: float = quantity("threshold", "V")
    transconductance_si: float = quantity("transconductance", "A/V**2")

    def __post_init__(self) -> None:
        for name in ("width_metres", "length_metres", "transconductance_si"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")

    @property
    def gain_si(self) -> float:
        """k' W / L (A/V^2)."""
        return self.transconductance_si * self.width_metres / self.length_metres

    def currents(self, gate: Tensor | float, drain: Float[Tensor, "..."], source: Float[Tensor, "..."]) -> Channel:
        """Current and derivatives at terminal voltages (V)."""
        open_source = (gate - self.threshold_volts - source).clamp(min=0.0)
        open_drain = (gate - self.threshold_volts - drain).clamp(min=0.0)
        gain = self.gain_si
        return Channel(gain / 2 * (open_source.square() - open_drain.square()), gain * open_drain, -gain * open_source)

    def on_ohm(self, gate_volts: float) -> float:
        """Resistance at small drain voltage, the `access_ohm` of linear wires.

        Raises
        ------
        InvalidValueError
            A gate at or below the threshold.
        """
        overdrive = gate_volts - self.threshold_volts
        if overdrive <= 0:
            raise out_of_range("gate_volts", f"{gate_volts:g} V", f"above the threshold, {self.threshold_volts:g} V")
        return 1.0 / (self.gain_si * overdrive)
