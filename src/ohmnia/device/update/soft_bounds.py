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

from ohmnia._errors import require
from ohmnia.device.update.relative_step import AbstractRelativeStep, check_noise
from ohmnia.device.variation import log_normal_factor, normal_spread
from ohmnia.random import Stream

_KERNEL_CODE = 0


@final
@dataclass(frozen=True, slots=True)
class SoftBounds(AbstractRelativeStep):
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
        for name in ("exponent_up", "exponent_down"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        check_noise(self.noise_to_signal, self.noise, self.half_voltage_ratio)

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
    def relative(self) -> tuple[tuple[float, float], Tensor | None]:
        """Powers of the distance to the bound ahead."""
        return (self.exponent_up, self.exponent_down), None

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """Code, multiplicative flag and exponents, as the kernels take them."""
        return _KERNEL_CODE, int(self.multiplicative), self.exponent_up, self.exponent_down
