"""The read path of an array, as every kernel member computes it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmnia.kernels._contract_records import FloatArray


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


class Converters(NamedTuple):
    """All that stands between digital vectors and the lines of an array.

    Attributes
    ----------
    dac_step
        Step of the DAC on inputs in [-1, 1]; 0 for an ideal one.
    converter
        ADC and noise of the output lines.
    rounds
        Most repetitions of a saturated read.
    """

    dac_step: float
    converter: Converter
    rounds: int


class Reading(NamedTuple):
    """What a read gives.

    Attributes
    ----------
    outputs
        (samples, outputs), float32.
    saturated
        Outputs that were limited to the bound in the last round of their vector.
    vectors
        Vectors that went through the array, repetitions included.
    finite
        False where an input is NaN or infinite; then nothing was read, and the rest is empty.
    """

    outputs: FloatArray
    saturated: int
    vectors: int
    finite: bool


class Reads(Protocol):
    """The part of the contract that is about reads."""

    def read(
        self, x: FloatArray, weights: FloatArray, variance: FloatArray | None, path: Converters, key: tuple[int, int]
    ) -> Reading:
        """Read vectors through an array: DAC, product, read noise of cells and periphery, ADC, repetition, rescaling.

        Round r = 0 reads every vector, a later one those of which an output saturated in the round before, at most
        `path.rounds` times; each vector's last round counts. In round r vector b is `drive`n with shrink 2**r, and

            z = driven weights^T,  v = driven**2 variance^T,  y = `convert`(z, v) with the counter b + r * samples.

        Products are float32 sums in any order, hence members agree to rounding, and a step of the ADC may flip.

        Parameters
        ----------
        x
            float32 (samples, inputs).
        weights
            float32 (outputs, inputs), of any strides.
        variance
            Variance of one read of each weight, same shape; None: the cells have no read noise.
        path
            Converters.
        key
            Key of the noise.
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
        variance: FloatArray | None,
        converter: Converter,
        key: tuple[int, int],
        counters: NDArray[np.int64],
        scale: FloatArray,
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """Add noise, convert and rescale: y_bi = scale_b * ADC(z_bi + sqrt(variance_bi + noise**2) xi).

        Parameters
        ----------
        z, variance
            float32 (samples, lines): products, and the variance of the cells' read noise in them (None: 0).
        counters
            int64 (samples,): xi of line i is the `random.quantile_normal` of counters (i, counters_b) of `key`.

        Returns
        -------
        tuple
            y, and for each sample the number of outputs that the bound limits (|value| > bound + step / 2 before rounding).
        """
        ...
