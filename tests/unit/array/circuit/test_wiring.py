"""A tile between wires: what its reads see, when that is computed again, and the noise that comes through."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import nodal
import ohmnia
from helpers import IDEAL, LINEAR, QUICK_IDEAL, SIGMAS, make_synapse, make_tile, near_ideal, scatter, values
from ohmnia._errors import InvalidValueError, StateError, UnknownNameError
from ohmnia._validation import validated
from ohmnia.array import ArrayConfig, PulseScheme, Tile, Wires
from ohmnia.array.circuit import Wiring, effective_matrix
from ohmnia.device import Device
from ohmnia.nn import convert

WIRES = Wires(row_ohm=20.0, column_ohm=30.0, sense_ohm=500.0)
ROOM = 2e-5


def quiet(folder: Path) -> Device:
    return ohmnia.resolve(near_ideal(folder))


def wired(device: Device, shape: tuple[int, int], kind: str = "one-device", wires: Wires = WIRES) -> Tile:
    tile = scatter(make_tile(device, shape, kind=kind, seed=1), 3)
    tile.put_between(wires)
    return tile


@pytest.mark.parametrize("kind", ["one-device", "differential"])
def test_reads_are_those_of_the_circuit(tmp_path: Path, kind: str) -> None:
    tile = wired(quiet(tmp_path), (6, 9), kind)
    x, d = values(4, 5, 9), values(5, 5, 6)
    for drive, vectors, read in (("rows", x, tile.mvm(x)), ("columns", d, tile.mvm_t(d))):
        exact = torch.zeros(9, 6, dtype=torch.float64)
        for gain, plane in zip(tile.mapping.gains, tile.conductance.double(), strict=True):
            exact += gain * torch.from_numpy(nodal.effective(plane.T.numpy(), WIRES, drive))
        weights = exact.T - tile.mapping.offset
        product = vectors.double() @ (weights.T if drive == "rows" else weights)
        assert float((read - product).abs().max()) < ROOM * float(product.abs().max())


def test_wires_take_something(tmp_path: Path) -> None:
    tile = wired(quiet(tmp_path), (6, 9))
    x = torch.ones(1, 9)
    assert float((tile.mvm(x) - x @ tile.weights().T).abs().max()) > 0.1


def test_zero_ohm_is_the_tile_without_wires(tmp_path: Path) -> None:
    device = quiet(tmp_path)
    tile, plain = wired(device, (6, 9), wires=Wires(row_ohm=0.0, column_ohm=0.0)), scatter(make_tile(device, (6, 9), seed=1), 3)
    x = values(4, 5, 9)
    torch.testing.assert_close(tile.mvm(x), plain.mvm(x), rtol=ROOM, atol=ROOM)


def test_a_pulse_is_seen_by_the_next_read(tmp_path: Path) -> None:
    tile = wired(quiet(tmp_path), (6, 9))
    x = torch.ones(1, 9)
    before = tile.mvm(x)
    assert torch.equal(tile.mvm(x), before)
    tile.update(torch.ones(1, 9), -torch.ones(1, 6), 0.5, PulseScheme(length=31))
    assert float((tile.mvm(x) - before).min()) > 0.0


def test_one_solution_serves_both_directions_of_a_reciprocal_array(tmp_path: Path) -> None:
    tile = wired(quiet(tmp_path), (6, 9), wires=Wires(row_ohm=20.0, column_ohm=30.0))
    assert tile.wiring is not None
    sigma = lambda: torch.zeros_like(tile.conductance)  # noqa: E731
    forward = tile.wiring.seen("rows", tile.conductance, sigma)
    assert tile.wiring.seen("columns", tile.conductance, sigma) is forward
    tile.touched()
    assert tile.wiring.seen("rows", tile.conductance, sigma) is not forward


def test_noise_comes_through_with_the_loss_of_its_cell(device: Device) -> None:
    tile = make_tile(device, (12, 10), kind="differential")
    conductance = scatter(tile, 2).conductance
    wires = Wires(row_ohm=2.0, column_ohm=2.0)
    sigma = 1e-6 * values(3, 2, 12, 10, low=0.5)
    _, variance = Wiring(wires, tile.mapping).seen("rows", conductance, lambda: sigma)
    cells = conductance.mT.double()
    exact = torch.zeros(12, 10, dtype=torch.float64)
    for gain, plane, deviation in zip(tile.mapping.gains, cells, sigma.mT.double(), strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda g: effective_matrix(g, wires), plane)
        own = torch.einsum("ijij->ij", jacobian)
        exact += ((gain * own * deviation) ** 2).T
    ideal = tile.mapping.variance(sigma)
    # Left out is the load of a cell on its own lines, one of the ten and of the twelve that make the loss.
    assert float((variance - exact).abs().max() / (ideal - exact).abs().max()) < 1 / 10 + 1 / 12


def test_noise_of_reads(device: Device) -> None:
    tile = scatter(make_tile(device, (4, 6), periphery=IDEAL), 3)
    tile.advance(1.0)
    tile.put_between(WIRES)
    x, count = values(1, 6), 4000
    reads = tile.mvm(x.expand(count, 6).contiguous())
    assert tile.wiring is not None
    weights, variance = tile.wiring.seen("rows", tile.conductance, lambda: torch.zeros_like(tile.conductance))
    sigma = (variance @ x.square()).sqrt()
    assert float(((reads.mean(0) - weights @ x).abs() / sigma).max()) < SIGMAS / count**0.5 + 1e-3
    assert float((reads.std(0) / sigma - 1).abs().max()) < SIGMAS / (2 * count) ** 0.5


def test_the_option_reaches_every_tile(device: Device) -> None:
    config = QUICK_IDEAL.model_copy(update={"wires": WIRES, "max_rows": 3})
    synapse = make_synapse(device, (5, 6), config)
    assert [tile.wiring is not None and tile.wiring.wires == WIRES for tile in synapse.tiles()] == [True, True]
    assert all(tile.wiring is None for tile in make_synapse(device, (5, 6)).tiles())


def test_the_option_as_plain_data() -> None:
    config = ArrayConfig(wires=WIRES)
    assert validated(ArrayConfig, config.model_dump(mode="json"), "here") == config
    with pytest.raises(UnknownNameError, match="Did you mean 'wires.drive_ohm'"):
        validated(ArrayConfig, {"wires": {"row_ohm": 1.0, "column_ohm": 1.0, "drive_ohms": 1.0}}, "here")
    with pytest.raises(InvalidValueError, match="'wires.row_ohm'"):
        validated(ArrayConfig, {"wires": {"row_ohm": -1.0, "column_ohm": 1.0}}, "here")


def test_a_saved_chip_keeps_its_wires(device: Device, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    config = QUICK_IDEAL.model_copy(update={"wires": WIRES})
    chip = ohmnia.Chip(convert(network, device.technology, config=config, seed=1))
    chip.save(tmp_path / "chip")
    loaded = ohmnia.load_chip(tmp_path / "chip")
    assert [
        tile.wiring.wires for layer in loaded.layers.values() for tile in layer.synapse.tiles() if tile.wiring is not None
    ] == [WIRES, WIRES]


# --- pulses -----------------------------------------------------------------------------------------------------------

SHORT = Wires(row_ohm=0.0, column_ohm=0.0)


def ones(tile: Tile) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones(1, tile.cols), -torch.ones(1, tile.rows)


@pytest.mark.parametrize("kind", ["one-device", "differential"])
def test_pulses_through_zero_ohm_are_the_pulses_without_wires(device: Device, kind: str) -> None:
    wireless, tile = (scatter(make_tile(device, (6, 9), kind=kind), 3) for _ in range(2))
    tile.put_between(SHORT)
    for each in (wireless, tile):
        each.update(values(1, 5, 9), values(2, 5, 6), 0.5, PulseScheme())
        each.program(torch.zeros(6, 9), 0.05)
    assert torch.equal(tile.conductance, wireless.conductance)
    assert torch.equal(tile.epoch_index, wireless.epoch_index)


def test_each_step_is_that_of_the_voltage_that_arrives(tmp_path: Path) -> None:
    tile, wires = make_tile(quiet(tmp_path), (5, 7)), Wires(row_ohm=20.0, column_ohm=30.0, drive_ohm=100.0)
    before = tile.conductance.clone()
    tile.put_between(wires)
    tile.update(*ones(tile), tile.granularity, PulseScheme(length=1))
    step = (tile.conductance - before)[0].double()
    # All lines fire. Inputs are row lines of the circuit, driven at output 0; outputs are column lines, driven at the last input.
    network = nodal.Network(before[0].mT.double().numpy(), wires.model_copy(update={"sense_ohm": wires.drive_ohm}))
    nodes, _ = network.solve(np.ones((1, 7)), np.zeros((1, 5)))
    share = torch.from_numpy(nodes[:35] - nodes[35:70]).reshape(7, 5).T
    assert float(share.min()) < 0.9
    expected = tile.device.update.step_siemens * 0.005 ** (2.0 * (1.0 - share))
    # Steps of 0.5 to 0.85 nS are stored with the float32 resolution of 50 uS, 3.6e-12 S.
    torch.testing.assert_close(step, expected, rtol=0.0, atol=4e-12)


def test_the_closed_loop_takes_as_many_more_pulses_as_steps_are_smaller(tmp_path: Path) -> None:
    # Steps far below the acceptance, without noise and equal at every conductance: pulses are distance over step.
    device, acceptance = ohmnia.resolve(near_ideal(tmp_path, LINEAR)), 0.05
    goal, wires, pulses = 0.3 * values(5, 12, 12), Wires(row_ohm=300.0, column_ohm=300.0), []
    for each in (SHORT, wires):
        tile = make_tile(device, (12, 12))
        start = tile.conductance[0].mT.double()
        tile.put_between(each)
        done = tile.program(goal, acceptance)
        assert done is not None
        assert not bool(done.failed.any())
        target = tile.mapping.conductances(goal)
        assert float(((tile.conductance - target) / target).abs().max()) < acceptance + 1e-6
        pulses.append(done.pulses.reshape(12, 12).double())
    # One cell conducts at a time, through the 1 to 12 segments of either of its lines.
    lines = 300.0 * (torch.arange(1, 13) + torch.arange(12, 0, -1)[:, None])
    longer = 0.005 ** -(2.0 * start * lines / (1.0 + start * lines))
    assert float(longer.max()) > 1.5
    asked = pulses[0] > 0
    assert torch.equal(asked, pulses[1] > 0)
    # The last pulse of either loop is rounded up.
    assert bool(((pulses[1] - longer.mT * pulses[0]).abs()[asked] < 1.0 + longer.mT[asked]).all())


# Where steps are linear in the conductance, n half pulses up and n down pull a cell to its symmetry point.
STATES, K, SLOTS, SAMPLES = 50, 0.005, 20, 100


@pytest.mark.parametrize("pairs", ["gate", "separate", "interleaved-columns", "interleaved-rows"])
def test_half_pulses_pull_cells_that_are_not_selected_to_their_symmetry_points(tmp_path: Path, pairs: str) -> None:
    device = ohmnia.resolve(near_ideal(tmp_path, {"update.states": (STATES, "1")}))
    tile = make_tile(device, (2, 3), kind="differential")
    tile.conductance.fill_(20e-6)
    scheme = {"coincidence": "gate"} if pairs == "gate" else {"coincidence": "half-voltage", "pairs": pairs}
    tile.put_between(Wires.model_validate(SHORT.model_dump() | scheme))
    x, d = torch.tensor([[1.0, 0.0, 0.0]]).expand(SAMPLES, 3), torch.tensor([[-1.0, 0.0]]).expand(SAMPLES, 2)
    tile.update(x.contiguous(), d.contiguous(), SLOTS * tile.granularity, PulseScheme(length=SLOTS))
    middle = device.update.symmetry_point_siemens
    left = (tile.conductance.double() - middle) / (20e-6 - middle)
    # At a skew of 50 % both full steps are 2 / N of the span at its ends: the distance shrinks by 4 k / N with a pair of them.
    rate = SLOTS * SAMPLES * K * 4 / STATES
    times = {"gate": (0, 0), "separate": (1, 1), "interleaved-columns": (1, 2), "interleaved-rows": (2, 1)}[pairs]
    for cell, count in zip((left[:, 0, 1], left[:, 1, 0]), times, strict=True):
        # Explicit parts of a tenth of a step, 20 for each full step that the half pulses make at an end: Euler's error.
        error = (count * rate) ** 2 / 2 / (10 * count * rate * STATES / 2) if count else 1e-7
        assert torch.allclose(cell, torch.full_like(cell, math.exp(-count * rate)), rtol=1.1 * error, atol=0.0)
    assert torch.allclose(left[:, 1, 1:], torch.ones(2, 2).double(), atol=1e-6)


def test_half_pulses_of_a_selected_cell_push_it_back(tmp_path: Path) -> None:
    device = ohmnia.resolve(near_ideal(tmp_path, {"update.states": (1e4, "1")}))
    after = []
    for coincidence in ("gate", "half-voltage"):
        tile = make_tile(device, (2, 3), kind="differential")
        tile.conductance.fill_(device.update.symmetry_point_siemens)
        tile.put_between(Wires.model_validate(SHORT.model_dump() | {"coincidence": coincidence}))
        tile.update(*ones(tile), 10 * tile.granularity, PulseScheme(length=10))
        after.append(tile.conductance.double())
    # Both lines fire in each of ten slots, once for a full pulse up and once each for a half pulse down; the pair's other way.
    expected = 20 * K * device.update.step_siemens * torch.tensor([-1.0, 1.0]).double()[:, None, None]
    # After ten steps of 1e4 states a step down is larger by 2 * 10 / 1e4 * 2; float32 resolves 3.6e-12 S of 8.5e-10 S.
    torch.testing.assert_close(after[1] - after[0], expected.expand(2, 2, 3), rtol=0.004 + 0.006, atol=0.0)


def test_a_law_without_a_voltage_and_sampled_writes_are_refused(device: Device) -> None:
    tile = make_tile(dataclasses.replace(device, update=dataclasses.replace(device.update, half_voltage_ratio=None)), (2, 3))
    tile.put_between(WIRES)
    with pytest.raises(StateError, match="half_voltage_ratio"):
        tile.update(*ones(tile), 1.0, PulseScheme())
    with pytest.raises(InvalidValueError, match="Use mode = 'pulses'"):
        tile.program(torch.zeros(2, 3), mode="sampled")
