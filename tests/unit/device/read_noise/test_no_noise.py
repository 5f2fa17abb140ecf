"""Reads without noise."""

from __future__ import annotations

import dataclasses

import torch

from helpers import make_tile, scatter, values
from ohmnia.device import Device
from ohmnia.device.read_noise.no_noise import NoReadNoise


def test_zeros_of_the_broadcast_shape_and_kind() -> None:
    sigma = NoReadNoise().sigma(torch.full((3, 1), 1e-5), torch.ones(2, dtype=torch.float64))
    assert torch.equal(sigma, torch.zeros(3, 2))


def test_reads_of_an_array_repeat_exactly(device: Device) -> None:
    tile = scatter(make_tile(dataclasses.replace(device, read_noise=NoReadNoise())))
    tile.advance(3600.0)
    x = values(1, 5, 6)
    assert torch.equal(tile.mvm(x), tile.mvm(x))
