"""Shares at a bound, histograms, distances from the symmetry points."""

from __future__ import annotations

import math

import pytest
import torch

from helpers import make_synapse, make_tile, saturate
from ohmnia.array import EDGES, ArrayConfig, histogram, saturated_share, steps_from_symmetry
from ohmnia.device import Device


def test_the_share_at_a_bound(device: Device) -> None:
    tile = make_tile(device, (10, 10))
    assert saturated_share(tile) == 0
    saturate(tile, 0.3)
    assert saturated_share(tile) == pytest.approx(0.3)
    tile.conductance[0, 9, 9] = math.nan
    assert math.isnan(saturated_share(tile))


def test_a_fresh_pair_is_not_saturated(device: Device) -> None:
    synapse = make_synapse(device, config=ArrayConfig(mapping="differential", acceptance_range=0.02))
    assert saturated_share(synapse.blocks[0].slow) == 0


def test_a_weight_is_counted_between_its_edges() -> None:
    low = torch.tensor(EDGES[:-1]).repeat_interleave(torch.arange(len(EDGES) - 1))
    counts = histogram((low + 0.3 * (EDGES[1] - EDGES[0]))[None])
    assert counts.tolist() == list(range(len(EDGES) - 1))


def test_the_outer_bins_are_open_and_nan_is_in_none() -> None:
    counts = histogram(torch.tensor([[EDGES[0] - 5.0, EDGES[-1] + 5.0, math.nan, 1e30]]))
    assert counts[0] == 1
    assert counts[-1] == 2
    assert counts.sum() == 3


def test_cells_stand_at_their_symmetry_points_until_they_are_moved(device: Device) -> None:
    tile = make_tile(device, (5, 7))
    points = device.update.symmetry_points(tile.parameters)
    assert steps_from_symmetry(tile, points).abs().max() < 1e-5
    tile.conductance += 3.0 * device.update.step_siemens
    assert steps_from_symmetry(tile, points).numpy() == pytest.approx(3.0, rel=1e-4)
