"""Cells that were programmed and left alone, and the ages at which they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from jaxtyping import Float

from ohmnia._units import DAY, HOUR, MINUTE, SECOND, WEEK, YEAR

LONG_AGES = {"1s": SECOND, "1h": HOUR, "1d": DAY, "2d": 2 * DAY, "1w": WEEK, "10y": 10 * YEAR}
SHORT_AGES = (SECOND, 3.0, 10.0, 30.0, MINUTE, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
TEN_MINUTES = SHORT_AGES.index(10 * MINUTE)


@final
@dataclass(frozen=True, slots=True)
class Relaxed:
    """Cells of a tile, programmed and left alone.

    Parameters
    ----------
    target_siemens
        Level of each row of the tile.
    programmed_siemens
        Right after the last pulse.
    age_seconds
        Rising.
    conductance_siemens
        At each age, of the same cells.
    """

    target_siemens: Float[np.ndarray, " levels"]
    programmed_siemens: Float[np.ndarray, "levels cells"]
    age_seconds: Float[np.ndarray, " ages"]
    conductance_siemens: Float[np.ndarray, "ages levels cells"]

    @property
    def error_siemens(self) -> Float[np.ndarray, "ages levels cells"]:
        """Distance from the target."""
        return self.conductance_siemens - self.target_siemens[:, None]


def memory(long: Relaxed) -> tuple[Float[np.ndarray, " pairs"], Float[np.ndarray, " pairs"]]:
    """Correlation of the cells at each pair of ages, and the ratio of the deviations at the earlier and the later one."""
    cells = long.conductance_siemens.reshape(len(long.age_seconds), -1)
    matrix, sigma = np.corrcoef(cells), cells.std(1)
    pairs = list(combinations(range(len(cells)), 2))
    return np.array([matrix[pair] for pair in pairs]), np.array([sigma[i] / sigma[j] for i, j in pairs])
