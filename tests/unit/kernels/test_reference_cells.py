"""The reference verbs on cells, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from contracts.kernel_cells import KEY, LOOP, make_table, make_targets
from contracts.kernel_member import make_cells
from ohmnia._errors import InvalidValueError
from ohmnia.device.update.relative_step import pulse
from ohmnia.kernels import Cells, UpdateLaw
from ohmnia.kernels import _reference_cells as reference
from ohmnia.random import Stream, quantile_normal, table_normal, words

STREAM = Stream(*KEY)
LAW = UpdateLaw(0, 1, 1.0, 1.0)


def one_cell(g: float, epoch: int = 0) -> Cells:
    """A cell of 22 states between 10 and 95 uS."""
    step = 85e-6 / 22
    parameters = np.array([step / 0.61, step / 0.39, 10e-6, 95e-6, 0.9], np.float32).reshape(5, 1, 1, 1)
    return Cells(np.full((1, 1, 1), g, np.float32), parameters, np.full((1, 1, 1), epoch, np.int32))


def test_program_pulses_until_the_cell_is_there() -> None:
    cells, goal = one_cell(30e-6), 60e-6
    pulses, failed = reference.program(cells, LAW, LOOP, np.full((1, 1, 1), goal), KEY, 3)
    # The second row of the table, 92 uS wide.
    step = 92e-6 / 22
    wide = torch.tensor([step / 0.61, step / 0.39, 8e-6, 100e-6, 0.9], dtype=torch.float64)
    g, count = torch.tensor(30e-6, dtype=torch.float64), 0
    while abs(float(g) - goal) > LOOP.acceptance * goal:
        g = pulse(g, 1 if float(g) < goal else -1, wide, table_normal(STREAM, 0, count), True, (1.0, 1.0))
        count += 1
    assert (int(pulses[0, 0, 0]), bool(failed[0, 0, 0]), int(cells.epoch_index[0, 0, 0])) == (count, False, 3)
    assert float(cells.conductance[0, 0, 0]) == pytest.approx(float(g), rel=1e-4)


def test_program_gives_up_and_says_so() -> None:
    cells = one_cell(30e-6)
    pulses, failed = reference.program(cells, LAW, LOOP._replace(max_pulses=1), np.full((1, 1, 1), 90e-6), KEY, 3)
    assert (int(pulses[0, 0, 0]), bool(failed[0, 0, 0])) == (1, True)


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"law\.code"):
        reference.program(one_cell(30e-6), LAW._replace(code=9), LOOP, np.full((1, 1, 1), 40e-6), KEY, 1)


@pytest.mark.parametrize("start", [7e-6, 80e-6])
def test_a_sampled_cell_is_a_quantile_of_its_table(start: float) -> None:
    table, goal = make_table(), 48.5e-6 + 39.5e-6 * 0.25
    cells = one_cell(start)
    written, pulses = reference.program_sampled(cells, np.full((1, 1), 0.25, np.float32), make_targets(1), table, KEY, 3)
    w, v = (int(words(STREAM, 0, part)) for part in (0, 1))
    row = math.floor((goal - 15e-6) / 14e-6 + (w >> 16) / 65536)
    edge, bound = (goal * 0.98, 5e-6) if start < goal else (goal * 1.02, 100e-6)
    way = math.sqrt((edge - start) / (edge - bound))
    column = min(math.floor(2 * way + (w & 65535) / 65536), 2) + (0 if start < goal else 3)
    e = float(np.interp(v / 2**32 * 8, np.arange(9), table.quantiles[row, column]))
    assert float(cells.conductance[0, 0, 0]) == pytest.approx(goal * (1 + 0.02 * e), rel=1e-6)
    assert (written, pulses, int(cells.epoch_index[0, 0, 0])) == (1, int(table.pulses[row, column]), 3)


def test_a_pair_keeps_its_idle_device_at_the_least_conductance() -> None:
    cells = make_cells(1, 2, 1)
    weights = np.full(cells.conductance.shape[1:], -0.5, np.float32)
    reference.program_sampled(cells, weights, make_targets(2), make_table(1e-4), KEY, 3)
    assert cells.conductance[0] == pytest.approx(9e-6, rel=1.1e-4)
    assert cells.conductance[1] == pytest.approx(48.5e-6, rel=1.1e-4)


def test_advance_adds_each_epoch_s_own_law() -> None:
    cells = make_cells(1, 1, 1)
    cells.epoch_index[0, :2], cells.epoch_index[0, 2:] = 0, 1
    before = cells.conductance.astype(np.float64)
    floored = reference.advance(cells, np.array([1e-6, -1e-6]), np.array([0.0, 2e-6]), 1e-9, KEY)
    xi = quantile_normal(STREAM, torch.arange(before.size)).numpy().reshape(before.shape)
    assert floored == 0
    assert cells.conductance[0, :2] == pytest.approx(before[0, :2] + 1e-6, rel=1e-6)
    assert cells.conductance[0, 2:] == pytest.approx(before[0, 2:] - 1e-6 + 2e-6 * xi[0, 2:], rel=1e-6)


def test_advance_stops_at_the_floor_and_counts() -> None:
    cells = make_cells(1, 1, 1)
    cells.epoch_index[:] = 0
    assert reference.advance(cells, np.array([-1e-3]), np.array([0.0]), 1e-9, KEY) == cells.conductance.size
    assert (cells.conductance == np.float32(1e-9)).all()


def test_a_single_read_has_the_noise_of_its_level() -> None:
    cells = one_cell(10e-6)
    read = reference.read_cells(cells, np.array([0.5e-6]), KEY)
    assert float(read[0, 0, 0]) == pytest.approx(10e-6 + 0.5e-6 * float(quantile_normal(STREAM, 0)), rel=1e-6)
