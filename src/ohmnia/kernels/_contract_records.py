"""Records that every part of the contract takes."""

from __future__ import annotations

from typing import NamedTuple

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
