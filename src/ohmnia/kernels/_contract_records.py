"""Records that every part of the contract takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmnia._errors import InvalidValueError, out_of_range

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
SOFT_BOUNDS, TABULATED = 0, 1
NO_TABLES = np.zeros((2, 0), np.float32)


class UpdateLaw(NamedTuple):
    """Integer code and global coefficients of an update law, as `device` hands them out.

    Attributes
    ----------
    code
        0: generalised soft bounds; 1: tabulated.
    multiplicative
        1: the cycle-to-cycle noise scales with the step; 0: it is a fixed conductance.
    exponent_up, exponent_down
        Exponents of the distance to the bound, dimensionless; not used by a table.
    tables
        float32 (2, points): relative step up and down over the distance to the bound ahead, 0 to 1 of the span in equal steps;
        without points where the law has none. Members may keep its address as long as they keep the law.
    """

    code: int
    multiplicative: int
    exponent_up: float
    exponent_down: float
    tables: FloatArray = NO_TABLES


def check_law(law: UpdateLaw) -> None:
    """Refuse a law that the members do not know.

    Raises
    ------
    InvalidValueError
        Another code, or tables that do not belong to the code.
    """
    if law.code == SOFT_BOUNDS and law.tables is NO_TABLES:
        return
    if law.code not in (SOFT_BOUNDS, TABULATED):
        raise out_of_range("law.code", law.code, "0 (generalised soft bounds) or 1 (tabulated)")
    tables = law.tables
    right = tables.dtype == np.float32 and tables.flags.c_contiguous and tables.ndim == 2 and len(tables) == 2
    if not right or (tables.shape[1] != 0 if law.code == SOFT_BOUNDS else tables.shape[1] < 2):
        valid = "float32 (2, 0) for soft bounds, contiguous (2, 2 or more) for a tabulated law"
        raise InvalidValueError(
            f"law.tables is {tables.dtype} {tables.shape} with the code {law.code}; valid: {valid}. Take the law from a tile."
        )


def check_soft_bounds(law: UpdateLaw) -> None:
    """Refuse any law but soft bounds, for members that have no tables.

    Raises
    ------
    InvalidValueError
        Another code.
    """
    if law.code != SOFT_BOUNDS:
        fix = "Tabulated laws run on the members 'cpu' and 'reference'."
        raise out_of_range("law.code", law.code, "0 (generalised soft bounds) on this member", fix)


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
