"""One array: each of the four verbs, its counts, its errors, and the state that it leaves."""

from __future__ import annotations

import copy
import inspect
import math

import pytest
import torch

import ohmnia
from helpers import IDEAL, NO_RELAXATION, SIGMAS, YEARS_10, make_tile, near_ideal, scatter, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import Periphery, PulseScheme, Tile
from ohmnia.device import Device

KINDS = ["one-device", "differential"]
SCHEME = PulseScheme(length=31)


def everything(tile: Tile) -> list[object]:
    """All state, to compare bit by bit."""
    tensors = {name: value.numpy().tobytes() for name, value in tile.tensors().items()}
    return [tensors, tile.metadata()]


def live(tile: Tile, seed: int) -> None:
    """Each verb once."""
    tile.update(values(seed, 3, tile.cols), values(seed + 1, 3, tile.rows), 0.2, SCHEME)
    tile.advance(100.0)
    tile.mvm(values(seed, 2, tile.cols))
    tile.mvm_t(values(seed, 2, tile.rows), "evaluate")
    tile.program(0.5 * values(seed + 2, tile.rows, tile.cols), 0.05)


# --- a new tile -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_tile_stands_at_its_cells_symmetry_points(device: Device, kind: str) -> None:
    tile = make_tile(device, (20, 30), kind=kind)
    up, down, low, high = tile.parameters.double()[:4]
    reach = (tile.conductance.double() - low) / (high - low)
    torch.testing.assert_close(up * (1 - reach), down * reach, rtol=1e-5, atol=0)
    assert tile.clock_seconds == 0.0
    assert not tile.ages().any()


def test_steps_differ_as_the_technology_says(device: Device) -> None:
    up, down, low, high = make_tile(device, (60, 60)).parameters.double().flatten(1)[:4]
    # s_up k = s_down (1 - k), and the step at the symmetry point, s_up k, is the span over N.
    states = (high - low) * (up + down) / (up * down)
    # Published: E[N] = 22, and .175 of ln N, hence N sqrt(exp(s**2) - 1) of N itself.
    spread = 22 * math.sqrt(math.exp(0.175**2) - 1)
    assert abs(float(states.mean()) - 22) < SIGMAS * spread / 60
    assert abs(float(states.log().std()) - 0.175) < SIGMAS * 0.175 / math.sqrt(2 * 3600)


@pytest.mark.parametrize(("name", "mean", "sigma"), [("skew", 0.61, 0.06), ("noise", 0.9, 0.1)])
def test_skew_and_noise_differ_as_the_technology_says(device: Device, name: str, mean: float, sigma: float) -> None:
    up, down, _, _, noise = make_tile(device, (60, 60)).parameters.double().flatten(1)
    value = down / (up + down) if name == "skew" else noise
    assert abs(float(value.mean()) - mean) < SIGMAS * sigma / 60
    assert abs(float(value.std()) - sigma) < SIGMAS * sigma / math.sqrt(2 * 3600)


def test_another_stream_makes_other_cells(device: Device) -> None:
    first, again, other = (make_tile(device, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.parameters, again.parameters)
    assert not (first.parameters[0] == other.parameters[0]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_granularity_is_one_step_at_the_symmetry_point(device: Device, kind: str) -> None:
    # 85 uS / 22 states over half of the window of 79.2 uS; a pair moves both devices over the whole window.
    assert make_tile(device, kind=kind).granularity == pytest.approx(85 / 22 / 39.6, rel=1e-6)


# --- update -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_update_learns_the_outer_product(tmp_path, kind: str) -> None:
    tile = make_tile(ohmnia.resolve(near_ideal(tmp_path)), kind=kind)
    x, d, rate = values(1, 40, 6, low=0.2), values(2, 40, 4, low=0.2), 6e-4
    d[:, ::2] *= -1
    before = tile.weights().double()
    tile.update(x, d, rate, SCHEME)
    change, wanted = tile.weights().double() - before, -rate * d.double().T @ x.double()
    # Each cell's pulses are at most Poisson spread; soft bounds bend steps by 2 |w| < 1 % here.
    noise = (tile.granularity * rate * d.double().abs().T @ x.double().abs()).sqrt()
    assert tile.activity.short_updates == 0
    assert ((change - wanted).abs() < SIGMAS * noise + 0.01 * wanted.abs()).all()
    assert (wanted.abs() > 2 * SIGMAS * noise).all()


@pytest.mark.parametrize("kind", KINDS)
def test_update_restarts_only_the_cells_that_it_pulses(device: Device, kind: str) -> None:
    tile = scatter(make_tile(device, kind=kind))
    tile.advance(1000.0)
    before = tile.conductance.clone()
    x, d = torch.zeros(1, 6), torch.zeros(1, 4)
    x[0, 2], d[0, 1] = 1.0, -1.0
    tile.update(x, d, 4 * tile.granularity, SCHEME)
    pulsed = torch.zeros(tile.conductance.shape, dtype=torch.bool)
    pulsed[:, 1, 2] = True
    assert torch.equal(tile.conductance != before, pulsed)
    assert torch.equal(tile.ages() == 0.0, pulsed)
    assert (tile.ages()[~pulsed] == 1000.0).all()
    assert tile.activity.pulses == 4 * tile.mapping.planes


def test_update_counts_what_did_not_fit_the_train(device: Device) -> None:
    tile = make_tile(device)
    x, d = torch.ones(3, 6), torch.ones(3, 4)
    tile.update(x, d, 7.5 * tile.granularity, PulseScheme(length=5))
    assert tile.activity.short_updates == 3
    assert tile.activity.pulses == 3 * 5 * 24


def test_updates_draw_anew(device: Device) -> None:
    tile, steps = make_tile(device, (8, 8)), []
    for _ in range(2):
        tile.conductance.fill_(50e-6)
        before = tile.conductance.clone()
        tile.update(torch.ones(1, 8), torch.ones(1, 8), tile.granularity, SCHEME)
        steps.append(tile.conductance - before)
    assert not (steps[0] == steps[1]).any()


def test_a_copy_has_cells_of_its_own(device: Device) -> None:
    tile = make_tile(device)
    x, d, before = torch.ones(1, tile.cols), torch.ones(1, tile.rows), tile.conductance.clone()
    tile.update(x, d, 1e-6, SCHEME)
    moved = tile.conductance.clone()
    copied = copy.deepcopy(tile)
    copied.update(x, d, 1.0, SCHEME)
    assert torch.equal(tile.conductance, moved)
    assert not torch.equal(copied.conductance, before)
    tile.update(x, d, 1.0, SCHEME)
    assert torch.equal(tile.conductance, copied.conductance)


# --- program ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("acceptance", [0.002, 0.05])
def test_program_reaches_its_acceptance_range(device: Device, kind: str, acceptance: float) -> None:
    tile = make_tile(device, kind=kind)
    weights = values(3, 4, 6, low=-0.8, high=0.8)
    result = tile.program(weights, acceptance)
    target = tile.mapping.conductances(weights)
    assert not result.failed.any()
    # The stored float32 may round across the edge of the range.
    assert ((tile.conductance - target).abs() <= acceptance * target * (1 + 1e-3)).all()
    assert tile.activity.program_pulses == int(result.pulses.sum()) > 24
    assert tile.activity.verify_reads == tile.activity.program_pulses + tile.conductance.numel()


def test_program_uses_the_technologys_range_by_default(device: Device) -> None:
    by_default, given = make_tile(device), make_tile(device)
    by_default.program(values(3, 4, 6, low=-0.8, high=0.8))
    given.program(values(3, 4, 6, low=-0.8, high=0.8), 0.002)
    assert torch.equal(by_default.conductance, given.conductance)


def test_program_restarts_only_the_cells_that_it_pulses(device: Device) -> None:
    tile = make_tile(device)
    tile.program(torch.zeros(4, 6), 0.05)
    tile.advance(5.0)
    weights = tile.weights().clone()
    weights[1, 2] = 0.7
    before = tile.conductance.clone()
    result = tile.program(weights, 0.05)
    moved = torch.zeros(1, 4, 6, dtype=torch.bool)
    moved[0, 1, 2] = True
    assert torch.equal(result.pulses.reshape(1, 4, 6) > 0, moved)
    assert torch.equal(tile.conductance != before, moved)
    assert torch.equal(tile.ages() == 0.0, moved)


def test_cells_that_a_closed_loop_gives_up_on_are_counted(tmp_path) -> None:
    technology = near_ideal(tmp_path, {"programming.step_factor": (1.0, "1"), "programming.max_pulses": (3.0, "1")})
    tile = make_tile(ohmnia.resolve(technology))
    weights = tile.weights().clone()
    weights[0, :2] = 0.5
    result = tile.program(weights, 0.002)
    assert tile.activity.failed_cells == int(result.failed.sum()) == 2
    assert tile.activity.program_pulses == 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_sampled_program_counts_expected_pulses_and_returns_no_cell_s(device: Device, kind: str) -> None:
    tile, twin = (make_tile(device, (20, 30), kind=kind) for _ in range(2))
    weights = values(3, 20, 30, low=-0.8, high=0.8)
    tile.advance(5.0)
    before = tile.conductance.clone()
    assert tile.program(weights, 0.02, mode="sampled") is None
    assert torch.equal(tile.ages() == 0.0, tile.conductance != before)
    result = twin.program(weights, 0.02)
    count = tile.activity.program_pulses
    assert tile.activity.verify_reads == count + tile.conductance.numel()
    assert tile.activity.failed_cells == 0
    assert abs(count - int(result.pulses.sum())) < SIGMAS * float(result.pulses.double().std()) * math.sqrt(len(result.pulses))


def test_a_sampled_program_leaves_cells_that_are_there(device: Device) -> None:
    tile = make_tile(device)
    tile.program(torch.zeros(4, 6), 0.02, mode="sampled")
    tile.advance(1e-5)
    before, ages = tile.conductance.clone(), tile.ages()
    tile.program(tile.weights().clone(), 0.02, mode="sampled")
    assert torch.equal(tile.conductance, before)
    assert torch.equal(tile.ages(), ages)


def test_an_unknown_mode_is_refused_with_the_nearest(device: Device) -> None:
    tile = make_tile(device)
    before = everything(tile)
    with pytest.raises(UnknownNameError, match="'sample'.*'sampled'"):
        tile.program(torch.zeros(4, 6), mode="sample")
    assert everything(tile) == before


# --- advance ----------------------------------------------------------------------------------------------------------


def test_advance_has_the_published_moments(device: Device) -> None:
    tile = make_tile(device, (60, 60))
    before = tile.conductance.double()
    tile.advance(3600.0)
    change, count = tile.conductance.double() - before, tile.conductance.numel()
    # Published: mean -.0890 ln t uS, sigma .4118 + .0420 ln t uS.
    mean, sigma = -0.08900206e-6 * math.log(3600), (0.41183342 + 0.04201137 * math.log(3600)) * 1e-6
    assert abs(float(change.mean()) - mean) < SIGMAS * sigma / math.sqrt(count)
    assert abs(float(change.std()) - sigma) < SIGMAS * sigma / math.sqrt(2 * count)
    assert tile.clock_seconds == 3600.0


def test_advance_by_nothing_is_nothing(device: Device) -> None:
    tile = make_tile(device)
    before = everything(tile)
    tile.advance(0.0)
    assert everything(tile) == before


@pytest.mark.parametrize("seconds", [-1.0, -1e-12, float("inf"), float("nan")])
def test_time_runs_forward_only(device: Device, seconds: float) -> None:
    tile = make_tile(device)
    before = everything(tile)
    with pytest.raises(InvalidValueError, match="time to advance.*0 <= seconds < infinity"):
        tile.advance(seconds)
    assert everything(tile) == before


def test_relaxation_stops_above_zero_and_says_so(device: Device) -> None:
    tile = make_tile(device, (20, 20))
    tile.conductance.fill_(0.2e-6)
    tile.touched()
    tile.advance(YEARS_10)
    floored = int((tile.conductance == tile.conductance.min()).sum())
    assert float(tile.conductance.min()) > 0.0
    assert tile.activity.floored_cells == floored > 200
    assert tile.conductance.isfinite().all()


# --- reads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_reads_are_products_in_both_directions(device: Device, kind: str) -> None:
    tile = scatter(make_tile(device, kind=kind))
    x, d, w = values(4, 5, 6), values(5, 5, 4), tile.weights()
    torch.testing.assert_close(tile.mvm(x), x @ w.T, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(tile.mvm_t(d), d @ w, rtol=1e-5, atol=1e-6)


def test_reads_are_counted(device: Device) -> None:
    tile = make_tile(device)
    tile.mvm(values(4, 5, 6))
    tile.mvm_t(values(5, 3, 4))
    counts = tile.activity
    assert (counts.reads, counts.dac_conversions, counts.adc_conversions) == (5 + 3, 5 * 6 + 3 * 4, 5 * 4 + 3 * 6)


def test_repeated_reads_are_counted(device: Device) -> None:
    tile = scatter(make_tile(device, periphery=Periphery(adc_range=0.4, dac_bits=0, adc_bits=0, output_noise_steps=0.0)))
    tile.conductance.fill_(device.g_max_siemens)
    tile.touched()
    # A sum of 6 fits a range of 0.4 after four halvings.
    tile.mvm(torch.ones(1, 6))
    counts = tile.activity
    assert (counts.reads, counts.dac_conversions, counts.adc_conversions) == (5, 5 * 6, 5 * 4)


def test_reads_change_nothing_but_their_own_stream(device: Device) -> None:
    tile = scatter(make_tile(device, periphery=Periphery()))
    tile.advance(10.0)
    before = {name: value.clone() for name, value in tile.tensors().items()}
    tile.mvm(values(4, 5, 6))
    tile.mvm_t(values(4, 5, 4), "evaluate")
    assert all(torch.equal(value, before[name]) for name, value in tile.tensors().items())
    assert tile.uses.counts == {"update": 0, "read": 1, "evaluate": 1, "program": 0, "advance": 1}


def test_variance_follows_level_and_age(device: Device) -> None:
    tile = scatter(make_tile(device))
    assert not tile.read_variance().any()
    tile.advance(1e4)
    growth = math.log((1e4 + 1e-6) / 2e-6)
    sigma = 0.0277316483 * torch.log10(tile.conductance[0].double() * 1e6) * math.sqrt(growth) / 39.6
    torch.testing.assert_close(tile.read_variance().double(), sigma.square(), rtol=1e-4, atol=0)
    tile.update(torch.ones(1, 6), -torch.ones(1, 4), 4 * tile.granularity, SCHEME)
    assert not tile.read_variance().any()


@pytest.mark.parametrize("verb", ["update", "program", "advance"])
def test_what_was_derived_follows_every_write(device: Device, verb: str) -> None:
    tile = make_tile(device)
    tile.advance(1.0)
    weights, variance = tile.weights().clone(), tile.read_variance().clone()
    if verb == "update":
        tile.update(torch.ones(1, 6), torch.ones(1, 4), 4 * tile.granularity, SCHEME)
    elif verb == "program":
        tile.program(torch.full((4, 6), 0.5), 0.002)
    else:
        tile.advance(1e6)
    assert (tile.weights() != weights).all()
    assert (tile.read_variance() != variance).all()
    torch.testing.assert_close(tile.weights(), tile.mapping.weights(tile.conductance))


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_of_single_cells_has_each_cell_s_noise(device: Device, kind: str) -> None:
    tile = scatter(make_tile(device, (4, 6), kind=kind))
    assert torch.equal(tile.read_cells(), tile.conductance)
    tile.advance(1e4)
    reads = torch.stack([tile.read_cells() for _ in range(2000)]).double()
    sigma = device.read_noise.sigma(tile.conductance.double(), torch.tensor(1e4))
    error = (reads - tile.conductance.double()) / sigma
    assert (error.mean(0).abs() < SIGMAS / math.sqrt(2000)).all()
    assert ((error.square().mean(0) - 1).abs() < SIGMAS * math.sqrt(2 / 2000)).all()
    assert tile.activity.cell_reads == 2001 * tile.conductance.numel()
    assert (tile.uses.counts["read"], tile.uses.counts["evaluate"]) == (2001, 0)


def test_a_copy_has_its_own_cells(device: Device) -> None:
    tile = make_tile(device)
    tile.update(torch.ones(1, 6), torch.ones(1, 4), 4 * tile.granularity, SCHEME)
    twin = copy.deepcopy(tile)
    before = everything(tile)
    live(twin, 3)
    assert everything(tile) == before
    assert not torch.equal(twin.conductance, tile.conductance)


def test_pulses_silence_only_the_cells_that_they_reach(device: Device) -> None:
    tile = make_tile(device)
    tile.advance(1e4)
    before = tile.read_variance().clone()
    tile.update(torch.ones(1, 6), torch.tensor([[1.0, 0.0, 0.0, 0.0]]), 4 * tile.granularity, SCHEME)
    assert not tile.read_variance()[0].any()
    assert torch.equal(tile.read_variance()[1:], before[1:])
    tile.touched()
    torch.testing.assert_close(tile.read_variance()[1:], before[1:])


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_no_array_can_take_are_refused(device: Device, bad: float) -> None:
    tile = make_tile(device)
    before = everything(tile)
    x, d, w = torch.ones(2, 6), torch.ones(2, 4), torch.zeros(4, 6)
    wrong_x, wrong_d, wrong_w = x.clone(), d.clone(), w.clone()
    wrong_x[1, 3] = wrong_d[0, 2] = wrong_w[1, 1] = bad
    for name, call in {
        "x": lambda: tile.mvm(wrong_x),
        "x ": lambda: tile.update(wrong_x, d, 0.1, SCHEME),
        "d": lambda: tile.mvm_t(wrong_d),
        "d ": lambda: tile.update(x, wrong_d, 0.1, SCHEME),
        "weights": lambda: tile.program(wrong_w),
    }.items():
        with pytest.raises(InvalidValueError, match=f"{name.strip()} holds NaN or infinity"):
            call()
    assert everything(tile) == before


def test_shapes_that_do_not_fit_are_refused(device: Device) -> None:
    tile = make_tile(device)
    for call in (
        lambda: tile.mvm(torch.ones(2, 4)),
        lambda: tile.mvm_t(torch.ones(2, 6)),
        lambda: tile.update(torch.ones(2, 6), torch.ones(2, 6), 0.1, SCHEME),
        lambda: tile.update(torch.ones(2, 4), torch.ones(2, 4), 0.1, SCHEME),
        lambda: tile.program(torch.zeros(4, 5)),
    ):
        with pytest.raises(InvalidValueError, match="a tile of 4 x 6 needs"):
            call()


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_weights_of_another_height_are_refused(device: Device, rows: int) -> None:
    with pytest.raises(InvalidValueError, match="a tile of 4 x 6 needs"):
        make_tile(device).program(torch.zeros(rows, 6))


@pytest.mark.parametrize(("samples_x", "samples_d"), [(2, 3), (3, 2)])
def test_inputs_and_gradients_of_other_samples_are_refused(device: Device, samples_x: int, samples_d: int) -> None:
    # Without the type checker of the tests, which users do not run.
    update = inspect.unwrap(Tile.update)
    with pytest.raises(InvalidValueError, match="samples"):
        update(make_tile(device), torch.ones(samples_x, 6), torch.ones(samples_d, 4), 0.1, SCHEME)


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_learning_rate_is_a_number_of_zero_or_more(device: Device, rate: float) -> None:
    with pytest.raises(InvalidValueError, match="learning rate"):
        make_tile(device).update(torch.ones(2, 6), torch.ones(2, 4), rate, SCHEME)


def test_a_weight_outside_the_window_is_refused(device: Device) -> None:
    tile = make_tile(device)
    before = everything(tile)
    with pytest.raises(InvalidValueError, match="tile weight = .* is out of range"):
        tile.program(torch.full((4, 6), 1.01))
    assert everything(tile) == before


@pytest.mark.parametrize("acceptance", [0.0, -0.1, 0.6, 2.0])
def test_an_acceptance_range_is_a_fraction(device: Device, acceptance: float) -> None:
    with pytest.raises(InvalidValueError, match="acceptance range = .*fraction"):
        make_tile(device).program(torch.zeros(4, 6), acceptance)


# --- saving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_tile_lives_on_bit_by_bit(device: Device, kind: str) -> None:
    tile, other = (make_tile(device, kind=kind, periphery=Periphery(), seed=seed) for seed in (0, 1))
    live(tile, 0)
    tensors = {name: value.clone() for name, value in tile.tensors().items()}
    other.restore(tensors, tile.metadata())
    for _ in range(2):
        assert everything(other) == everything(tile)
        live(tile, 10)
        live(other, 10)
    assert torch.equal(tile.mvm(torch.ones(1, 6)), other.mvm(torch.ones(1, 6)))


def test_saved_state_is_no_view_of_later_changes(device: Device) -> None:
    tile = make_tile(device)
    live(tile, 0)
    saved = tile.metadata()
    kept = {key: value.copy() if isinstance(value, dict | list) else value for key, value in saved.items()}
    tile.advance(7.0)
    live(tile, 1)
    assert saved == kept


def test_without_relaxation_time_changes_only_the_clock(tmp_path) -> None:
    tile = scatter(make_tile(ohmnia.resolve(near_ideal(tmp_path, NO_RELAXATION)), periphery=IDEAL))
    before = tile.conductance.clone()
    tile.advance(YEARS_10)
    assert torch.equal(tile.conductance, before)
    assert tile.clock_seconds == YEARS_10
