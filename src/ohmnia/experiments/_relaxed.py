"""Cells of a tile that are programmed and left alone: the ages, the traces, and what they remember."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ohmnia._units import DAY, HOUR, MINUTE, SECOND, WEEK, YEAR
from ohmnia.array.mapping import mapping
from ohmnia.array.periphery import Periphery
from ohmnia.array.tile import Tile
from ohmnia.experiments._bench import Bench

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


def relax(bench: Bench, name: str, target: Float[Tensor, " levels"], cells: int, ages: Iterable[float]) -> Relaxed:
    """Program a tile of levels x cells, and read it at rising ages."""
    plan = mapping(bench.device, zero="mid-window")
    tile = Tile((len(target), cells), bench.device, plan, Periphery(), bench.stream.child(name))
    goal = target.double()[:, None].expand(-1, cells)
    tile.program(((goal - plan.g_zero_siemens) * plan.gains[0]).float())
    programmed, times = tile.conductance[0].double().numpy().copy(), np.array(list(ages))
    trace = np.empty((len(times), *programmed.shape))
    for k, age in enumerate(times):
        tile.advance(float(age) - tile.clock_seconds)
        trace[k] = tile.conductance[0].double().numpy()
    return Relaxed(target.double().numpy(), programmed, times, trace)


def memory(long: Relaxed) -> tuple[Float[np.ndarray, " pairs"], Float[np.ndarray, " pairs"]]:
    """Correlation of the cells at each pair of ages, and the ratio of the deviations at the earlier and the later one."""
    cells = long.conductance_siemens.reshape(len(long.age_seconds), -1)
    matrix, sigma = np.corrcoef(cells), cells.std(1)
    pairs = list(combinations(range(len(cells)), 2))
    return np.array([matrix[pair] for pair in pairs]), np.array([sigma[i] / sigma[j] for i, j in pairs])
