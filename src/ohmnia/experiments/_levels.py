r"""Statistics of programmed levels: a straight line through their deviations, overlap of neighbours, separable states.

Two neighbours at a distance D with normal errors of deviations s1, s2 overlap by erfc(D / (sqrt(2) (s1 + s2))), the area
that their densities share when s1 = s2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

# Kurtosis of a uniform density: the closed loop's errors fill the acceptance range evenly.
_UNIFORM = 1.8


class Line(NamedTuple):
    """Offset and slope of a least-squares line, each with its standard error."""

    offset: float
    offset_error: float
    slope: float
    slope_error: float


def deviation_error(sigma: Float[np.ndarray, " levels"], cells: int, kurtosis: float = _UNIFORM) -> Float[np.ndarray, " levels"]:
    """Standard error of standard deviations, each of that many cells: sigma sqrt((kurtosis - 1) / 4 n)."""
    return sigma * math.sqrt((kurtosis - 1) / (4 * cells))


def line_through(x: Float[np.ndarray, " levels"], y: Float[np.ndarray, " levels"], error: Float[np.ndarray, " levels"]) -> Line:
    """Ordinary least squares (as the published lines; the errors only give those of the result)."""
    weight = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    rest = 1 / len(x) - weight * x.mean()
    slope, offset = float(weight @ y), float(rest @ y)
    return Line(offset, float(np.sqrt(rest**2 @ error**2)), slope, float(np.sqrt(weight**2 @ error**2)))


def deviation_from(
    simulated: Float[np.ndarray, " levels"], measured: Float[np.ndarray, " levels"], error: Float[np.ndarray, " levels"]
) -> tuple[float, float]:
    """Root mean square of simulated / measured - 1, and its standard error from that of the simulated values."""
    relative = simulated / measured - 1
    rms = float(np.sqrt(np.mean(relative**2)))
    spread = float(np.sqrt(np.sum((relative * error / measured) ** 2)))
    return rms, spread / (rms * len(simulated)) if rms > 0 else 0.0


def overlaps(target: Float[np.ndarray, " levels"], sigma: Float[np.ndarray, " levels"]) -> Float[np.ndarray, " pairs"]:
    """Gaussian overlap of each pair of neighbours."""
    from scipy.special import erfc

    return erfc(np.diff(target) / (math.sqrt(2) * (sigma[1:] + sigma[:-1])))


def counted_overlaps(conductance: Float[np.ndarray, "levels cells"]) -> Float[np.ndarray, " pairs"]:
    """Overlap of each pair of neighbours by counting the cells beyond the middle of the two means."""
    middle = (conductance.mean(1)[1:] + conductance.mean(1)[:-1])[:, None] / 2
    return (conductance[:-1] > middle).mean(1) + (conductance[1:] < middle).mean(1)


def levels_apart(conductance: Float[np.ndarray, "levels cells"]) -> int:
    """Levels of which no cell reaches the cells of a neighbour."""
    gaps = conductance[1:].min(1) > conductance[:-1].max(1)
    below, above = np.concatenate([[True], gaps]), np.concatenate([gaps, [True]])
    return int((below & above).sum())
