r"""A device in the other simulator's convention, as an update law of ours: both sides of a comparison get one law.

aihwkit's SoftBoundsReference cell works on a bare weight w around a reference r (v = w + r):

    up:    v <- v + a_up   (1 - v / b_max) (1 + sigma xi)        down:  v <- v - a_down (1 - v / b_min) (1 + sigma xi)

(with additive noise: a (1 - v / b + sigma xi)), kept inside [b_min, b_max]. With G = G_0 + h w this is our soft bounds:

    G_low = G_0 + h (b_min - r),   G_high = G_0 + h (b_max - r)
    s_up = h a_up (b_max - b_min) / b_max,   s_down = h a_down (b_max - b_min) / |b_min|
    noise: sigma (multiplicative), or h sigma (a_up + a_down) / 2 siemens (additive)

======== ============================================================== ======
symbol   meaning                                                        unit
======== ============================================================== ======
w, r     weight and reference of the other simulator                    1
a, b     step at v = 0 and bound of a cell                              1
G_0, h   conductance of weight 0, and conductance of one unit of weight S
======== ============================================================== ======

A population: b = b_mean (1 + dtod xi), a_up = |min(u, 0) + g + q| dw_min, a_down = |-max(u, 0) + g - q| dw_min with the
gain g = 1 + dtod xi (log-normal: exp(dtod xi)), q = up_down_dtod xi and the one-sided asymmetry u = up_down.

References
----------
IBM aihwkit 1.2.0, device SoftBoundsReferenceDevice. Limit: with additive noise its noise is sigma a_up on the way up and
sigma a_down on the way down, ours is their mean: at an up_down_dtod of 1 % they differ by about 1 % in either direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device import Device, resolve
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.device.read_noise.log_conductance import LogConductanceNoise
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.device.update.relative_step import HIGH, LOW
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.device.update.soft_bounds_at_zero import cell_parameters as described_at_zero
from ohmnia.random import Stream, normal_like
from ohmnia.technology import technology

ZERO_SIEMENS = 100e-6
PER_WEIGHT_SIEMENS = 20e-6


@final
@dataclass(frozen=True, slots=True)
class PulsedDevice:
    """Numbers of a SoftBoundsReference device, in weights; the names are the other simulator's.

    Parameters
    ----------
    dw_min, dw_min_dtod, dw_min_std
        Step, its spread over cells, and the cycle noise as a ratio to the step.
    up_down, up_down_dtod
        One-sided asymmetry, and its spread.
    w_max, w_min, w_max_dtod, w_min_dtod
        Bounds, and their spreads as ratios.
    mult_noise
        The cycle noise scales with the step.
    subtract_symmetry_point
        Put each cell's reference at its own symmetry point.
    """

    dw_min: float
    dw_min_dtod: float
    dw_min_std: float
    up_down: float
    up_down_dtod: float
    w_max: float
    w_min: float
    w_max_dtod: float
    w_min_dtod: float
    mult_noise: bool
    subtract_symmetry_point: bool = False


# aihwkit 1.2.0, ReRamSBPresetDevice, without its write noise.
RERAM_SB = PulsedDevice(0.002, 0.3, 3.75, 0.0, 0.01, 1.25, -0.75, 0.24, 0.4, mult_noise=False)
# A step of .0909 at a symmetry point of -.22: 22 states, as CMO/HfOx has (Falcone et al. 2025, Fig. 5c).
STATES_22 = PulsedDevice(0.1165, 0.3, 0.9, -0.361, 0.05, 1.0, -1.0, 0.1, 0.1, mult_noise=True)


def cell_parameters(
    up: Tensor, down: Tensor, bounds: tuple[Tensor, Tensor], reference: Tensor, device: PulsedDevice
) -> Float[Tensor, "parameters *cells"]:
    """Our parameters (siemens) of cells that the other simulator describes.

    Parameters
    ----------
    up, down
        a_up and a_down, weights.
    bounds
        b_min < 0 and b_max > 0, weights.
    reference
        r, weights.
    device
        Gives the noise.

    Returns
    -------
    Tensor
        (5, *cells), float32: the rows of `ohmnia.device.update.soft_bounds`.
    """
    at_zero = described_at_zero((up, down), bounds, device.dw_min_std, device.mult_noise, PER_WEIGHT_SIEMENS)
    at_zero[LOW : HIGH + 1] += ZERO_SIEMENS - PER_WEIGHT_SIEMENS * reference
    return at_zero.float()


@final
@dataclass(frozen=True, slots=True)
class SoftBoundsReference(AbstractUpdateLaw):
    """The update law of a `PulsedDevice`; see the module's equations."""

    numbers: PulsedDevice

    @property
    def _plain(self) -> SoftBounds:
        noise = "multiplicative" if self.numbers.mult_noise else "additive"
        low = ZERO_SIEMENS + PER_WEIGHT_SIEMENS * self.numbers.w_min
        high = ZERO_SIEMENS + PER_WEIGHT_SIEMENS * self.numbers.w_max
        return SoftBounds(low, high, (high - low) / self.step_siemens, 0.5, self.numbers.dw_min_std, noise=noise)

    @property
    def symmetry_point_siemens(self) -> float:
        """Where a mean cell's steps up and down are equal."""
        up, down = 1.0 + min(self.numbers.up_down, 0.0), 1.0 - max(self.numbers.up_down, 0.0)
        weight = (up - down) / (up / self.numbers.w_max - down / self.numbers.w_min)
        return ZERO_SIEMENS + (0.0 if self.numbers.subtract_symmetry_point else PER_WEIGHT_SIEMENS * weight)

    @property
    def step_siemens(self) -> float:
        """dw_min, after which the other simulator measures its pulse trains."""
        return PER_WEIGHT_SIEMENS * self.numbers.dw_min

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Draw a population; see the module's equations."""
        numbers = self.numbers

        def spread(name: str, sigma: float) -> Tensor:
            return sigma * normal_like(stream.child(name), shape) if sigma else torch.zeros(shape, dtype=torch.float64)

        gain, skew = 1.0 + spread("gain", numbers.dw_min_dtod), spread("up_down", numbers.up_down_dtod)
        up = (min(numbers.up_down, 0.0) + gain + skew).abs() * numbers.dw_min
        down = (-max(numbers.up_down, 0.0) + gain - skew).abs() * numbers.dw_min
        low = -(numbers.w_min * (1.0 + spread("w_min", numbers.w_min_dtod))).abs()
        high = (numbers.w_max * (1.0 + spread("w_max", numbers.w_max_dtod))).abs()
        crossing = (up - down) / (up / high - down / low)
        reference = crossing if numbers.subtract_symmetry_point else torch.zeros_like(up)
        return cell_parameters(up, down, (low, high), reference, numbers)

    def symmetry_points(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Where the mean steps up and down are equal: low + (high - low) s_up / (s_up + s_down), siemens."""
        up, down, low, high, _ = parameters.double()
        return low + (high - low) * up / (up + down)

    def widened(
        self, parameters: Float[Tensor, "parameters *cells"], low: Tensor | float, high: Tensor | float, step_factor: float
    ) -> Float[Tensor, "parameters *cells"]:
        """As for plain soft bounds."""
        return self._plain.widened(parameters, low, high, step_factor)

    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        """Conductance after one pulse, siemens: that of plain soft bounds."""
        return self._plain.pulse(conductance, direction, parameters, xi)

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """As for plain soft bounds."""
        return self._plain.kernel_coefficients()


def bench_device(numbers: PulsedDevice) -> Device:
    """A device with this update law and without read noise.

    Weight +-1 lies at the ends of the window. Its closed loop accepts every cell as it is: `ohmnia.bench.cases.put` writes
    exactly, as the other simulator's `set_weights` does. Retention and forming are those of CMO/HfOx and play no part.
    """
    base = resolve(technology("cmo-hfox"))
    low, high = ZERO_SIEMENS - PER_WEIGHT_SIEMENS, ZERO_SIEMENS + PER_WEIGHT_SIEMENS
    silent = LogConductanceNoise(amplitude_siemens=0.0, read_pulse_seconds=1e-6)
    loop = IdenticalPulses(1e-9, 2 * ZERO_SIEMENS, step_factor=1.0, max_pulses=1, acceptance_range=0.5)
    return Device(base.technology, low, high, base.forming, SoftBoundsReference(numbers), loop, base.retention, silent)
