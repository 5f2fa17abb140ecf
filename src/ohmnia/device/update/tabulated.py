r"""A tabulated update law: the mean step of a pulse is a measured curve over the conductance, read between its points.

    up:    G <- G + S_up(u)   (1 + sigma xi),    u = (G - G_low) / (G_high - G_low), cut to [0, 1]
    down:  G <- G - S_down(u) (1 + sigma xi)

S_up and S_down are straight lines between their values at u = 0, 1 / n, 2 / n, ..., 1. With `noise = "additive"` the step is
S(u) + sigma_S xi instead, where sigma_S is the noise-to-signal ratio times the step at the cell's symmetry point. A pulse never
carries a cell across a bound; a cell that relaxation took beyond one stays there until a pulse brings it back.

======== ================================================================== ======
symbol   meaning                                                            unit
======== ================================================================== ======
G        conductance                                                        S
S        mean step at the points of the table                               S
sigma    cycle-to-cycle noise as a ratio to the step, sigma_S in siemens    1, S
xi       standard normal, one for each pulse and cell                       1
======== ================================================================== ======

The full step of a cell is the largest entry of a table, times the cell's own factor; so a table is the full step times numbers
from 0 to 1, as soft bounds are the full step times a power. Weaker pulses: see `relative_step`.

References
----------
The form is ours; its values are those of the technology file. It holds what Rasch et al. (2024) write as soft bounds, which is
the table of two points (s, 0) and (0, s).
Limits: a step depends on the conductance alone; where the curves meet more than once, the symmetry point is the one that
bisection finds, at which cells gather under alternating pulses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range, require
from ohmnia.device.update.relative_step import NOISE, AbstractRelativeStep, check_noise, pulse
from ohmnia.device.variation import log_normal_factor, normal_spread
from ohmnia.random import Stream

_KERNEL_CODE, _NO_EXPONENTS = 1, (1.0, 1.0)
_LEAST_SHARE = 0.05


@lru_cache(maxsize=16)
def _tables(step_up: tuple[float, ...], step_down: tuple[float, ...]) -> Tensor:
    """Relative steps over the distance to the bound ahead, (2, points); float32, as the kernels have them."""
    up, down = np.array(step_up[::-1]), np.array(step_down)
    return torch.from_numpy(np.stack([up / up.max(), down / down.max()]).astype(np.float32))


@final
@dataclass(frozen=True, slots=True)
class Tabulated(AbstractRelativeStep):
    """Technology-wide coefficients of the law.

    Parameters
    ----------
    g_low_siemens, g_high_siemens
        Bounds of the open loop.
    step_up_siemens, step_down_siemens
        Mean step of a SET and of a RESET pulse (both as positive numbers) at equally spaced conductances, the first at g_low, the
        last at g_high; as many of one as of the other.
    noise_to_signal
        Mean ratio of the standard deviation of a step to the step; with additive noise, at the symmetry point.
    g_low_spread, g_high_spread
        Standard deviations of the bounds between cells, siemens.
    step_up_spread, step_down_spread
        Standard deviations of ln S between cells; each cell's curve is the table times a factor.
    noise_to_signal_spread
        Standard deviation of the noise ratio between cells.
    noise
        "multiplicative" or "additive".
    half_voltage_ratio
        k, of wires and half-selected cells; None: not known, and both are refused.

    Raises
    ------
    InvalidValueError
        Bounds that are no window, tables that are none (the text names the entry), or curves that never meet.
    """

    g_low_siemens: float
    g_high_siemens: float
    step_up_siemens: tuple[float, ...]
    step_down_siemens: tuple[float, ...]
    noise_to_signal: float
    g_low_spread: float = 0.0
    g_high_spread: float = 0.0
    step_up_spread: float = field(default=0.0, metadata={"distribution": "log-normal"})
    step_down_spread: float = field(default=0.0, metadata={"distribution": "log-normal"})
    noise_to_signal_spread: float = 0.0
    noise: str = "multiplicative"
    half_voltage_ratio: float | None = None

    def __post_init__(self) -> None:
        require(0 < self.g_low_siemens < self.g_high_siemens, "g_low", self.g_low_siemens, "0 < g_low < g_high")
        check_noise(self.noise_to_signal, self.noise, self.half_voltage_ratio)
        for name, table in (("step_up", self.step_up_siemens), ("step_down", self.step_down_siemens)):
            _check_table(name, table)
        up, down = self.step_up_siemens, self.step_down_siemens
        if len(up) != len(down):
            fix = "Give both at the same equally spaced conductances."
            raise InvalidValueError(f"step_up has {len(up)} values and step_down {len(down)}; valid: as many. {fix}")
        if not (up[0] > down[0] and up[-1] < down[-1] and self.step_siemens > 0):
            fix = "Check that both are positive numbers, first entry at g_low, or move the bounds."
            raise InvalidValueError(
                f"The steps up ({up[0]:.4g} to {up[-1]:.4g} S) and down ({down[0]:.4g} to {down[-1]:.4g} S) have no symmetry "
                f"point; valid: step_up is the larger at g_low, step_down at g_high, and both are above 0 where they meet. {fix}"
            )

    @property
    def relative(self) -> tuple[tuple[float, float], Tensor | None]:
        """Tables over the distance to the bound ahead."""
        return _NO_EXPONENTS, _tables(self.step_up_siemens, self.step_down_siemens)

    def _mean_cell(self) -> Float[Tensor, "5 1"]:
        full = max(self.step_up_siemens), max(self.step_down_siemens)
        row = (*full, self.g_low_siemens, self.g_high_siemens, 0.0)
        return torch.tensor(row, dtype=torch.float64)[:, None]

    @property
    def symmetry_point_siemens(self) -> float:
        """Conductance at which a mean cell's steps up and down are equal."""
        return float(self.symmetry_points(self._mean_cell()))

    @property
    def step_siemens(self) -> float:
        """Mean step of a mean cell at its symmetry point."""
        return float(self._steps(self._mean_cell()))

    def _steps(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Each cell's mean step at its symmetry point, siemens."""
        own = parameters.double()
        g = self.symmetry_points(own)
        return pulse(g, 1, own, torch.zeros_like(g), True, *self.relative) - g

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Draw the parameters of every cell.

        Factors on steps are log-normal, 1 / factor with mean 1. Bounds are normal and kept apart: the lower one lies between 1/20
        of its mean and the middle of the window, the upper one above it, which at small spreads concerns no cell.
        """
        up = max(self.step_up_siemens) * log_normal_factor(shape, self.step_up_spread, stream.child("up"))
        down = max(self.step_down_siemens) * log_normal_factor(shape, self.step_down_spread, stream.child("down"))
        middle, half = (self.g_low_siemens + self.g_high_siemens) / 2, (self.g_high_siemens - self.g_low_siemens) / 2
        near = _LEAST_SHARE * half
        low = normal_spread(shape, self.g_low_siemens, self.g_low_spread, stream.child("low"))
        high = normal_spread(shape, self.g_high_siemens, self.g_high_spread, stream.child("high"))
        low = low.clamp(_LEAST_SHARE * self.g_low_siemens, middle - near)
        ratio = normal_spread(shape, self.noise_to_signal, self.noise_to_signal_spread, stream.child("noise")).abs()
        parameters = torch.stack([up, down, low, high.clamp(min=middle + near), ratio])
        if not self.multiplicative:
            parameters[NOISE] = ratio * self._steps(parameters)
        return parameters.float()

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """Code, multiplicative flag, and exponents that are not used."""
        return _KERNEL_CODE, int(self.multiplicative), *_NO_EXPONENTS

    def kernel_tables(self) -> tuple[NDArray[np.float32], ...]:
        """Relative steps up and down over the distance to the bound ahead."""
        return (_tables(self.step_up_siemens, self.step_down_siemens).numpy().copy(),)


def _check_table(name: str, table: tuple[float, ...]) -> None:
    if len(table) < 2:
        fix = "Give the mean step at g_low and at g_high at least; for a constant step, the same number twice."
        raise InvalidValueError(f"{name} has {len(table)} value(s); valid: two or more, at equally spaced conductances. {fix}")
    for place, value in enumerate(table):
        if not (math.isfinite(value) and value >= 0):
            fix = "Sizes of steps are positive in both directions; leave out points that were not measured and interpolate."
            raise out_of_range(f"{name}[{place}]", f"{value:.4g} S", "finite numbers, 0 or more", fix)
    require(max(table) > 0, name, "only zeros", "at least one step above 0 S", "Is the unit of the table right?")
