r"""Soft bounds whose steps are stated at weight 0, with bounds that differ between cells.

On a weight w = (G - G_0) / h a pulse makes the step

    up:    w <- w + a_up   ((b_up - w) / b_up + sigma xi)        down:  w <- w - a_down ((b_down + w) / b_down + sigma xi)

inside [-b_down, b_up] (with multiplicative noise: times 1 + sigma xi instead). The cells of an array differ:

    b_up = b (1 + sigma_b xi), b_down = b (1 + sigma_b xi)       a_up, a_down = delta (exp(sigma_d xi) +- sigma_pm xi)

In conductances this is the soft bounds of `relative_step` with exponents of 1:

    G_low = G_0 - h b_down,  G_high = G_0 + h b_up
    s_up = h a_up (b_up + b_down) / b_up,  s_down = h a_down (b_up + b_down) / b_down

============== ======================================================== ====
symbol         meaning                                                  unit
============== ======================================================== ====
G_0, h         conductance of weight 0, and of one unit of weight       S
b, sigma_b     bound, and its spread as a ratio                         1
delta          step at weight 0 of a median cell                        1
sigma_d        spread of ln step                                        1
sigma_pm       spread of (a_up - a_down) / (2 delta)                    1
sigma          cycle noise as a ratio to a step at weight 0             1
xi             standard normals, each its own                           1
============== ======================================================== ====

A cell has 2 b / delta states. It is at its symmetry point where w = (a_up - a_down) / (a_up / b_up + a_down / b_down).

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024), eqs. 4 to 8.
Limits: additive noise is sigma times the mean of a_up and a_down both ways, where the paper has each direction's own. A bound
is at least 1 % of b, a step at least 1 % of delta: the paper lets them be 0 or negative, which a cell cannot be pulsed with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import require
from ohmnia.device.update.relative_step import HIGH, LOW, AbstractRelativeStep, check_noise
from ohmnia.device.variation import normal_spread
from ohmnia.random import Stream, normal_like

_LEAST = 0.01
_KERNEL_CODE = 0


def cell_parameters(
    steps: tuple[Tensor, Tensor],
    bounds: tuple[Tensor, Tensor],
    noise: float,
    multiplicative: bool,
    per_weight_siemens: float,
) -> Float[Tensor, "parameters *cells"]:
    """The parameters (siemens) of cells that are described at weight 0, but for where weight 0 lies.

    Parameters
    ----------
    steps
        Mean steps up and down at weight 0, weights.
    bounds
        Lower (negative) and upper bound, weights.
    noise
        sigma.
    multiplicative
        Whether the noise scales with the step.
    per_weight_siemens
        h.

    Returns
    -------
    Tensor
        (5, *cells), float64: the rows of `ohmnia.device.update.relative_step`, with bounds as conductances from weight 0.
    """
    (up, down), (low, high) = steps, bounds
    span = high - low
    size = torch.full_like(up, noise) if multiplicative else noise * per_weight_siemens * (up + down) / 2
    full_steps = per_weight_siemens * up * span / high, per_weight_siemens * down * span / -low
    return torch.stack([*full_steps, per_weight_siemens * low, per_weight_siemens * high, size])


@final
@dataclass(frozen=True, slots=True)
class SoftBoundsAtZero(AbstractRelativeStep):
    """Technology-wide coefficients of the law.

    Parameters
    ----------
    zero_siemens, per_weight_siemens
        G_0 and h.
    step
        delta.
    cycle_noise
        sigma.
    bound
        b.
    step_spread
        sigma_d.
    asymmetry
        Mean of (a_up - a_down) / (2 delta).
    asymmetry_spread
        sigma_pm.
    bound_spread
        sigma_b b.
    noise
        "multiplicative" or "additive".
    half_voltage_ratio
        k, of wires and half-selected cells; None: not known, and both are refused.
    """

    zero_siemens: float
    per_weight_siemens: float
    step: float
    cycle_noise: float
    bound: float = 1.0
    asymmetry: float = 0.0
    step_spread: float = field(default=0.0, metadata={"distribution": "log-normal"})
    asymmetry_spread: float = 0.0
    bound_spread: float = 0.0
    noise: str = "additive"
    half_voltage_ratio: float | None = None

    def __post_init__(self) -> None:
        require(self.per_weight_siemens > 0, "per_weight", self.per_weight_siemens, "above 0")
        require(self.bound > 0, "bound", self.bound, "above 0")
        least = self.per_weight_siemens * self.bound
        require(
            self.zero_siemens > least,
            "zero",
            self.zero_siemens,
            "above per_weight times bound: no cell below 0 S",
        )
        require(0 < self.step < self.bound, "step", self.step, "above 0, below the bound")
        require(-1 < self.asymmetry < 1, "asymmetry", self.asymmetry, "-1 to 1")
        check_noise(self.cycle_noise, self.noise, self.half_voltage_ratio)

    @property
    def symmetry_point_siemens(self) -> float:
        """Conductance at which a cell without deviations has equal steps up and down."""
        return self.zero_siemens + self.per_weight_siemens * self.bound * self.asymmetry

    @property
    def step_siemens(self) -> float:
        """Its step there."""
        return self.per_weight_siemens * self.step * (1.0 - self.asymmetry**2)

    def sample(self, shape: tuple[int, ...], stream: Stream) -> Float[Tensor, "parameters *cells"]:
        """Draw the parameters of every cell; see the module's equations."""
        gain = torch.exp(self.step_spread * normal_like(stream.child("gain"), shape))
        skew = normal_spread(shape, self.asymmetry, self.asymmetry_spread, stream.child("asymmetry"))
        up, down = (self.step * (gain + sign * skew).clamp(min=_LEAST) for sign in (1.0, -1.0))
        low, high = (
            normal_spread(shape, self.bound, self.bound_spread, stream.child(name)).clamp(min=_LEAST * self.bound)
            for name in ("low", "high")
        )
        parameters = cell_parameters((up, down), (-low, high), self.cycle_noise, self.multiplicative, self.per_weight_siemens)
        parameters[LOW : HIGH + 1] += self.zero_siemens
        return parameters.float()

    @property
    def relative(self) -> tuple[tuple[float, float], Tensor | None]:
        """Exponents of 1."""
        return (1.0, 1.0), None

    def kernel_coefficients(self) -> tuple[int, int, float, float]:
        """As for soft bounds."""
        return _KERNEL_CODE, int(self.multiplicative), 1.0, 1.0
