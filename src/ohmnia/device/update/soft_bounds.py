r"""Generalised soft bounds: the step of a pulse shrinks with the distance to the bound ahead.

    up:    G <- G + s_up   u**gamma_up   (1 + sigma xi),   u = max((G_high - G) / (G_high - G_low), 0)
    down:  G <- G - s_down v**gamma_down (1 + sigma xi),   v = max((G - G_low) / (G_high - G_low), 0)

With `noise = "additive"` the step is s u**gamma + sigma_S xi instead. A pulse never carries a cell across a bound; a
cell that relaxation took beyond one stays there until a pulse brings it back.

======== ================================================================== ======
symbol   meaning                                                            unit
======== ================================================================== ======
G        conductance                                                        S
s        full step, at the far bound                                        S
gamma    exponent of the distance (1: plain soft bounds)                    1
sigma    cycle-to-cycle noise as a ratio to the step, sigma_S in siemens    1, S
xi       standard normal, one for each pulse and cell                       1
======== ================================================================== ======

The published figures of merit fix the steps: N states, skew k = (G_high - G_sp) / (G_high - G_low) and noise-to-signal
ratio at the symmetry point give dG_sp = (G_high - G_low) / N, s_up = dG_sp / k**gamma, s_down = dG_sp / (1 - k)**gamma.

A pulse of which a cell gets only the share f of the voltage makes a step smaller by k**(2 (1 - f)), where k is the ratio of the
steps at half and at full voltage: exponential kinetics through two points.

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024), eq. of the soft-bounds device; figures of merit: Falcone et al. (2025), Fig. 5;
k: Choi et al. (2025).
Limits: exponents of 1 are an assumption, since the equation that the paper fitted is not at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require, unknown_name
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.device.variation import log_normal_factor, normal_spread
from ohmnia.random import Stream

STEP_UP, STEP_DOWN, LOW, HIGH, NOISE = range(5)
NOISES = ("multiplicative", "additive")
_KERNEL_CODE = 0


def pulse(
    conductance: Tensor,
    direction: Tensor | int,
    parameters: Tensor,
    xi: Tensor,
    multiplicative: bool,
    exponents: tuple[float, float],
) -> Tensor:
    """Conductance after one pulse on each cell.

    Parameters
    ----------
    conductance
        Siemens, any shape.
    direction
        +1 (SET) or -1 (RESET), broadcast.
    parameters
        (5, *shape): full step up, full step down, lower bound, upper bound, noise.
    xi
        Standard normals, the shape of `conductance`.
    multiplicative
        Whether the noise scales with the step.
    exponents
        gamma up and down.

    Returns
    -------
    Tensor
        Siemens.
    """
    step_up, step_down, low, high, noise = parameters
    up = torch.as_tensor(direction) > 0
    distance = torch.where(up, high - conductance, conductance - low) / (high - low)
    reach = torch.clamp(distance, min=0.0)
    mean = torch.where(up, step_up * reach ** exponents[0], step_down * reach ** exponents[1])
    size = mean * (1.0 + noise * xi) if multiplicative else mean + noise * xi
    moved = torch.where(up, conductance + size, conductance - size)
    return torch.minimum(torch.maximum(moved, torch.minimum(conductance, low)), torch.maximum(conductance, high))


def widened(
    parameters: Float[Tensor, "parameters *cells"],
    low: Tensor | float,
    high: Tensor | float,
    step_factor: float,
    multiplicative: bool,
) -> Float[Tensor, "parameters *cells"]:
    """Parameters between the bounds `low` and `high` (siemens), float64; steps scale with the span, times `step_factor`."""
    wide = parameters.double().clone()
    scale = step_factor * (high - low) / (wide[HIGH] - wide[LOW])
    for step in (STEP_UP, STEP_DOWN) if multiplicative else (STEP_UP, STEP_DOWN, NOISE):
        wide[step] *= scale
    wide[LOW], wide[HIGH] = torch.as_tensor(low), torch.as_tensor(high)
    return wide


@final
@dataclass(frozen=True, slots=True)
class SoftBounds(AbstractUpdateLaw):
    """Technology-wide coefficients of the law.

    Parameters
    ----------
    g_low_siemens, g_high_siemens
        Bounds of the open loop.
    states
        Mean number of states N.
    symmetry_skew
        Mean k.
    noise_to_signal
        Mean ratio of the standard deviation of a step to the step, at the symmetry point.
    exponent_up, exponent_down
        gamma.
    states_spread
        Standard deviation of ln N between cells.
    symmetry_skew_spread, noise_to_signal_spread
        Standard deviations of k and of the noise ratio between cells.
    noise
        "multiplicative" or "additive".
    half_voltage_ratio
        k, of wires and half-selected cells; None: not known, and both are refused.
    """

    g_low_siemens: float
    g_high_siemens: float
    states: float
    symmetry_skew: float
    noise_to_signal: float
    exponent_up: float = 1.0
    exponent_down: float = 1.0
    states_spread: float = field(default=0.0, metadata={"distribution": "log-normal"})
    symmetry_skew_spread: float = 0.0
    noise_to_signal_spread: float = 0.0
    noise: str = "multiplicative"
    half_voltage_ratio: float | None = None

    def __post_init__(self) -> None:
        require(0 < self.g_low_siemens < self.g_high_siemens, "g_low", self.g_low_siemens, "0 < g_low < g_high")
        require(self.states > 0, "states", self.states, "a positive number")
        require(0 < self.symmetry_skew < 1, "symmetry_skew", self.symmetry_skew, "0 to 100 percent")
        require(self.noise_to_signal >= 0, "noise_to_signal", self.noise_to_signal, "0 or more")
        for name in ("exponent_up", "exponent_down"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        ratio = self.half_voltage_ratio
        require(ratio is None or 0 < ratio <= 1, "half_voltage_ratio", ratio or 0.0, "above 0, up to 1")
        if self.noise not in NOISES:
            raise unknown_name("kind of noise", self.noise, NOISES)

    @property
    def span_siemens(self) -> float:
        """G_high - G_low."""
        return self.g_high_siemens - self.g_low_siemens

    @property
    def symmetry_point_siemens(self) -> float:
        """Conductance at which a mean cell's steps up and down are equal."""
        return self.g_high_siemens - self.symmetry_skew * self.span_siemens

    @property
    def step_siemens(self) -> float:
        """Mean step at the symmetry point, the granularity in siemens."""
        return self.span_siemens / self.states

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Draw the parameters of every cell.

        The spread of N is log-normal with mean `states`; the skew is kept inside (0.02, 0.98) and the noise ratio
        positive, which at the published spreads concerns no cell (more than 6 and 8 standard deviations away).
        """
        step = self.step_siemens * log_normal_factor(shape, self.states_spread, stream.child("states"))
        skew = normal_spread(shape, self.symmetry_skew, self.symmetry_skew_spread, stream.child("skew")).clamp(0.02, 0.98)
        ratio = normal_spread(shape, self.noise_to_signal, self.noise_to_signal_spread, stream.child("noise")).abs()
        low, high = torch.full_like(step, self.g_low_siemens), torch.full_like(step, self.g_high_siemens)
        noise = ratio if self.multiplicative else ratio * step
        steps_up, steps_down = step / skew**self.exponent_up, step / (1.0 - skew) ** self.exponent_down
        return torch.stack([steps_up, steps_down, low, high, noise]).float()

    @property
    def multiplicative(self) -> bool:
        """Whether the noise scales with the step."""
        return self.noise == "multiplicative"

    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        """Conductance after one pulse; see the function `pulse`."""
        return pulse(conductance, direction, parameters, xi, self.multiplicative, (self.exponent_up, self.exponent_down))

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """Code, multiplicative flag and exponents, as the kernels take them."""
        return _KERNEL_CODE, int(self.multiplicative), self.exponent_up, self.exponent_down

    def widened(
        self, parameters: Float[Tensor, "parameters *cells"], low: Tensor | float, high: Tensor | float, step_factor: float
    ) -> Float[Tensor, "parameters *cells"]:
        """The same cells between other bounds: N, skew and noise-to-signal ratio are kept, times `step_factor` on the step."""
        return widened(parameters, low, high, step_factor, self.multiplicative)

    def weakened(
        self, parameters: Float[Tensor, "parameters *cells"], share: Float[Tensor, "*cells"]
    ) -> Float[Tensor, "parameters *cells"]:
        """The same cells where only a share of a pulse's voltage reaches each; see the module."""
        if self.half_voltage_ratio is None:
            return AbstractUpdateLaw.weakened(self, parameters, share)
        factor, weak = self.half_voltage_ratio ** (2.0 * (1.0 - share.double())), parameters.double().clone()
        for step in (STEP_UP, STEP_DOWN) if self.multiplicative else (STEP_UP, STEP_DOWN, NOISE):
            weak[step] *= factor
        return weak.to(parameters.dtype)

    def symmetry_points(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Each cell's own symmetry point, siemens, by bisection."""
        step_up, step_down, low, high, _ = parameters.double()
        left, right = torch.zeros_like(low), torch.ones_like(low)
        for _ in range(60):
            middle = (left + right) / 2
            rising = step_up * (1 - middle) ** self.exponent_up > step_down * middle**self.exponent_down
            left, right = torch.where(rising, middle, left), torch.where(rising, right, middle)
        return low + (high - low) * (left + right) / 2
