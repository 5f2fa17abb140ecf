"""The compact cell over whole arrays: currents at given voltages, and the vacancy density through a voltage waveform.

The equations are those of `ohmnia.device.compact`; coefficients come from its record, energies divided by k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class CompactLaw(NamedTuple):
    """Coefficients of one model; temperatures stand for energies over k.

    Attributes
    ----------
    carriers
        2 pi r^2 A q n_e: twice the factor of the exponential, as the sine has it.
    hop, hop_slope, hop_min
        a_0, a_1, a_min (m, m^4, m).
    barrier, barrier_slope
        E_0 / k, E_1 / k (K, K m^3).
    drive
        q / (2 k L) (K/(V m)).
    attempts
        2 h n_i / L (1/s).
    ion_reach
        z h (m).
    rising, rising_slope, falling
        E_s / k, E_s1 / k, E_r / k (K, K m^3, K).
    density_max, exponent
        C_max (1/m^3), p.
    ambient, heating, series
        T_0 (K), R_th (K/W), R_s (ohm).
    """

    carriers: float
    hop: float
    hop_slope: float
    hop_min: float
    barrier: float
    barrier_slope: float
    drive: float
    attempts: float
    ion_reach: float
    rising: float
    rising_slope: float
    falling: float
    density_max: float
    exponent: float
    ambient: float
    heating: float
    series: float


def integrate(
    law: CompactLaw,
    log_density: FloatArray,
    seconds: FloatArray,
    starts: FloatArray,
    ends: FloatArray,
    tolerance: float = 1e-7,
) -> int:
    """Take cells through a waveform of linear segments, in place.

    Parameters
    ----------
    law
        Coefficients.
    log_density
        ln C, (cells,), changed in place.
    seconds
        Lengths of the segments, (segments,), each above 0.
    starts, ends
        Voltages at both ends of each segment, (segments, cells).
    tolerance
        Of one step, in ln C.

    Returns
    -------
    int
        Cells whose step count ran out; their ln C is NaN.
    """
    from ohmnia.kernels import _compact_cpu

    _compact_cpu.integrate(law, log_density, seconds, starts, ends, tolerance)
    return int(np.isnan(log_density).sum())


def static(law: CompactLaw, volts: FloatArray, log_density: FloatArray) -> FloatArray:
    """Current (A), its derivative with the voltage (S) and temperature (K) of each cell, (3, cells).

    Parameters
    ----------
    law
        Coefficients.
    volts, log_density
        Voltages and ln C, (cells,).
    """
    from ohmnia.kernels import _compact_cpu

    out = np.empty((3, volts.shape[0]))
    _compact_cpu.static(law, volts, log_density, out)
    return out
