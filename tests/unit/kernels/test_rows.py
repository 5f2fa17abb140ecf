"""Rows: the two ways in which a row and a sample meet give the same bits, at every density and train length."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels import (
    Cells,
    Converter,
    Keys,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
    reads_of,
)
from ohmnia.kernels._cpu import Cpu
from ohmnia.kernels._rows import AUTO, DENSE, HITS

# More rows than are done together, and more hits than find room at once.
ROWS, COLS, SAMPLES = 80, 150, 6
KEYS = Keys((1, 2), (3, 4), (5, 6))


def make_cells(seed: int, planes: int) -> Cells:
    """Cells with spread parameters; some stand beyond their bounds."""
    rng, shape = np.random.default_rng(seed), (planes, ROWS, COLS)
    steps = 0.02 * np.exp(0.3 * rng.standard_normal((2, *shape)))
    bounds = -0.75 + 0.1 * rng.standard_normal(shape), 1.25 + 0.1 * rng.standard_normal(shape)
    parameters = np.stack([*steps, *bounds, 0.3 * rng.uniform(size=shape)]).astype(np.float32)
    return Cells(rng.uniform(-1, 1.4, shape).astype(np.float32), parameters, np.full(shape, -1, np.int32))


def batch(scale: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    x, d = rng.uniform(-scale, scale, (SAMPLES, COLS)), rng.uniform(-scale, scale, (SAMPLES, ROWS))
    return x.astype(np.float32), d.astype(np.float32)


def bits(cells: Cells) -> tuple[bytes, bytes]:
    return cells.conductance.tobytes(), cells.epoch_index.tobytes()


@pytest.mark.parametrize("scaled", [0, 1])
@pytest.mark.parametrize("length", [1, 2, 31, 70])
@pytest.mark.parametrize("scale", [0.03, 0.1, 0.4])
def test_dense_and_hits_give_the_same_bits(scale: float, length: int, scaled: int) -> None:
    x, d = batch(scale)
    results, pulses = [], []
    for path in (AUTO, DENSE, HITS):
        cells = make_cells(1, 1 + scaled)
        counts = Cpu(path).pulsed_update(cells, UpdateLaw(0, scaled, 1.0, 1.0), Trains(0.01, length, 0, 0), KEYS, x, d, 1.0, 4)
        results.append(bits(cells))
        pulses.append(counts.tolist())
    assert results[0] == results[1] == results[2]
    assert pulses[0] == pulses[1] == pulses[2]
    assert pulses[0][0] > 0


def test_a_transfer_gives_the_same_bits_either_way() -> None:
    settings = TransferSettings(3.0, 10.0, 9.0, 0.5, 1, 2, 0.1, 2, 1, 0.5, 0, 2, -1.0)
    x, d = batch(1.0)
    results = []
    for path in (AUTO, DENSE, HITS):
        hidden, reference, mean = np.zeros((3, ROWS, COLS), np.float32)
        lines = np.ones(COLS, np.int32), np.full(COLS, 2, np.int32)
        state = TransferState(hidden, reference, mean, *lines, np.zeros(4))
        variance = np.full((ROWS, len(reads_of(state, settings, SAMPLES))), 1e-4, np.float32)
        read = ReadPath(np.array([1.0, 0.0]), variance, Converter(12.0, 0.05, 0.02))
        keys = TransferKeys(KEYS, (7, 8), (9, 10), (11, 12), (13, 14))
        tiles = make_cells(1, 1), make_cells(2, 1)
        law, trains = UpdateLaw(0, 0, 1.0, 1.0), Trains(0.01, 31, 1, 1)
        counts = Cpu(path).transfer_update([Transfer(*tiles, law, trains, keys, read, state, settings, x, d, (1, 2))])[0]
        results.append((counts.tolist(), *map(bits, tiles), *(part.tobytes() for part in state)))
        assert counts[3] > 0
    assert results[0] == results[1] == results[2]


def test_only_cells_that_were_pulsed_move_and_get_the_epoch() -> None:
    x, d = batch(0.1)
    for path in (DENSE, HITS):
        cells, before = make_cells(1, 1), make_cells(1, 1)
        Cpu(path).pulsed_update(cells, UpdateLaw(0, 0, 1.0, 1.0), Trains(0.01, 31, 0, 0), KEYS, x, d, 1.0, 4)
        pulsed = cells.epoch_index == 4
        assert 0 < pulsed.sum() < pulsed.size
        assert np.array_equal(cells.conductance[~pulsed], before.conductance[~pulsed])
        assert (cells.epoch_index[~pulsed] == -1).all()
