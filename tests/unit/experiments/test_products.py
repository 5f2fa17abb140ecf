"""The bench of products: what goes in, what the corrections undo, ages that a technology does not know."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import ohmnia
from ohmnia._units import DAY, YEAR
from ohmnia.array import Wires, mapping
from ohmnia.array.circuit import effective_matrix
from ohmnia.device import Device
from ohmnia.device.read_noise.no_noise import NoReadNoise
from ohmnia.experiments._products import NO_CONVERTERS, Products, Setup, products, reachable, through_wires
from ohmnia.random import Stream

SMALL = Setup(size=16, matrices=2, vectors=30, acceptance=0.002, periphery=NO_CONVERTERS)
STREAM = Stream.root(11)


@pytest.fixture(scope="module")
def quiet(device: Device) -> Device:
    return dataclasses.replace(device, read_noise=NoReadNoise())


def test_inputs_are_uniform_and_products_exact(quiet: Device) -> None:
    found = products(quiet, SMALL, (0.0,), STREAM)
    assert found.inputs.shape == (2, 60, 16)
    assert float(found.inputs.abs().max()) < 1.0
    # The deviation of 1920 uniform numbers in (-1, 1).
    assert float(found.inputs.std()) == pytest.approx(3**-0.5, rel=0.05)
    # An acceptance range of 0.2 % leaves errors of at most 0.002 x 88.2 uS, 0.0045 of a weight, on each of 16.
    assert float(found.errors().abs().max()) < 16 * 0.0045
    assert not torch.equal(found.expected[0], found.expected[1])


def test_set_ups_share_matrices_and_vectors(quiet: Device) -> None:
    plain, pairs = (products(quiet, dataclasses.replace(SMALL, pairs=value), (0.0,), STREAM) for value in (False, True))
    assert torch.equal(plain.inputs, pairs.inputs)
    assert torch.equal(plain.expected, pairs.expected)
    assert not torch.equal(plain.measured, pairs.measured)


def test_a_common_shift_is_taken_out_by_the_sum_of_the_inputs(quiet: Device) -> None:
    found = products(quiet, SMALL, (0.0,), STREAM)
    shifted = found.measured + 0.05 * found.inputs.sum(2)[None, :, :, None]
    moved = Products((0.0,), found.inputs, found.expected, shifted)
    assert float(moved.rmse().mean()) > 5 * float(found.rmse().mean())
    assert torch.allclose(moved.rmse("lines"), found.rmse("lines"), rtol=1e-3)


def test_a_common_loss_is_taken_out_by_the_scale(quiet: Device) -> None:
    found = products(quiet, SMALL, (0.0, 1.0), STREAM)
    weak = torch.stack([found.measured[0], 0.4 * found.measured[0]])
    lossy = Products((0.0, 1.0), found.inputs, found.expected, weak)
    assert float(lossy.rmse()[1].mean()) > 0.5
    assert torch.allclose(lossy.rmse("scale")[1], lossy.rmse("scale")[0], rtol=1e-4)


def test_a_reference_line_halves_what_wires_do(quiet: Device) -> None:
    wired = dataclasses.replace(SMALL, size=32, wires=Wires(row_ohm=2.0, column_ohm=2.0))
    digital, column = (products(quiet, dataclasses.replace(wired, reference_line=line), (0.0,), STREAM) for line in (False, True))
    ideal = products(quiet, dataclasses.replace(wired, wires=None), (0.0,), STREAM)
    assert float(ideal.rmse().mean()) < float(column.rmse().mean()) < float(digital.rmse().mean())


def test_cells_are_written_without_wires_and_read_through_them(quiet: Device) -> None:
    wires = [Wires(row_ohm=ohm, column_ohm=ohm) for ohm in (3.0, 1.0)]
    found = [products(quiet, dataclasses.replace(SMALL, wires=each), (0.0,), STREAM) for each in (None, *wires)]
    # Read without wires, the products give the cells' weights back; the circuit then says what wires leave of them.
    layout, inputs = mapping(quiet, "one-device", "mid-window"), found[0].inputs[0].double()
    weights = torch.linalg.lstsq(inputs, found[0].measured[0, 0].double()).solution.mT
    cells = (weights + layout.offset) / layout.gains[0]
    for each, wired in zip(wires, found[1:], strict=True):
        expected = inputs @ layout.weights(effective_matrix(cells.mT, each).mT[None]).mT
        # float32 products of up to 16.
        assert float((wired.measured[0, 0] - expected).abs().max()) < 1e-4


def test_wires_one_after_the_other_are_each_by_itself(quiet: Device) -> None:
    wires = [Wires(row_ohm=ohm, column_ohm=ohm) for ohm in (3.0, 1.0)]
    swept = through_wires(quiet, SMALL, wires, STREAM)
    for each, found in zip(wires, swept, strict=True):
        alone = products(quiet, dataclasses.replace(SMALL, wires=each), (0.0,), STREAM)
        assert torch.equal(found.measured, alone.measured)
    assert float(swept[0].rmse().mean()) > float(swept[1].rmse().mean())


def test_ages_that_are_not_published_are_left_out(device: Device) -> None:
    ages = (0.0, DAY, 10 * YEAR)
    assert reachable(device, ages) == ages
    assert reachable(ohmnia.resolve(ohmnia.technology("wan-2022")), ages) == (0.0, DAY)
    assert products(device, SMALL, (0.0,), STREAM).at(DAY).value is None
