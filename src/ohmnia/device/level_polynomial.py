r"""A polynomial in the relative level of a cell, the form in which many technologies publish their errors.

    f(G) = sum_i c_i x**i,   x = G / G_ref, limited to [0, 1]

Beyond the levels that were measured the value at their end is kept: a polynomial says nothing there.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import require


def relative_level(conductance: Float[Tensor, "*cells"], reference_siemens: float) -> Float64[Tensor, "*cells"]:
    """G / G_ref, limited to [0, 1]."""
    return (conductance.double() / reference_siemens).clamp(0.0, 1.0)


def polynomial(coefficients: tuple[float, ...], level: Float64[Tensor, "*cells"]) -> Float64[Tensor, "*cells"]:
    """f at relative levels, in the unit of the coefficients (lowest power first)."""
    value = torch.zeros_like(level)
    for coefficient in reversed(coefficients):
        value = value * level + coefficient
    return value


def require_deviation(coefficients: tuple[float, ...], name: str) -> None:
    """Refuse a polynomial that gives a negative standard deviation at a level from 0 to 1.

    Raises
    ------
    InvalidValueError
        With the lowest value and its level.
    """
    levels = torch.linspace(0.0, 1.0, 201, dtype=torch.float64)
    values = polynomial(coefficients, levels)
    lowest = int(values.argmin())
    text = f"{float(values[lowest]):.4g} at a level of {float(levels[lowest]):.3g}"
    require(bool(coefficients) and float(values[lowest]) >= 0.0, name, text, "a standard deviation, 0 or more at every level")
