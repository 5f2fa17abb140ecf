"""What happens to cells one by one, as every kernel member computes it: writing, waiting, and reads of single cells.

A cell's counter is its place in (planes, rows, cols), flattened. No cell depends on another one.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract_records import Cells, FloatArray, IntArray, UpdateLaw


class ClosedLoop(NamedTuple):
    """Program-verify with identical pulses, as `device` hands it out.

    Attributes
    ----------
    limits, low, high
        float64, siemens: a target above n of the rising limits takes the bounds low[n] and high[n] of its pulses.
    step_factor
        Ratio of a step to the open loop's, on top of the wider span.
    max_pulses
        Pulses after which a cell counts as failed.
    acceptance
        Acceptance range as a fraction of the target.
    """

    limits: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    step_factor: float
    max_pulses: int
    acceptance: float


class Targets(NamedTuple):
    """From tile weights to the conductances that a pair or a single device is to be written to.

    Attributes
    ----------
    base, slope
        float32 (planes,): target = max(base + slope * weight, least), siemens.
    least
        Conductance of the idle device of a pair; 0 with one device a weight.
    """

    base: FloatArray
    slope: FloatArray
    least: float


class Acceptance(NamedTuple):
    """Where a closed loop leaves a cell, as a table over targets and starts; e = (G / target - 1) / acceptance.

    Attributes
    ----------
    loop
        The closed loop that it stands for.
    first, step
        Targets of the table: first + k * step, siemens.
    quantiles
        float32 (targets, 2 * starts, points): e at evenly spaced probabilities. Start s lies at (s / (starts - 1))**2 of the
        way from the range to the lowest bound; start s + starts, to the highest.
    pulses
        int32 (targets, 2 * starts): mean number of pulses, times `PULSE_UNIT`.
    """

    loop: ClosedLoop
    first: float
    step: float
    quantiles: FloatArray
    pulses: IntArray


PULSE_UNIT = 256


class CellVerbs(Protocol):
    """The part of the contract that is about single cells."""

    def program(
        self, cells: Cells, law: UpdateLaw, loop: ClosedLoop, target: NDArray[np.float64], key: tuple[int, int], epoch: int
    ) -> tuple[IntArray, NDArray[np.bool_]]:
        """Pulse and verify every cell until |G - target| <= acceptance * target, all in float64.

        Pulse n of a cell (from 0) goes towards the target, with the table normal of counters (cell, n), and the cell's own
        parameters between the bounds of its target: full steps (and additive noise) times step_factor * (high - low) / own span.
        A pulsed cell's epoch index becomes `epoch`; conductances are stored as float32 at the end.

        Parameters
        ----------
        target
            Siemens, the shape of the cells.

        Returns
        -------
        tuple
            Pulses of each cell (int32), and where the loop gave up.
        """
        ...

    def program_sampled(
        self, cells: Cells, weights: FloatArray, targets: Targets, acceptance: Acceptance, key: tuple[int, int], epoch: int
    ) -> tuple[int, int]:
        """Put every cell where the closed loop would leave it, by a draw from its table.

        A cell inside the range stays. Else words w = (cell, 0) and v = (cell, 1) choose a target of the table (its lower
        neighbour plus the top 16 bits of w), a start (likewise, the low 16 bits), and the point v / 2**32 between quantiles.

        Parameters
        ----------
        weights
            float32 (rows, cols).

        Returns
        -------
        tuple
            Cells written, and the sum of their mean numbers of pulses, times `PULSE_UNIT`.
        """
        ...

    def advance(
        self,
        cells: Cells,
        mean: NDArray[np.float64],
        sigma: NDArray[np.float64],
        floor: float,
        key: tuple[int, int],
    ) -> int:
        """Relax every cell: G <- max(G + mean + sigma xi, floor), xi the quantile normal of counters (cell, 0).

        Parameters
        ----------
        mean, sigma
            Siemens, for each epoch index.
        floor
            Siemens.

        Returns
        -------
        int
            Cells that would have come below the floor.
        """
        ...

    def read_cells(self, cells: Cells, scale: NDArray[np.float64], key: tuple[int, int]) -> FloatArray:
        """One read of every cell by itself: G + scale max(log10(G / uS), 0) xi, xi the quantile normal of (cell, 0).

        Parameters
        ----------
        scale
            Siemens, for each epoch index.

        Returns
        -------
        FloatArray
            Siemens, the shape of the cells.
        """
        ...

    def read_variance(self, cells: Cells, scale: NDArray[np.float64], gains: NDArray[np.float64]) -> FloatArray:
        """Variance of one read of each weight: sum_p (gains[p] scale max(log10(G_p / uS), 0))**2.

        Parameters
        ----------
        scale
            Siemens, for each epoch index.
        gains
            Tile weight for each siemens, (planes,).

        Returns
        -------
        FloatArray
            Tile weights squared, (rows, cols).
        """
        ...
