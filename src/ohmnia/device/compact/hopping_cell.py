"""Compact model of a filamentary CMO/HfOx cell.

    I   = pi r^2 A q C a n_e exp(-E_e / kT) 2 sinh(q F a / 2kT),    F = (V - I R_s) / L
    a   = max(a_min, a_0 + a_1 C),    E_e = E_0 + E_1 C
    T   = T_0 + R_th V I
    d ln C / dt = (h n_i / L) exp(-E_i / kT) 2 sinh(z q F h / 2kT) (1 - C / C_max)^p,
    E_i = E_s + E_s1 C  for V >= 0 (SET),   E_r  for V < 0 (RESET)

| symbol | meaning | unit |
|---|---|---|
| I, V, T | current, voltage, temperature | A, V, K |
| C | density of oxygen vacancies, the state | 1/m^3 |
| F, L, r | field, length of the region, radius of the filament | V/m, m, m |
| A | factor of the current | 1 |
| a, E_e, n_e | hop, barrier and attempt frequency of electrons | m, J, 1/s |
| h, E_i, n_i, z | hop, barrier, attempt frequency and charge number of ions | m, J, 1/s, 1 |
| C_max, p | window function | 1/m^3, 1 |
| R_s, R_th, T_0 | series resistance, thermal resistance, ambient | ohm, K/W, K |

Heat settles in R_th C_th = 28 ps, far below any pulse, so T is algebraic. The current is the root of one equation on
0 ... V / R_s, which is unique over the model's range; iterating T instead diverges from about 1.35 V on.

Paper: Galetta et al., Adv. Electron. Mater. 12, e00373 (2025); parameters of IBM's sub-circuit. Limits: C from 1e23 to 2e26,
|V| up to 1.6 V; no forming; no variation from pulse to pulse. G(C) is not monotonic above 4.7e25, so C is the state, not G.
It is one other device than the published array: at 2.5 us it has 4.9 states and a symmetry point at 35 % of the window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float64
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device._constants import BOLTZMANN, ELEMENTARY_CHARGE
from ohmnia.device._parts import quantity

_BISECTIONS = 100


class Static(NamedTuple):
    """What a cell does at a voltage: current (A), temperature (K), and d ln C / dt (1/s)."""

    amperes: Tensor
    kelvin: Tensor
    log_rate: Tensor


@final
@dataclass(frozen=True, slots=True)
class HoppingCell:
    """The model; see the module for every symbol."""

    filament_radius_metres: float = quantity("filament_radius", "m")
    length_metres: float = quantity("length", "m")
    current_factor: float = quantity("current_factor", "1")
    electron_frequency_hertz: float = quantity("electron_frequency", "1/s")
    electron_hop_metres: float = quantity("electron_hop", "m")
    electron_hop_slope_m4: float = quantity("electron_hop_slope", "m**4")
    electron_hop_min_metres: float = quantity("electron_hop_min", "m")
    electron_barrier_joules: float = quantity("electron_barrier", "J")
    electron_barrier_slope_jm3: float = quantity("electron_barrier_slope", "J*m**3")
    ion_hop_metres: float = quantity("ion_hop", "m")
    ion_frequency_hertz: float = quantity("ion_frequency", "1/s")
    ion_charges: float = quantity("ion_charges", "1")
    set_barrier_joules: float = quantity("set_barrier", "J")
    set_barrier_slope_jm3: float = quantity("set_barrier_slope", "J*m**3")
    reset_barrier_joules: float = quantity("reset_barrier", "J")
    density_max_per_m3: float = quantity("density_max", "1/m**3")
    density_exponent: float = quantity("density_exponent", "1")
    ambient_kelvin: float = quantity("ambient", "K")
    thermal_kelvin_per_watt: float = quantity("thermal_resistance", "K/W")
    heat_joules_per_kelvin: float = quantity("heat_capacity", "J/K")
    series_ohm: float = quantity("series", "ohm")
    density_low_per_m3: float = quantity("density_low", "1/m**3")
    density_start_per_m3: float = quantity("density_start", "1/m**3")
    density_high_per_m3: float = quantity("density_high", "1/m**3")

    def __post_init__(self) -> None:
        above = ("filament_radius_metres", "length_metres", "electron_hop_min_metres", "ambient_kelvin", "series_ohm")
        for name in above:
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        require(self.thermal_kelvin_per_watt >= 0, "thermal_kelvin_per_watt", self.thermal_kelvin_per_watt, "0 or more")

    @property
    def settling_seconds(self) -> float:
        """R_th C_th, below which temperature lags."""
        return self.thermal_kelvin_per_watt * self.heat_joules_per_kelvin

    def kernel_coefficients(self) -> tuple[float, ...]:
        """The model as the kernels take it, energies in kelvin (over k)."""
        area = math.pi * self.filament_radius_metres**2
        return (
            area * self.current_factor * ELEMENTARY_CHARGE * self.electron_frequency_hertz * 2.0,
            self.electron_hop_metres,
            self.electron_hop_slope_m4,
            self.electron_hop_min_metres,
            self.electron_barrier_joules / BOLTZMANN,
            self.electron_barrier_slope_jm3 / BOLTZMANN,
            ELEMENTARY_CHARGE / (2.0 * BOLTZMANN * self.length_metres),
            2.0 * self.ion_hop_metres * self.ion_frequency_hertz / self.length_metres,
            self.ion_charges * self.ion_hop_metres,
            self.set_barrier_joules / BOLTZMANN,
            self.set_barrier_slope_jm3 / BOLTZMANN,
            self.reset_barrier_joules / BOLTZMANN,
            self.density_max_per_m3,
            self.density_exponent,
            self.ambient_kelvin,
            self.thermal_kelvin_per_watt,
            self.series_ohm,
        )

    def hopping(self, amperes: Tensor, volts: Tensor, density: Tensor) -> Tensor:
        """Right-hand side of the first equation (A) at a trial current."""
        thermal = BOLTZMANN * (self.ambient_kelvin + self.thermal_kelvin_per_watt * volts * amperes)
        hop = (self.electron_hop_metres + self.electron_hop_slope_m4 * density).clamp(min=self.electron_hop_min_metres)
        barrier = self.electron_barrier_joules + self.electron_barrier_slope_jm3 * density
        field = (volts - amperes * self.series_ohm) / self.length_metres
        area = math.pi * self.filament_radius_metres**2
        carriers = area * self.current_factor * ELEMENTARY_CHARGE * density * hop * self.electron_frequency_hertz
        drive = ELEMENTARY_CHARGE * field * hop / (2.0 * thermal)
        return carriers * torch.exp(-barrier / thermal) * 2.0 * torch.sinh(drive)

    def static(self, volts: Float64[Tensor, "..."], density: Float64[Tensor, "..."]) -> Static:
        """Current, temperature and rate of a cell held at a voltage, by plain bisection.

        Parameters
        ----------
        volts
            Across the cell, its series resistance included.
        density
            C (1/m^3).
        """
        size = volts.abs() + torch.zeros_like(density)
        low, high = torch.zeros_like(size), size / self.series_ohm
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            under = self.hopping(middle, size, density) > middle
            low, high = torch.where(under, middle, low), torch.where(under, high, middle)
        amperes = (low + high) / 2.0
        kelvin = self.ambient_kelvin + self.thermal_kelvin_per_watt * size * amperes
        return Static(amperes * torch.sign(volts), kelvin, self._log_rate(volts, amperes, kelvin, density))

    def _log_rate(self, volts: Tensor, amperes: Tensor, kelvin: Tensor, density: Tensor) -> Tensor:
        thermal = BOLTZMANN * kelvin
        inner = (volts.abs() - amperes * self.series_ohm) / self.length_metres
        rising = self.set_barrier_joules + self.set_barrier_slope_jm3 * density
        barrier = torch.where(volts >= 0, rising, torch.full_like(rising, self.reset_barrier_joules))
        drive = self.ion_charges * ELEMENTARY_CHARGE * inner * self.ion_hop_metres / (2.0 * thermal)
        window = (1.0 - density / self.density_max_per_m3) ** self.density_exponent
        attempts = self.ion_hop_metres * self.ion_frequency_hertz / self.length_metres
        return torch.sign(volts) * attempts * torch.exp(-barrier / thermal) * 2.0 * torch.sinh(drive) * window
