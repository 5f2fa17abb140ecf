"""Drift of phase-change cells: the power law by hand, an exponent that stays with a cell, its limits and spread."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import ohmnia
import tolerances
from contracts.retention_law import RetentionLawContract, resting
from helpers import values
from ohmnia._errors import InvalidValueError
from ohmnia._units import DAY, YEAR
from ohmnia.array import Periphery, Tile, mapping
from ohmnia.device.retention.power_law_drift import PowerLawDrift
from ohmnia.random import Stream, normal

COEFFICIENTS = (25e-6, 20.0, -0.0155, 0.0244, 0.049, 0.1, -0.0125, -0.0059, 0.008, 0.045)
LAW = PowerLawDrift(*COEFFICIENTS)


def tensor(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


class TestContract(RetentionLawContract):
    @pytest.fixture(params=["published", "fast"])
    def law(self, request: pytest.FixtureRequest) -> PowerLawDrift:
        fast = PowerLawDrift(50e-6, 1e-3, 0.0, 0.1, 0.0, 0.2, 0.0, 0.05, 0.0, 0.1)
        return LAW if request.param == "published" else fast


def test_exponents_by_hand() -> None:
    # x = 1: limits .049 and .008. x = .1: -.0155 ln .1 + .0244 = .06009, -.0125 ln .1 - .0059 = .02288. x -> 0: .1 and .045.
    written, zero = tensor(25e-6, 2.5e-6, 1e-12), tensor(0.0, 0.0, 0.0)
    assert LAW.exponent(written, zero).tolist() == pytest.approx([0.049, 0.060090, 0.1], rel=1e-4)
    spread = LAW.exponent(written, zero + 1) - LAW.exponent(written, zero)
    assert spread.tolist() == pytest.approx([0.008, 0.022882, 0.045], rel=1e-4)
    # Far in the lower tail the exponent is turned positive.
    assert float(LAW.exponent(tensor(1e-12), tensor(-4.0))) == pytest.approx(0.08)


def test_a_full_level_drifts_as_published() -> None:
    cells = resting(tensor(25e-6), tensor(0.0), tensor(0.0), 0.0)
    for age in (1.0, DAY, 10 * YEAR):
        assert float(LAW.relaxed(cells, age)) == pytest.approx(25e-6 * ((age + 20) / 20) ** -0.049)


def test_a_cell_keeps_its_exponent_until_it_is_written_again() -> None:
    device = ohmnia.resolve(ohmnia.technology("pcm"))
    tile = Tile((40, 50), device, mapping(device, "one-device", "mid-window"), Periphery(), Stream.root(3))
    tile.program(values(0, 40, 50, low=0.0))

    def exponents(wait: float) -> Tensor:
        age, before = tile.clock_seconds - torch.tensor(tile.epochs)[tile.epoch_index.long()], tile.conductance.double().clone()
        tile.advance(wait)
        return -torch.log(tile.conductance.double() / before) / torch.log((age + wait + 20) / (age + 20))

    first, second = exponents(1e4), exponents(1e6)
    # Single precision of the conductance, 2**-24, over ln of the ratio of times.
    assert torch.allclose(first, second, rtol=0.0, atol=1e-6)
    tile.program(tile.weights().clone())
    third = exponents(1e4)
    assert abs(float(torch.corrcoef(torch.stack([first.flatten(), third.flatten()]))[0, 1])) < 0.5
    assert float((first - third).abs().max()) > 0.01


def test_the_spread_of_exponents_is_that_of_the_level() -> None:
    cells, level = 20_000, 2.5e-6
    own = normal(Stream.root(5), torch.arange(cells))
    nu = LAW.exponent(torch.full((cells,), level, dtype=torch.float64), own)
    # The fold at zero, 2.6 deviations down, changes the moments by less than 0.0002.
    assert abs(float(nu.mean()) - 0.06009) < tolerances.of_mean(0.0229, cells) + 2e-4
    assert abs(float(nu.std()) - 0.02288) < tolerances.of_sigma(0.0229, cells) + 2e-4


def test_a_restored_array_drifts_on_bit_by_bit() -> None:
    device = ohmnia.resolve(ohmnia.technology("pcm"))
    tiles = [Tile((8, 6), device, mapping(device, "differential"), Periphery(), Stream.root(seed)) for seed in (1, 2)]
    tiles[0].program(values(0, 8, 6))
    tiles[0].advance(100.0)
    tiles[1].restore({name: value.clone() for name, value in tiles[0].tensors().items()}, tiles[0].metadata())
    for tile in tiles:
        tile.advance(1e5)
    assert torch.equal(tiles[0].conductance, tiles[1].conductance)
    assert not math.isclose(float(tiles[0].conductance.sum()), 0.0)


@pytest.mark.parametrize(("index", "value"), [(0, 0.0), (1, 0.0), (4, -0.1), (4, 0.2), (8, -0.1), (8, 0.2)])
def test_impossible_coefficients_are_refused(index: int, value: float) -> None:
    wrong = [*COEFFICIENTS]
    wrong[index] = value
    with pytest.raises(InvalidValueError, match="out of range"):
        PowerLawDrift(*wrong)
