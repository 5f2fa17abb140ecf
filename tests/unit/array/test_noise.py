"""Read noise of cells: the kernels' way and the law's own way have one law."""

from __future__ import annotations

import math

import pytest
import torch

from helpers import SIGMAS, make_tile, scatter
from ohmnia.array import Tile
from ohmnia.array.noise import read_each, weight_variance
from ohmnia.device import AbstractReadNoiseLaw, Device
from ohmnia.random import Stream

AGES = torch.tensor([1e4], dtype=torch.float64)
KINDS = ["one-device", "differential"]


class Stranger(AbstractReadNoiseLaw):
    """A law that the kernels do not know: another one's numbers."""

    def __init__(self, law: AbstractReadNoiseLaw) -> None:
        self.law = law

    def sigma(self, conductance: torch.Tensor, age_seconds: torch.Tensor, written: torch.Tensor | None = None) -> torch.Tensor:
        return self.law.sigma(conductance, age_seconds, written)


def sigma_of(tile: Tile) -> torch.Tensor:
    return tile.device.read_noise.sigma(tile.conductance, AGES.expand_as(tile.conductance))


@pytest.mark.parametrize("kind", KINDS)
def test_the_variance_is_the_same_both_ways(device: Device, kind: str) -> None:
    tile = scatter(make_tile(device, (5, 7), kind=kind))
    own, strange = (
        weight_variance(law, tile.cells, AGES, tile.mapping, tile.kernel, lambda: sigma_of(tile))
        for law in (device.read_noise, Stranger(device.read_noise))
    )
    torch.testing.assert_close(own, strange, rtol=1e-5, atol=0)
    assert (own > 0).all()


def test_a_stranger_s_reads_have_its_noise(device: Device) -> None:
    tile, stream, count = scatter(make_tile(device, (4, 6))), Stream.root(5), 2000
    reads = torch.stack(
        [
            read_each(Stranger(device.read_noise), tile.cells, AGES, stream.at(k), tile.kernel, lambda: sigma_of(tile))
            for k in range(count)
        ]
    )
    error = (reads.double() - tile.conductance.double()) / sigma_of(tile).double()
    assert (error.mean(0).abs() < SIGMAS / math.sqrt(count)).all()
    assert ((error.square().mean(0) - 1).abs() < SIGMAS * math.sqrt(2 / count)).all()


def test_reads_are_the_same_both_ways(device: Device) -> None:
    tile, stream = scatter(make_tile(device, (5, 7))), Stream.root(5)
    own, strange = (
        read_each(law, tile.cells, AGES, stream, tile.kernel, lambda: sigma_of(tile))
        for law in (device.read_noise, Stranger(device.read_noise))
    )
    torch.testing.assert_close(own, strange, rtol=1e-6, atol=0)
