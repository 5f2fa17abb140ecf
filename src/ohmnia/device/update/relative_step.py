r"""What update laws with bounds share: the mean step of a pulse is a full step times a function of the distance ahead.

    G <- G +- s r(w) (1 + sigma xi),   w = max(distance to the bound ahead / (G_high - G_low), 0)

    r(w) = w**gamma                                              (generalised soft bounds)
    r(w) = straight lines between r_0, ..., r_n at w = k / n     (tabulated; w is cut at 1)

With additive noise the step is s r(w) + sigma_S xi. A pulse never carries a cell across a bound; a cell that relaxation took
beyond one stays there until a pulse brings it back.

======== ================================================================== ======
symbol   meaning                                                            unit
======== ================================================================== ======
G        conductance                                                        S
s        full step of a direction                                           S
r        relative step; tables hold it over w, so that r_0 is at the bound  1
gamma    exponent of the distance                                           1
sigma    cycle-to-cycle noise as a ratio to the step, sigma_S in siemens    1, S
xi       standard normal, one for each pulse and cell                       1
======== ================================================================== ======

A pulse of which a cell gets only the share f of the voltage makes a step smaller by k**(2 (1 - f)), where k is the ratio of the
steps at half and at full voltage: exponential kinetics through two points.

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024), soft-bounds device; k: Choi et al. (2025).
Limits: a step depends on the conductance alone, not on what happened before.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require, unknown_name
from ohmnia.device.update._abstract import AbstractUpdateLaw

STEP_UP, STEP_DOWN, LOW, HIGH, NOISE = range(5)
NOISES = ("multiplicative", "additive")


def relative_step(reach: Tensor, up: Tensor, exponents: tuple[float, float], tables: Tensor | None = None) -> Tensor:
    """Mean step over the full step.

    Parameters
    ----------
    reach
        Distance to the bound ahead over the span, 0 or more.
    up
        Which pulses are SET, broadcast.
    exponents
        gamma up and down, where there are no tables.
    tables
        (2, points): r up and down over the distance, 0 to 1 in equal steps.
    """
    if tables is None or tables.shape[1] == 0:
        return torch.where(up, reach ** exponents[0], reach ** exponents[1])
    last = tables.shape[1] - 1
    place = torch.clamp(reach, max=1.0) * last
    # A conductance of NaN has no place in the table, but its step is NaN all the same.
    left = torch.nan_to_num(place).floor().clamp(max=last - 1)
    row, index = torch.where(up, 0, 1), left.long()
    here, there = tables.to(place)[row, index], tables.to(place)[row, index + 1]
    return here + (place - left) * (there - here)


def pulse(
    conductance: Tensor,
    direction: Tensor | int,
    parameters: Tensor,
    xi: Tensor,
    multiplicative: bool,
    exponents: tuple[float, float],
    tables: Tensor | None = None,
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
    exponents, tables
        See `relative_step`.

    Returns
    -------
    Tensor
        Siemens.
    """
    step_up, step_down, low, high, noise = parameters
    up = torch.as_tensor(direction) > 0
    distance = torch.where(up, high - conductance, conductance - low) / (high - low)
    reach = torch.clamp(distance, min=0.0)
    mean = torch.where(up, step_up, step_down) * relative_step(reach, up, exponents, tables)
    size = mean * (1.0 + noise * xi) if multiplicative else mean + noise * xi
    moved = torch.where(up, conductance + size, conductance - size)
    return torch.minimum(torch.maximum(moved, torch.minimum(conductance, low)), torch.maximum(conductance, high))


def symmetry_points(
    parameters: Float[Tensor, "parameters *cells"], exponents: tuple[float, float], tables: Tensor | None = None
) -> Float[Tensor, "*cells"]:
    """Where the mean steps up and down of each cell are equal, siemens, by bisection."""
    step_up, step_down, low, high, _ = parameters.double()
    left, right = torch.zeros_like(low), torch.ones_like(low)
    up, down = torch.tensor(True), torch.tensor(False)
    for _ in range(60):
        middle = (left + right) / 2
        rise = step_up * relative_step(1 - middle, up, exponents, tables)
        rising = rise > step_down * relative_step(middle, down, exponents, tables)
        left, right = torch.where(rising, middle, left), torch.where(rising, right, middle)
    return low + (high - low) * (left + right) / 2


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


def check_noise(noise_to_signal: float, noise: str, half_voltage_ratio: float | None) -> None:
    """Refuse a noise or a ratio k that no cell can have.

    Raises
    ------
    InvalidValueError
        A negative noise, or a ratio outside (0, 1].
    UnknownNameError
        Another kind of noise.
    """
    require(noise_to_signal >= 0, "noise_to_signal", noise_to_signal, "0 or more")
    possible = half_voltage_ratio is None or 0 < half_voltage_ratio <= 1
    require(possible, "half_voltage_ratio", half_voltage_ratio or 0.0, "above 0, up to 1")
    if noise not in NOISES:
        raise unknown_name("kind of noise", noise, NOISES)


class AbstractRelativeStep(AbstractUpdateLaw):
    """A law with bounds: everything but the cells' spread and the relative step itself."""

    __slots__ = ()

    noise: str
    half_voltage_ratio: float | None

    @property
    @abstractmethod
    def relative(self) -> tuple[tuple[float, float], Tensor | None]:
        """The relative step: exponents and tables, as `relative_step` takes them."""

    @property
    def multiplicative(self) -> bool:
        """Whether the noise scales with the step."""
        return self.noise == "multiplicative"

    def pulse(self, conductance: Tensor, direction: Tensor | int, parameters: Tensor, xi: Tensor) -> Tensor:
        """Conductance after one pulse; see the function `pulse`."""
        return pulse(conductance, direction, parameters, xi, self.multiplicative, *self.relative)

    def symmetry_points(self, parameters: Float[Tensor, "parameters *cells"]) -> Float[Tensor, "*cells"]:
        """Each cell's own symmetry point, siemens, by bisection; at a bound where its steps are never equal."""
        return symmetry_points(parameters, *self.relative)

    def widened(
        self, parameters: Float[Tensor, "parameters *cells"], low: Tensor | float, high: Tensor | float, step_factor: float
    ) -> Float[Tensor, "parameters *cells"]:
        """The same cells between other bounds: the relative step, the number of states and the noise-to-signal ratio are kept."""
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
