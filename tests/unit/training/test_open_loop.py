"""Whole pulses on single cells, single column reads, and transfers that are right on average."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ohmnia
import tolerances
from helpers import LINEAR, make_tile, near_ideal, scatter, values
from ohmnia.array import PulseScheme
from ohmnia.device import Device
from ohmnia.training._open_loop import pulse_cells, read_column, transfer_column


@pytest.mark.parametrize("kind", ["one-device", "differential"])
def test_every_cell_gets_exactly_its_pulses(tmp_path: Path, kind: str) -> None:
    tile = make_tile(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1000.0, "1")}, LINEAR)), kind=kind)
    # Away from the bounds, where a constant step ends.
    tile.conductance.fill_(50e-6)
    tile.touched()
    before, counts = tile.weights(), torch.tensor([[0, 3, -2, 0, 1, 7], [0, -1, 0, 0, 0, 0], [0, 5, 2, 0, -7, 1], [0] * 6])
    pulse_cells(tile, counts)
    torch.testing.assert_close((tile.weights() - before) / tile.granularity, counts.float(), rtol=0, atol=0.02)
    assert tile.activity.pulses == int(counts.abs().sum()) * tile.mapping.planes
    assert tile.activity.short_updates == 0


def test_no_pulses_are_no_update(device: Device) -> None:
    tile = make_tile(device)
    pulse_cells(tile, torch.zeros(4, 6, dtype=torch.int64))
    assert tile.uses.counts["update"] == 0


def test_a_column_read_is_that_column(device: Device) -> None:
    tile = scatter(make_tile(device))
    torch.testing.assert_close(read_column(tile, 2), tile.weights()[:, 2])
    assert (tile.activity.reads, tile.activity.adc_conversions) == (1, 4)


def test_a_transfer_is_right_on_average(tmp_path: Path) -> None:
    tile = make_tile(ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1e4, "1")}, LINEAR)))
    tile.program(torch.zeros(4, 6), 0.02)
    before, change, times = tile.weights(), 1.7 * tile.granularity * values(1, 4), 400
    for _ in range(times):
        transfer_column(tile, 3, change, PulseScheme(length=5))
    moved = (tile.weights() - before) / tile.granularity
    # At most two slots a transfer, each a pulse or none.
    assert float((moved[:, 3] / times - change / tile.granularity).abs().max()) < tolerances.of_mean(0.5 * 2**0.5, times)
    assert not moved[:, [0, 1, 2, 4, 5]].any()
