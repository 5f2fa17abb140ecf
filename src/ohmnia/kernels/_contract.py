"""What every kernel member computes, and the plain records that it takes.

Arrays are contiguous numpy arrays. `planes` is 1 for one device per weight and 2 for a differential pair; plane 0
moves up where plane 1 moves down. "Table normal" is `ohmnia.random.table_normal`. Members agree on every random word,
hence on every pulse train, coincidence and normal of a pulse; conductances agree to rounding, and a decision (an ADC step,
|H| >= 1) may flip in the last bit between members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract_cells import CellVerbs
from ohmnia.kernels._contract_read import Converter as Converter
from ohmnia.kernels._contract_read import Reads
from ohmnia.kernels._contract_records import Cells as Cells
from ohmnia.kernels._contract_records import FloatArray as FloatArray
from ohmnia.kernels._contract_records import IntArray as IntArray
from ohmnia.kernels._contract_records import UpdateLaw as UpdateLaw


class Trains(NamedTuple):
    """How a rank-one update becomes pulses.

    Attributes
    ----------
    granularity
        Mean step at the symmetry point in tile weights.
    length
        Longest pulse train, BL.
    update_management, length_management
        1 or 0; see `pulsed_update`.
    """

    granularity: float
    length: int
    update_management: int
    length_management: int


class Keys(NamedTuple):
    """Two 32-bit words each: trains of the columns and rows, the cells' cycle noise."""

    columns: tuple[int, int]
    rows: tuple[int, int]
    cells: tuple[int, int]


class TransferKeys(NamedTuple):
    """The keys of a transfer rule; all but `pulses` are two 32-bit words.

    Attributes
    ----------
    pulses
        Of the fast tile's update.
    slow
        The slow cells' cycle noise.
    read
        Read noise of the fast tile.
    transfer
        Trains of a direct transfer.
    chopper
        Random flips.
    """

    pulses: Keys
    slow: tuple[int, int]
    read: tuple[int, int]
    transfer: tuple[int, int]
    chopper: tuple[int, int]


class ReadPath(NamedTuple):
    """What a column read of the fast tile passes through.

    Attributes
    ----------
    weight
        float64 (planes + 1,): tile weight = sum_p weight[p] * G_p - weight[planes].
    variance
        float32 (rows, reads): variance of the cells' read noise in the r-th column read of this call, tile weights
        squared; `reads_of` says how many there are. Without columns: no cell has read noise.
    converter
        ADC of the lines.
    """

    weight: NDArray[np.float64]
    variance: FloatArray
    converter: Converter


class TransferState(NamedTuple):
    """Digital buffers of a transfer rule for one block, changed in place.

    Attributes
    ----------
    hidden, reference, mean
        H, P and M, float32 (rows, cols).
    chopper, reads
        int32 (cols,): the sign of each column, and its reads since the last restart.
    scalars
        float64 (4,): samples seen, column to read next, running means of max|x| and of max|d|.
    """

    hidden: FloatArray
    reference: FloatArray
    mean: FloatArray
    chopper: IntArray
    reads: IntArray
    scalars: NDArray[np.float64]


class TransferSettings(NamedTuple):
    """Numbers of a transfer rule; see `Member.transfer_update`.

    Attributes
    ----------
    fast_rate
        eta0 * l_max: expected train length of a sample with average maxima; without running means (`rate_memory` 0)
        lr_A / dw_A, which is multiplied by the sample's own maxima.
    rate_memory
        Time constant, in samples, of the running means of max|x| and max|d|; 0: none.
    gain
        lambda_H divided by (m_x * m_d) ** gain_power.
    gain_power
        1: H follows the size of the gradient; 0: it does not.
    every
        Samples between two column reads, n_s.
    period
        Reads of a column between two flips of its chopper; 0: none.
    flip_probability
        Probability that a read column's chopper flips, after the read.
    wait
        Reads of a column before its reads reach H.
    dynamic
        1: the reference P follows the running mean M; 0: it stays as it is.
    mean_rate
        Smallest weight beta of a read in M.
    direct
        1: no H, the read itself is pulsed onto the slow tile (Tiki-Taka v1); 0: H and its threshold.
    slow_length
        Most units of H (direct: pulses) that one transfer takes to a cell of the slow tile.
    forget
        Factor on H after a transfer; negative: subtract the transferred units instead.
    slow_unit
        Pulses for one unit of H; direct: 1.
    """

    fast_rate: float
    rate_memory: float
    gain: float
    gain_power: float
    every: int
    period: int
    flip_probability: float
    wait: int
    dynamic: int
    mean_rate: float
    direct: int
    slow_length: int
    forget: float
    slow_unit: int = 1


class Transfer(NamedTuple):
    """What a transfer rule does to one block in a mini-batch; see `Member.transfer_update`.

    Attributes
    ----------
    fast, slow
        The two tiles.
    law, trains, keys, path, state, settings
        How pulses, reads and transfers work.
    x, d
        float32, (samples, cols) and (samples, rows).
    epochs
        Epoch indices of pulses given now on the fast and on the slow tile.
    weights
        float32 (rows, cols): tile weights of the slow tile, G_0 w_0 (+ G_1 w_1) - offset by `path.weight` in float32, which stay
        true where its cells are pulsed; None: not wanted.
    memo
        Empty at first: where a member may keep what it makes of the tiles, law, trains, path, state and settings. Hand the
        same one on as long as none of these changes; the path's variance may.
    """

    fast: Cells
    slow: Cells
    law: UpdateLaw
    trains: Trains
    keys: TransferKeys
    path: ReadPath
    state: TransferState
    settings: TransferSettings
    x: FloatArray
    d: FloatArray
    epochs: tuple[int, int]
    weights: FloatArray | None = None
    memo: dict[str, Any] | None = None


def reads_of(state: TransferState, settings: TransferSettings, samples: int) -> NDArray[np.int64]:
    """Columns that `Member.transfer_update` reads in its next call, in order."""
    seen, column = int(state.scalars[0]), int(state.scalars[1])
    count = (seen + samples) // settings.every - seen // settings.every
    return (column + np.arange(count)) % len(state.reads)


@runtime_checkable
class Member(Reads, CellVerbs, Protocol):
    """The contract of a kernel member."""

    def pulsed_update(
        self,
        cells: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        x: FloatArray,
        d: FloatArray,
        learning_rate: float,
        epoch: int,
    ) -> NDArray[np.int64]:
        """Apply `dw = -learning_rate * d x^T` by stochastic pulse trains, sample after sample.

        For sample b with X = max|x_b|, D = max|d_b|, k = learning_rate * X * D / granularity and L = `length`:
        with length management L' = min(ceil(k), L), else L' = L; k = 0: no pulse.
        With update management q = sqrt(min(k / L', 1)), and the probabilities a slot are |x_j| / X * q for column j and
        |d_i| / D * q for row i; without it they are min(p |x_j|, 1) and min(p |d_i|, 1), p = sqrt(k' / (L' * X * D)),
        k' = min(k, L') with length management, else k. Everything is evaluated from left to right in float64.
        A line fires in slot s when word(line, b * L + s) < floor(probability * 2**32 + 1/2), all in float64.
        In the order of the slots, where both lines fire, every plane p gets one pulse, up where -x_j d_i > 0 (down on
        plane 1); the cell's epoch index becomes `epoch`. Pulse n of a cell in this sample (from 0) draws the table normal
        of counters (cell, b * L + n), cell = (p * rows + i) * cols + j. Hence cells do not depend on one another.

        Parameters
        ----------
        x, d
            float32, (samples, cols) and (samples, rows).

        Returns
        -------
        NDArray[np.int64]
            Pulses, samples whose update was smaller than asked (k > L', or a probability above 1 without update management).
        """
        ...

    def transfer_update(self, works: Sequence[Transfer]) -> NDArray[np.int64]:
        """Run a rule of the Tiki-Taka family (v1, v2, chopped, AGAD) over a mini-batch, sample after sample, on every block.

        No two blocks share an array. For sample b, with n = samples seen before it, X = max|x_b|, D = max|d_b|, all of it in
        float64:
        1. m_x += (X - m_x) / min(n + 1, rate_memory), m_d likewise. With rate_memory 0: m_x = m_d = 1 throughout, and
           their scalars stay as they are.
        2. Fast tile: as `pulsed_update` for chopped inputs c_j x_j and k = fast_rate * (X / m_x) * (D / m_d); no pulse when
           m_x m_d = 0.
        3. If (n + 1) is a multiple of `every`: read column j = scalars[1] of the fast tile, r_i = ADC of
           w_ij + sqrt(variance_i + noise^2) * xi, xi the table normal of counters (i, b) of `keys.read`; a weight of whose
           cells all have the epoch index epochs[0] (pulsed just now) has variance_i = 0. Then, with R = reads_j (before this
           read) and v_i = c_j * gain * (m_x m_d)**gain_power * (r_i - P_ij):
           a. R >= wait and not direct: H_ij += v_i. Where |H_ij| >= 1 (as stored, float32): n = trunc(H_ij) limited to
              +-slow_length; |n| slow_unit pulses on the slow tile's cell (every plane) towards sign(n); then H_ij *= forget,
              or H_ij -= n where forget < 0.
           b. R >= wait and direct: one pulse towards sign(v_i) for each slot s < slow_length in which
              word(i, b * slow_length + s) of `keys.transfer` < floor(min(|v_i| / slow_length, 1) * 2**32 + 1/2).
              In a and b, pulse m of a cell in this sample draws the table normal of (cell, b * slow_length * slow_unit + m) of
              `keys.slow`.
           c. dynamic: M_:j += beta (r - M_:j), beta = max(mean_rate, 1 / (R + 1)).
           d. reads_j = R + 1. The chopper flips, c_j <- -c_j, if that is a multiple of `period` (> 0), or if
              word(j, b) of `keys.chopper` < floor(flip_probability * 2**32 + 1/2); if dynamic, then P_:j <- M_:j too.
           e. the column to read next is (j + 1) % cols.

        The pulse trains of step 2 use the signs of c_j x_j with c_j as it is before step 3 of the same sample.

        Returns
        -------
        NDArray[np.int64]
            (works, 5): pulses on the fast tile, samples whose update was smaller than asked, column reads, pulses on the slow
            tile, transfers to a cell that `slow_length` limited (|trunc(H_ij)| or |v_i| above it).
        """
        ...
