"""Columns: reads with their noise, and what leaves H; the contract suite judges the rest against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels._columns import read_column
from ohmnia.random import Stream, normal_table, table_normal

ROWS, COLS, U64 = 7, 5, np.uint64
TABLE = normal_table().numpy()


def read(planes, variance, noise, epochs, resolution=0.0, bound=9.0) -> np.ndarray:
    """Column 3, rows 2 to 6, as the second read of a call and after its sample 4."""
    conductance = np.random.default_rng(planes).uniform(0, 1, (planes, ROWS, COLS)).astype(np.float32)
    weight, tile = np.array([2.0, -2.0][:planes] + [0.25]), (conductance.ravel(), np.zeros(0, np.float32), epochs.ravel())
    work = np.empty(ROWS), np.empty(ROWS, np.float32), np.empty(ROWS, np.uint32), np.empty(ROWS, np.uint32)
    keys = np.array([0, 0, 0, 0, 21, 22, 0, 0])
    place = 2, U64(5), U64(2 * COLS + 3), 1, 4
    shape = planes, U64(ROWS * COLS), U64(COLS)
    read_column(*place, tile, *shape, weight, variance, (bound, resolution, noise), keys, 6, TABLE, work)
    ideal = sum(w * plane for w, plane in zip(weight, conductance.astype(float), strict=False)) - 0.25
    return work[0][:5] - ideal[2:, 3] if resolution == 0.0 else work[0][:5]


def normals() -> np.ndarray:
    return np.array([float(table_normal(Stream(21, 22), row, 4)) for row in range(2, 7)])


@pytest.mark.parametrize("planes", [1, 2])
def test_a_quiet_column_has_the_noise_of_its_converter(planes: int) -> None:
    epochs = np.zeros((planes, ROWS, COLS), np.int32)
    assert read(planes, np.empty((ROWS, 0), np.float32), 0.0, epochs) == pytest.approx(0.0, abs=1e-12)
    assert read(planes, np.empty((ROWS, 0), np.float32), 0.3, epochs) == pytest.approx(0.3 * normals())


@pytest.mark.parametrize("planes", [1, 2])
def test_only_a_weight_that_was_pulsed_just_now_has_no_read_noise(planes: int) -> None:
    variance, epochs = np.full((ROWS, 2), np.nan, np.float32), np.full((planes, ROWS, COLS), 6, np.int32)
    variance[:, 1] = 0.16
    epochs[-1, 4, 3] = 5
    expected = 0.3 * normals()
    expected[2] *= np.sqrt(0.16 + 0.09) / 0.3
    assert read(planes, variance, 0.3, epochs) == pytest.approx(expected)


def test_the_converter_rounds_and_limits() -> None:
    epochs = np.zeros((1, ROWS, COLS), np.int32)
    values = read(1, np.empty((ROWS, 0), np.float32), 0.0, epochs, resolution=0.125, bound=1.0)
    assert (values * 8 == np.rint(values * 8)).all()
    assert (abs(values) <= 1.0).all()
    assert values.max() == 1.0
