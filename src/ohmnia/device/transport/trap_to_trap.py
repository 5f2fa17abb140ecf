r"""Trap-to-trap tunnelling through the conductive metal oxide above the filament, with a resistance in series.

    I = pi r**2 c q N a nu exp(-dE / kT) 2 sinh(q F a / 2kT),   F = V_cell / d
    V = V_cell + I (R_s + R_outer)

======== =================================================== =====
symbol   meaning                                             unit
======== =================================================== =====
I        current                                             A
V, F     voltage across cell and resistances; field          V, V/m
V_cell   voltage across the switching layer                  V
N        density of the traps, one for each state            1/m^3
a        hopping distance, one for each state                m
dE       activation energy, one for each state               J
r, d     radius of the filament; length of the region        m
nu, c    attempt rate; numerical factor                      Hz, 1
T        temperature                                         K
R_s      resistance of the leads of the cell                 ohm
R_outer  what else is in series, e.g. the transistor         ohm
======== =================================================== =====

With I_0 = 2 pi r**2 c q N a nu exp(-dE / kT) and V_0 = 2kT d / (q a), I = I_0 sinh(V_cell / V_0). The second equation is solved
by Newton's method. Its left side is convex and grows with V_cell > 0; the start is never below the root, so that every step
goes down to it, without overflow. Negative voltages follow from oddness.

References
----------
Falcone et al., Nanoscale Horizons 9, 775 (2024), arXiv 2509.13964 (mechanism); the sub-circuit of Galetta et al., Advanced
Electronic Materials (2025), doi 10.1002/aelm.202500373 (equation, r, d, nu, c, R_s); Falcone et al. (2025), Fig. 2d (N, a, dE).
Limits: two static states, one temperature (no self-heating), no switching; the layer is a cylinder, a resistance is linear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import ConvergenceError, require
from ohmnia.device._constants import BOLTZMANN, ELEMENTARY_CHARGE
from ohmnia.device.transport._abstract import AbstractTransportLaw, State

# sinh overflows beyond 710; Newton needs 4 to 8 steps.
_LARGEST_ARGUMENT, _MOST_STEPS = 700.0, 100
_MAY_BE_ZERO = ("energy_lrs_joules", "energy_hrs_joules", "series_ohms")


@final
@dataclass(frozen=True, slots=True)
class TrapToTrap(AbstractTransportLaw):
    """Coefficients of the law.

    Parameters
    ----------
    density_lrs_per_cubic_metre, density_hrs_per_cubic_metre
        N.
    distance_lrs_metres, distance_hrs_metres
        a.
    energy_lrs_joules, energy_hrs_joules
        dE.
    radius_metres, length_metres
        r and d.
    attempt_rate_hertz, factor
        nu and c.
    temperature_kelvin
        T.
    series_ohms
        R_s.
    """

    density_lrs_per_cubic_metre: float
    density_hrs_per_cubic_metre: float
    distance_lrs_metres: float
    distance_hrs_metres: float
    energy_lrs_joules: float
    energy_hrs_joules: float
    radius_metres: float
    length_metres: float
    attempt_rate_hertz: float
    temperature_kelvin: float
    factor: float = 1.0
    series_ohms: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, zero = getattr(self, field.name), field.name in _MAY_BE_ZERO
            require(value > 0 or (zero and value == 0), field.name, value, "0 or more" if zero else "a positive number")

    def cell_current(self, cell_volts: Float[Tensor, "*points"], state: State) -> Float[Tensor, "*points"]:
        """Current of the switching layer alone, float64.

        Raises
        ------
        InvalidValueError
            A voltage that is not finite, or so large that the current is not.
        """
        amperes, scale = self._hopping(state)
        argument = cell_volts.double() / scale
        largest = _LARGEST_ARGUMENT * scale
        require(bool((argument.abs() <= _LARGEST_ARGUMENT).all()), "cell_volts", "a voltage", f"finite, at most {largest:.4g} V")
        return amperes * torch.sinh(argument)

    def current(self, volts: Float[Tensor, "*points"], state: State, outer_ohms: float = 0.0) -> Float[Tensor, "*points"]:
        """Current with R_s and R_outer in series, float64.

        Raises
        ------
        InvalidValueError
            A voltage that is not finite, a negative resistance, or a current that is not finite.
        """
        require(outer_ohms >= 0, "outer_ohms", outer_ohms, "0 or more")
        require(bool(torch.isfinite(volts).all()), "volts", "a voltage", "finite")
        ohms = self.series_ohms + outer_ohms
        if ohms == 0.0:
            return self.cell_current(volts, state)
        amperes, scale = self._hopping(state)
        whole = volts.double().abs()
        cell = torch.minimum(whole, scale * torch.asinh(whole / (ohms * amperes)))
        for _ in range(_MOST_STEPS):
            excess = cell + ohms * amperes * torch.sinh(cell / scale) - whole
            step = excess / (1.0 + ohms * amperes / scale * torch.cosh(cell / scale))
            cell = cell - step
            if bool((step.abs() <= 4.0 * torch.finfo(torch.float64).eps * cell).all()):
                break
        else:
            raise ConvergenceError(f"The current at up to {float(whole.max()):g} V is not found in {_MOST_STEPS} steps.")
        return torch.copysign(amperes * torch.sinh(cell / scale), volts.double())

    def conductance_siemens(self, state: State) -> float:
        """I_0 / V_0."""
        amperes, scale = self._hopping(state)
        return amperes / scale

    def conductivity_siemens_per_metre(self, state: State) -> float:
        """Low-field conductance times d / (pi r**2)."""
        return self.conductance_siemens(state) * self.length_metres / (math.pi * self.radius_metres**2)

    def _hopping(self, state: State) -> tuple[float, float]:
        """I_0 (amperes) and V_0 (volts) of a state."""
        density, distance, energy = {
            "lrs": (self.density_lrs_per_cubic_metre, self.distance_lrs_metres, self.energy_lrs_joules),
            "hrs": (self.density_hrs_per_cubic_metre, self.distance_hrs_metres, self.energy_hrs_joules),
        }[state]
        heat = BOLTZMANN * self.temperature_kelvin
        rate = self.attempt_rate_hertz * math.exp(-energy / heat)
        area = math.pi * self.radius_metres**2
        amperes = 2.0 * area * self.factor * ELEMENTARY_CHARGE * density * distance * rate
        return amperes, 2.0 * heat * self.length_metres / (ELEMENTARY_CHARGE * distance)
