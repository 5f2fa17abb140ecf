r"""Do two simulators move a cell by the same law? Mean, variance and skew of the weight change, from repeats of one update.

Both sides start every repeat from the same weights of the same cells and get the same inputs, so that only the pulse
trains and the cycle noise differ. Cells of a row or column share trains, and are not independent of each other; repeats are.
Hence each moment becomes one number for each repeat r, and its standard error comes from the scatter of those numbers.
With c_ijr the change of cell ij, e_ij the direction that is asked for (-lr sum_b d_i x_j, scaled to a mean square of 1),
m_ij the mean over repeats and V the mean of the variances over all cells:

    mean:      mean_ij  e_ij c_ijr
    variance:  mean_ij  (c_ijr - m_ij)**2 R / (R - 1)
    skew:      mean_ij  sign(e_ij) (c_ijr - m_ij)**3 R**2 / ((R - 1) (R - 2)) / V**1.5

Two sides agree in a moment where their means over repeats lie within 3 combined standard errors: two equal ones disagree in
one of three moments about once in 120 comparisons. A fourth number guards what averages hide (cells that are exchanged, or a law
that is wrong in opposite ways): the share of cells whose own means lie more than 3 standard errors apart. It is compared
with the same share for repeats that are shuffled between the sides, which keeps the correlations between cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from ohmnia._errors import require
from ohmnia.random import Stream, permutation

Changes = Float[np.ndarray, "repeats cells"]
ERRORS = 3.0
_SHUFFLES = 200
_CHUNK = 4096


@final
@dataclass(frozen=True, slots=True)
class Samples:
    """Weight changes of one side.

    Parameters
    ----------
    changes
        One row for each repeat.
    direction
        e, the change that is asked for, any scale; the same on both sides.
    """

    changes: Changes
    direction: Float[np.ndarray, " cells"]


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict.

    Parameters
    ----------
    deviations
        Difference of mean, variance and skew in combined standard errors.
    far_cells, far_cells_limit
        Share of cells whose means lie more than 3 standard errors apart, and the largest such share of 200 shuffles, which
        equal sides exceed once in 201 comparisons.
    relative
        Relative difference of mean and variance, for people.
    """

    deviations: tuple[float, float, float]
    far_cells: float
    far_cells_limit: float
    relative: tuple[float, float]

    @property
    def agree(self) -> bool:
        """All three moments within 3 standard errors, and no more far cells than chance gives."""
        return all(abs(z) <= ERRORS for z in self.deviations) and self.far_cells <= self.far_cells_limit


def per_repeat(samples: Samples) -> Float[np.ndarray, "moments repeats"]:
    """Mean, variance and skew, one number for each repeat; see the module's equations."""
    changes, direction = samples.changes, samples.direction
    repeats = len(changes)
    weights = direction / math.sqrt(float(np.mean(np.square(direction, dtype=np.float64))))
    totals = np.zeros((3, repeats))
    for start in range(0, changes.shape[1], _CHUNK):
        part = slice(start, start + _CHUNK)
        own = changes[:, part].astype(np.float64)
        centred = own - own.mean(0)
        totals[0] += own @ weights[part]
        totals[1] += np.square(centred).sum(1)
        totals[2] += centred**3 @ np.sign(weights[part])
    mean, variance, third = totals / changes.shape[1]
    variance *= repeats / (repeats - 1)
    third *= repeats**2 / ((repeats - 1) * (repeats - 2))
    return np.stack([mean, variance, third / variance.mean() ** 1.5])


def _scaled_difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference of means over the combined standard error, for each column; 0 where nothing varies and nothing differs."""
    difference = one.mean(0) - other.mean(0)
    error = np.sqrt(one.var(0, ddof=1) / len(one) + other.var(0, ddof=1) / len(other))
    return np.divide(difference, error, out=np.where(difference == 0.0, 0.0, np.inf), where=error > 0.0)


def _far_shares(both: Changes, own: int, orders: list[np.ndarray]) -> np.ndarray:
    """Share of cells whose means lie more than 3 standard errors apart, for each order of the repeats."""
    mine = np.zeros((len(orders), len(both)))
    for k, order in enumerate(orders):
        mine[k, order[:own]] = 1.0
    far = np.zeros(len(orders))
    for start in range(0, both.shape[1], _CHUNK):
        part = both[:, start : start + _CHUNK].astype(np.float64)
        part -= part.mean(0)
        sides = [(chosen @ part, chosen @ np.square(part), n) for chosen, n in ((mine, own), (1.0 - mine, len(both) - own))]
        means = [total / n for total, _, n in sides]
        errors = sum((square / n - mean**2) / (n - 1) for (_, square, n), mean in zip(sides, means, strict=True))
        far += (np.square(means[0] - means[1]) > ERRORS**2 * errors + 1e-300).sum(1)
    return far / both.shape[1]


def compare(ours: Samples, theirs: Samples, seed: int = 0, most_cells: int = 4096) -> Comparison:
    """Compare the weight changes of two sides.

    Parameters
    ----------
    ours, theirs
        At least 8 repeats of the same cells.
    seed
        Of the shuffles.
    most_cells
        The share of far cells is taken over at most this many cells, evenly chosen.

    Raises
    ------
    InvalidValueError
        Too few repeats for a skew.
    """
    repeats = min(len(ours.changes), len(theirs.changes))
    require(repeats >= 8, "repeats", repeats, "8 or more")
    one, other = per_repeat(ours), per_repeat(theirs)
    deviations = _scaled_difference(one.T, other.T)
    stride = -(-ours.changes.shape[1] // most_cells)
    both = np.concatenate([ours.changes[:, ::stride], theirs.changes[:, ::stride]])
    stream = Stream.root(seed)
    shuffles = (permutation(stream.at(k), len(both)).numpy() for k in range(_SHUFFLES))
    orders = [np.arange(len(both)), *shuffles]
    found, *shuffled = _far_shares(both, len(ours.changes), orders)
    relative = one.mean(1) / other.mean(1) - 1.0
    return Comparison(
        (float(deviations[0]), float(deviations[1]), float(deviations[2])),
        float(found),
        float(max(shuffled)),
        (float(relative[0]), float(relative[1])),
    )
