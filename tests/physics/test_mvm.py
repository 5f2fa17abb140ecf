"""The read of an array: limits, quantisation, read noise, management schemes, and digital compensation."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from helpers import IDEAL, QUICK_IDEAL, SIGMAS, YEARS_10, make_synapse, make_tile, scatter, values
from ohmnia.array import Compensation, Mapping, Periphery, PulseScheme, Tile
from ohmnia.device import Device
from ohmnia.lifecycle import Chip
from ohmnia.nn import AnalogLinear

KINDS = ["one-device", "differential"]
EPSILON = 2.0**-24


def loop_weights(tile: Tile) -> torch.Tensor:
    """Tile weights in float64, written out."""
    g = tile.conductance.double()
    span = 88.2e-6 - 9e-6
    return (g[0] - 48.6e-6) / (span / 2) if len(g) == 1 else (g[0] - g[1]) / span


def loop_sigma(tile: Tile, age: float) -> torch.Tensor:
    """Standard deviation of a read of each tile weight at one age, written out from the published equation."""
    growth = math.sqrt(math.log((age + 1e-6) / 2e-6))
    sigma = 0.0277316483e-6 * torch.log10(tile.conductance.double() / 1e-6).clamp(min=0) * growth
    span = 88.2e-6 - 9e-6
    return sigma[0] / (span / 2) if len(sigma) == 1 else (sigma[0] ** 2 + sigma[1] ** 2).sqrt() / span


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 7), (40, 100)])
def test_ideal_converters_and_no_noise_are_the_exact_product(device: Device, kind: str, shape: tuple[int, int]) -> None:
    tile = scatter(make_tile(device, shape, kind=kind))
    weights = loop_weights(tile)
    forward, backward = values(1, 5, shape[1]), values(2, 5, shape[0])
    for x, y, w in (
        (forward, tile.mvm(forward), weights),
        (backward, tile.mvm_t(backward), weights.T),
    ):
        # float32: each of n products and sums, the scaling, and weights whose parts are of the order of 2.
        bound = EPSILON * (w.shape[1] + 8) * (x.double().abs() @ (w.abs() + 2).T)
        assert ((y.double() - x.double() @ w.T).abs() <= bound).all()


def test_a_product_is_linear_without_noise(device: Device) -> None:
    tile, x, other = scatter(make_tile(device)), values(1, 5, 6), values(2, 5, 6)
    torch.testing.assert_close(tile.mvm(x + 3 * other), tile.mvm(x) + 3 * tile.mvm(other), rtol=1e-5, atol=1e-5)
    assert not tile.mvm(torch.zeros(2, 6)).any()


def test_finer_converters_converge_to_the_product(device: Device) -> None:
    x, errors = values(1, 50, 64), []
    for bits in (5, 7, 9, 11):
        periphery = Periphery(dac_bits=bits, adc_bits=bits + 2, adc_range=32.0, output_noise_steps=0.0)
        tile = scatter(make_tile(device, (32, 64), periphery=periphery))
        errors.append(float((tile.mvm(x).double() - x.double() @ loop_weights(tile).T).square().mean().sqrt()))
    # Two bits more, a quarter of the step: 2 (2**b - 1) / (2**(b + 2) - 1) of the full scale.
    assert [a / b for a, b in itertools.pairwise(errors)] == pytest.approx([4.2, 4.05, 4.01], rel=0.1)


# --- quantisation -----------------------------------------------------------------------------------------------------


def test_adc_error_is_uniform_over_a_step(device: Device) -> None:
    # A range that every sum fits, so that no vector is read twice.
    periphery = Periphery(dac_bits=0, adc_bits=9, adc_range=24.0, output_noise_steps=0.0)
    tile, x = scatter(make_tile(device, (32, 64), periphery=periphery)), values(1, 400, 64)
    scale = x.double().abs().amax(1, keepdim=True)
    error = ((tile.mvm(x).double() - x.double() @ loop_weights(tile).T) / scale).flatten() / (24 / 255)
    count = len(error)
    assert float(error.abs().max()) <= 0.5 * (1 + 1e-4)
    # Uniform: variance 1/12, and that of its square 1/180.
    assert abs(float(error.mean())) < SIGMAS * math.sqrt(1 / 12 / count)
    assert abs(float(error.square().mean()) - 1 / 12) < SIGMAS * math.sqrt(1 / 180 / count)


def test_dac_error_is_uniform_over_a_step(device: Device) -> None:
    periphery = Periphery(dac_bits=7, adc_bits=0, adc_range=1e6, output_noise_steps=0.0)
    tile, x = scatter(make_tile(device, (1, 64), periphery=periphery)), values(1, 4000, 64)
    # The largest input is driven without error.
    x[:, 5] = 1.0
    error = tile.mvm(x).double() - x.double() @ loop_weights(tile).T
    squares = loop_weights(tile)[0].square()
    variance = float(squares.sum() - squares[5]) / 63**2 / 12
    assert abs(float(error.mean())) < SIGMAS * math.sqrt(variance / len(error))
    # A sum of 63 uniform errors is nearly normal.
    assert abs(float(error.square().mean()) - variance) < SIGMAS * variance * math.sqrt(2 / len(error))


def test_output_noise_has_the_periphery_s_size(device: Device) -> None:
    periphery = Periphery(dac_bits=0, adc_bits=0, adc_range=10.0, output_noise_steps=20.0)
    tile, x = scatter(make_tile(device, (8, 4), periphery=periphery)), values(1, 1, 4).expand(5000, 4)
    error = (tile.mvm(x).double() - x.double() @ loop_weights(tile).T) / float(x.abs().max())
    count = error.numel()
    assert abs(float(error.mean())) < SIGMAS * 0.2 / math.sqrt(count)
    assert abs(float(error.std()) - 0.2) < SIGMAS * 0.2 / math.sqrt(2 * count)


# --- read noise -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("age", [1e-3, YEARS_10])
@pytest.mark.parametrize("transposed", [False, True])
def test_read_noise_at_an_output_line(device: Device, kind: str, age: float, transposed: bool) -> None:
    samples, tile = 4000, make_tile(device, (6, 6), kind=kind)
    tile.advance(age)
    scatter(tile)
    x = values(1, 1, 6)
    y = (tile.mvm_t if transposed else tile.mvm)(x.expand(samples, 6)).double()
    w, sigma = loop_weights(tile), loop_sigma(tile, age)
    w, sigma = (w.T, sigma.T) if transposed else (w, sigma)
    variance = (x.double().square() @ sigma.square().T)[0]
    error = (y - x.double() @ w.T) / variance.sqrt()
    assert (error.mean(0).abs() < SIGMAS / math.sqrt(samples)).all()
    assert ((error.square().mean(0) - 1).abs() < SIGMAS * math.sqrt(2 / samples)).all()
    # Lines and vectors are drawn apart from each other.
    between = (error.T @ error / samples).fill_diagonal_(0.0)
    assert float(between.abs().max()) < SIGMAS / math.sqrt(samples)
    assert float((error[1:] * error[:-1]).mean(0).abs().max()) < SIGMAS / math.sqrt(samples)


def test_read_noise_joins_that_of_the_periphery(device: Device) -> None:
    periphery = Periphery(dac_bits=0, adc_bits=0, adc_range=10.0, output_noise_steps=2.0)
    samples, tile = 4000, make_tile(device, (1, 6), periphery=periphery)
    tile.advance(YEARS_10)
    scatter(tile)
    x = torch.ones(samples, 6)
    variance = float(loop_sigma(tile, YEARS_10).square().sum()) + 0.02**2
    error = (tile.mvm(x).double() - x.double() @ loop_weights(tile).T) / math.sqrt(variance)
    assert abs(float(error.square().mean()) - 1) < SIGMAS * math.sqrt(2 / samples)


def varies(reads: torch.Tensor) -> list[bool]:
    """Whether repeated reads of each line differ by more than the rounding of a product."""
    return ((reads - reads[0]).abs().amax(0) > 1e-5).tolist()


@pytest.mark.parametrize("verb", ["update", "program"])
def test_there_is_no_read_noise_right_after_a_write(device: Device, verb: str) -> None:
    tile = make_tile(device)
    tile.advance(YEARS_10)
    x = torch.ones(50, 6)
    assert varies(tile.mvm(x)) == [True] * 4
    if verb == "update":
        tile.update(torch.ones(1, 6), torch.tensor([[1.0, -1.0, 0.0, 1.0]]), 4 * tile.granularity, PulseScheme())
        # The third row got no pulse.
        assert varies(tile.mvm(x)) == [False, False, True, False]
    else:
        tile.program(values(3, 4, 6, low=0.3, high=0.8), 0.02)
        assert varies(tile.mvm(x)) == [False] * 4


def test_every_read_is_a_fresh_draw(device: Device) -> None:
    tile, twin = (make_tile(device) for _ in range(2))
    for one in (tile, twin):
        one.advance(100.0)
    x = torch.ones(3, 6)
    reads = torch.stack([tile.mvm(x), tile.mvm(x), tile.mvm(x, "evaluate"), tile.mvm(x, "evaluate")]).flatten(0, 1)
    for line in reads.T:
        assert len(line.unique()) == 12
    assert torch.equal(reads[:3], twin.mvm(x))


def test_a_read_moves_no_cell(device: Device) -> None:
    tile = make_tile(device, periphery=Periphery())
    tile.advance(100.0)
    before = tile.conductance.clone()
    for _ in range(20):
        tile.mvm(values(1, 5, 6))
    assert torch.equal(tile.conductance, before)
    assert (tile.ages() == 100.0).all()
    assert tile.clock_seconds == 100.0


# --- noise management and bound management ----------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2.0**-20, 0.25, 2.0, 2.0**15])
def test_noise_management_makes_the_read_scale(device: Device, factor: float) -> None:
    first, second = (make_tile(device, periphery=Periphery()) for _ in range(2))
    for tile in (first, second):
        tile.advance(YEARS_10)
    x = values(1, 20, 6)
    # The same draws, since the tiles are twins; powers of two are exact.
    assert torch.equal(second.mvm(factor * x), factor * first.mvm(x))
    assert torch.equal(second.mvm_t(factor * values(2, 5, 4)), factor * first.mvm_t(values(2, 5, 4)))


def test_small_errors_are_not_lost_in_the_converters(device: Device) -> None:
    tile = scatter(make_tile(device, periphery=Periphery(output_noise_steps=0.0)))
    d = 1e-6 * values(2, 20, 4)
    wanted = d.double() @ loop_weights(tile)
    # One step of the ADC and one of the DAC on each of four lines, of the vector's own maximum.
    step = 1e-6 * (12 / 255 + 4 / 63)
    assert ((tile.mvm_t(d).double() - wanted).abs() < step).all()
    assert float(wanted.abs().max()) > 10 * step


def full(tile: Tile) -> Tile:
    """All cells at the top of the window: weights of 1."""
    tile.conductance.fill_(tile.device.g_max_siemens)
    tile.touched()
    return tile


def test_bound_management_recovers_what_is_out_of_range(device: Device) -> None:
    periphery = Periphery(dac_bits=0, adc_range=12.0, output_noise_steps=0.0)
    tile = full(make_tile(device, (3, 64), periphery=periphery))
    x = torch.stack([torch.ones(64), torch.cat([torch.ones(5), torch.zeros(59)])])
    y = tile.mvm(x)
    # 64 needs three halvings, hence an error of up to half of eight steps; 5 needs none.
    assert ((y[0] - 64).abs() <= 4 * 12 / 255 * (1 + 1e-4)).all()
    assert ((y[1] - 5).abs() <= 0.5 * 12 / 255 * (1 + 1e-4)).all()
    assert tile.activity.saturated_outputs == 0


@pytest.mark.parametrize(("rounds", "reach"), [(0, 12.0), (1, 24.0), (2, 48.0)])
def test_what_is_still_out_of_range_is_limited_and_counted(device: Device, rounds: int, reach: float) -> None:
    periphery = Periphery(dac_bits=0, adc_range=12.0, output_noise_steps=0.0, bound_rounds=rounds)
    tile = full(make_tile(device, (3, 64), periphery=periphery))
    # The first row carries +64 and the others what is left after weights of zero.
    tile.conductance[0, 1:] = tile.mapping.g_zero_siemens
    tile.touched()
    x = torch.stack([torch.ones(64), 2 * torch.ones(64), torch.zeros(64)])
    y = tile.mvm(x)
    assert y[:, 0].tolist() == pytest.approx([reach, 2 * reach, 0.0], rel=1e-5)
    assert y[:, 1:].abs().max() < 1e-3
    assert tile.activity.saturated_outputs == 2


# --- compensation -----------------------------------------------------------------------------------------------------


def shifted(layer: AnalogLinear, siemens: float) -> None:
    """Move every cell of a layer alike."""
    for tile in layer.synapse.tiles():
        tile.conductance += siemens
        tile.touched()


def test_an_offset_removes_a_common_shift(device: Device) -> None:
    synapse = make_synapse(device, (4, 6), QUICK_IDEAL, scale=2.0)
    scatter(synapse.blocks[0].slow)
    x, layout, shift = values(1, 20, 6), synapse.blocks[0].slow.mapping, -1.7e-6
    assert isinstance(layout, Mapping)
    wanted = synapse.forward(x, "evaluate")
    shifted(AnalogLinear(synapse), shift)
    synapse.blocks[0].compensation = Compensation(torch.ones(4), torch.full((4,), -layout.gains[0] * shift))
    assert float((synapse.forward(x, "evaluate") - wanted).abs().max()) > 0.05
    synapse.compensated = True
    torch.testing.assert_close(synapse.forward(x, "evaluate"), wanted, rtol=1e-5, atol=1e-5)


def test_a_calibration_finds_the_shift(device: Device) -> None:
    synapse = make_synapse(device, (4, 6), QUICK_IDEAL)
    scatter(synapse.blocks[0].slow)
    layer = AnalogLinear(synapse, bias=False)
    chip, x = Chip(layer), values(1, 20, 6)
    with torch.no_grad():
        wanted = layer(x)
        chip.record_reference()
        shifted(layer, -1.7e-6)
        chip.calibrate()
        with chip.compensated():
            torch.testing.assert_close(layer(x), wanted, rtol=1e-3, atol=1e-3)
        assert float((layer(x) - wanted).abs().max()) > 0.05
    assert synapse.blocks[0].compensation.scale.tolist() == pytest.approx([1.0] * 4, abs=1e-3)
    assert synapse.blocks[0].compensation.offset.tolist() == pytest.approx([1.7 / 39.6] * 4, rel=1e-2)


def test_a_pair_needs_no_offset(device: Device) -> None:
    tile = scatter(make_tile(device, kind="differential", periphery=IDEAL))
    x = values(1, 20, 6)
    before = tile.mvm(x)
    tile.conductance += -1.7e-6
    tile.touched()
    torch.testing.assert_close(tile.mvm(x), before, rtol=1e-4, atol=1e-5)
