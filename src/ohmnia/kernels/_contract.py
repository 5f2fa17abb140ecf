"""What every kernel member computes, and the plain records that it takes.

Arrays are contiguous numpy arrays. `planes` is 1 for one device per weight and 2 for a differential pair; plane 0
moves up where plane 1 moves down. Members agree on every random word, hence on every pulse train and coincidence;
conductances agree to rounding, and a decision (an ADC step, |H| >= 1) may flip in the last bit between members.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


class UpdateLaw(NamedTuple):
    """Integer code and global coefficients of an update law, as `device` hands them out.

    Attributes
    ----------
    code
        0: generalised soft bounds (the only law so far).
    multiplicative
        1: the cycle-to-cycle noise scales with the step; 0: it is a fixed conductance.
    exponent_up, exponent_down
        Exponents of the distance to the bound, dimensionless.
    """

    code: int
    multiplicative: int
    exponent_up: float
    exponent_down: float


class Cells(NamedTuple):
    """One tile's cells as the kernels see them; `conductance` and `epoch_index` are changed in place.

    Attributes
    ----------
    conductance
        Siemens, (planes, rows, cols).
    parameters
        (5, planes, rows, cols): full step up, full step down, lower bound, upper bound (siemens), and the
        cycle-to-cycle noise (a ratio to the step where the law is multiplicative, else siemens).
    epoch_index
        Index of the write epoch of each cell, (planes, rows, cols).
    """

    conductance: FloatArray
    parameters: FloatArray
    epoch_index: IntArray


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


class Converter(NamedTuple):
    """The read path of one output line: y = step * round((z + noise * xi) / step), limited to +-bound.

    Attributes
    ----------
    bound
        Largest |output|, tile weights times inputs.
    step
        ADC step in the same unit; 0 for an ideal converter.
    noise
        Standard deviation of the periphery's own noise, same unit.
    """

    bound: float
    step: float
    noise: float


class Keys(NamedTuple):
    """Two 32-bit words each: trains of the columns and rows, the cells' cycle noise."""

    columns: tuple[int, int]
    rows: tuple[int, int]
    cells: tuple[int, int]


class TransferState(NamedTuple):
    """Digital buffers of a chopped transfer rule for one block, changed in place.

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
    """Numbers of a chopped transfer rule; see `agad_update`.

    Attributes
    ----------
    fast_rate
        eta0 * l_max: expected train length of a sample with average maxima.
    rate_memory
        Time constant, in samples, of the running means of max|x| and max|d|.
    gain
        lambda_H divided by (m_x * m_d) ** gain_power.
    gain_power
        1: H follows the size of the gradient; 0: it does not.
    every
        Samples between two column reads, n_s.
    period
        Reads of a column between two flips of its chopper.
    tail
        Tail weightening: beta = min(tail / period, 1).
    slow_length
        Most pulses that one transfer puts on a cell of the slow tile.
    forget
        Factor on H after a transfer; negative: subtract the transferred steps instead.
    """

    fast_rate: float
    rate_memory: float
    gain: float
    gain_power: float
    every: int
    period: int
    tail: float
    slow_length: int
    forget: float


@runtime_checkable
class Member(Protocol):
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
        For s, then i, then j: where both lines fire, every plane p gets one pulse, up where -x_j d_i > 0 (down on
        plane 1), with the normal of counters (cell, b * L + s), cell = (p * rows + i) * cols + j; the cell's epoch
        index becomes `epoch`.

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

    def agad_update(
        self,
        fast: Cells,
        slow: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        slow_key: tuple[int, int],
        read_key: tuple[int, int],
        read_variance: FloatArray,
        weight: NDArray[np.float64],
        converter: Converter,
        state: TransferState,
        settings: TransferSettings,
        x: FloatArray,
        d: FloatArray,
        epochs: tuple[int, int],
    ) -> NDArray[np.int64]:
        """Run AGAD (Rasch et al., Nat. Commun. 15:7133, 2024) over a mini-batch, sample after sample.

        For sample b, with n = samples seen before it:
        1. m_x += (X - m_x) / min(n + 1, rate_memory), m_d likewise (X = max|x_b|, D = max|d_b|).
        2. Fast tile: as `pulsed_update` for chopped inputs c_j x_j and k = fast_rate * (X / m_x) * (D / m_d); no pulse when
           m_x m_d = 0.
        3. If (n + 1) is a multiple of `every`: read column j = scalars[1] of the fast tile, r_i = ADC of
           w_ij + sqrt(read_variance_ij + noise^2) * xi, xi the normal of counters (i, b) of `read_key`; a cell
           whose epoch index is epochs[0] (pulsed just now) has read_variance_ij = 0. Then, with R = reads_j (before this read):
           a. R >= period: H_:j += c_j * gain * (m_x m_d)**gain_power * (r - P_:j).
           b. M_:j += beta (r - M_:j), beta = max(min(tail / period, 1), 1 / (R + 1)).
           c. R >= period: where |H_ij| >= 1 (as stored, float32): n = trunc(H_ij) limited to +-slow_length; |n| pulses on
              the slow tile's cell (every plane) towards sign(n), with normals of counters (cell, b * slow_length + pulse)
              of `slow_key`; then H_ij *= forget, or H_ij -= n where forget < 0.
           d. reads_j = R + 1; if that is a multiple of `period`: P_:j <- M_:j, c_j <- -c_j.
           e. the column to read next is (j + 1) % cols.

        The pulse trains of step 2 use the signs of c_j x_j with c_j as it is before step 3 of the same sample.

        Parameters
        ----------
        read_variance
            float32 (rows, cols): variance of one read of the fast tile's cells in tile weights squared.
        weight
            float64 (planes + 1,): tile weight = sum_p weight[p] * G_p - weight[planes].
        x, d
            float32, (samples, cols) and (samples, rows).
        epochs
            Epoch indices of pulses given now on the fast and on the slow tile.

        Returns
        -------
        NDArray[np.int64]
            Pulses on the fast tile, samples whose update was smaller than asked, column reads, pulses on the slow tile.
        """
        ...

    def drive(self, x: FloatArray, step: float, shrink: float) -> tuple[FloatArray, FloatArray]:
        """Noise management and DAC: x over scale = shrink * max|x| of its own vector, rounded to multiples of `step`.

        Parameters
        ----------
        x
            float32 (samples, lines).
        step
            DAC step; 0 for an ideal converter.
        shrink
            2**r in the r-th round of bound management.

        Returns
        -------
        tuple
            The driven vectors, and the scale of each (samples,). A vector of zeros is driven as zeros.
        """
        ...

    def convert(
        self,
        z: FloatArray,
        variance: FloatArray,
        converter: Converter,
        key: tuple[int, int],
        counters: NDArray[np.int64],
        scale: FloatArray,
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """Add noise, convert and rescale: y_bi = scale_b * ADC(z_bi + sqrt(variance_bi + noise**2) xi).

        Parameters
        ----------
        z, variance
            float32 (samples, lines): products, and the variance of the cells' read noise in them.
        counters
            int64 (samples,): xi of line i is the normal of counters (i, counters_b) of `key`.

        Returns
        -------
        tuple
            y, and for each sample the number of outputs that the bound limits (|value| > bound + step / 2 before rounding).
        """
        ...
