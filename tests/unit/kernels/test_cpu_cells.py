"""The compiled verbs on cells: the contract, blocks and threads that change no bit, and refusals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from contracts.kernel_cells import KEY, LOOP, KernelCellsContract, make_table, make_targets
from contracts.kernel_member import make_cells
from ohmnia._errors import InvalidValueError
from ohmnia.kernels import Cells, UpdateLaw, _cpu_cells, member
from ohmnia.kernels._threads import set_threads, threads

CPU = member("cpu")
LAW = UpdateLaw(0, 1, 1.0, 1.0)
# More than two blocks, the last one not full.
ROWS, COLS = 33, 41


class TestCpuCells(KernelCellsContract):
    own = CPU


@pytest.fixture
def restored() -> Iterator[None]:
    """Leaves the number of threads as it was."""
    before = threads()
    yield
    set_threads(before)


def many() -> Cells:
    """A tile of many blocks, all cells like those of the contract."""
    rng, few = np.random.default_rng(5), make_cells(1, 1, 1)
    place = rng.integers(0, few.conductance.size, ROWS * COLS)
    parameters = np.ascontiguousarray(few.parameters.reshape(5, -1)[:, place].reshape(5, 1, ROWS, COLS))
    g = rng.uniform(6e-6, 99e-6, (1, ROWS, COLS)).astype(np.float32)
    return Cells(g, parameters, np.zeros(g.shape, np.int32))


def live(cells: Cells) -> list[bytes]:
    """Every verb once; all bits that come out."""
    rng = np.random.default_rng(6)
    target, weights = rng.uniform(10e-6, 88e-6, cells.conductance.shape), rng.uniform(-0.9, 0.9, (ROWS, COLS))
    pulses, failed = CPU.program(cells, LAW, LOOP, target, KEY, 1)
    counts = [CPU.advance(cells, np.array([-1e-6, 0.0]), np.array([2e-6, 3e-6]), 8e-6, KEY)]
    counts += CPU.program_sampled(cells, weights.astype(np.float32), make_targets(1), make_table(), KEY, 0)
    reads = CPU.read_cells(cells, np.array([1e-7, 2e-7]), KEY)
    return [part.tobytes() for part in (pulses, failed, reads, cells.conductance, cells.epoch_index)] + [
        bytes(str(counts), "ascii")
    ]


@pytest.mark.usefixtures("restored")
def test_threads_and_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu_cells, "_PULSED_A_THREAD", 1)
    monkeypatch.setattr(_cpu_cells, "_TOUCHED_A_THREAD", 1)
    results = []
    for count in (1, 2, 3, 7):
        set_threads(count)
        results.append(live(many()))
    assert all(result == results[0] for result in results)


def test_a_cell_does_not_see_the_others() -> None:
    target, whole = np.full((1, ROWS, COLS), 40e-6), many()
    pulses, _ = CPU.program(whole, LAW, LOOP, target, KEY, 1)
    few = Cells(*(np.ascontiguousarray(part[..., :5, :]) for part in many()))
    alone, _ = CPU.program(few, LAW, LOOP, target[:, :5], KEY, 1)
    np.testing.assert_array_equal(alone, pulses[:, :5])
    np.testing.assert_array_equal(few.conductance, whole.conductance[:, :5])


def test_an_unknown_law_is_refused() -> None:
    cells = make_cells(1, 1, 1)
    with pytest.raises(InvalidValueError, match=r"law\.code"):
        CPU.program(cells, LAW._replace(code=9), LOOP, np.full(cells.conductance.shape, 40e-6), KEY, 1)
