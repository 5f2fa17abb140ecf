r"""Forming of a fresh cell: a normally spread voltage, and the transistor's share of it.

    V_ReRAM ~ N(V_f, sigma**2),   V_1T1R = V_ReRAM + I_f R_DS

======== =================================================== =====
symbol   meaning                                             unit
======== =================================================== =====
V_f      mean forming voltage of the ReRAM cell              V
sigma    its spread between cells                            V
I_f      forming current                                     A
R_DS     triode resistance of the transistor                 ohm
======== =================================================== =====

References
----------
Falcone et al. (2025), Fig. 2 and supplement. Limits: one gate voltage (1.2 V); the 130 nm transistor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device.variation import normal_spread
from ohmnia.random import Stream


@final
@dataclass(frozen=True, slots=True)
class NormalForming:
    """Coefficients of the law.

    Parameters
    ----------
    voltage_volts, voltage_spread_volts
        V_f and sigma.
    current_amperes
        I_f.
    transistor_ohms
        R_DS.
    """

    voltage_volts: float
    current_amperes: float
    transistor_ohms: float
    voltage_spread_volts: float = 0.0

    def __post_init__(self) -> None:
        require(self.voltage_volts > 0, "voltage", self.voltage_volts, "a positive voltage")
        require(self.current_amperes >= 0, "current", self.current_amperes, "0 or more")
        require(self.transistor_ohms >= 0, "transistor", self.transistor_ohms, "0 or more")

    def cell_voltage(self, cells: int, stream: Stream) -> Float[Tensor, " cells"]:
        """Forming voltages of `cells` ReRAM cells, volts."""
        return normal_spread((cells,), self.voltage_volts, self.voltage_spread_volts, stream)

    def transistor_drop_volts(self) -> float:
        """What a 1T1R cell needs on top of the ReRAM cell's own forming voltage."""
        return self.current_amperes * self.transistor_ohms
