"""The reference kernel alone: pulse trains and chopped transfer on a near-ideal device, and the converters."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ohmnia._errors import InvalidValueError
from ohmnia.kernels._contract import (
    Cells,
    Converter,
    Keys,
    Member,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
    reads_of,
)
from ohmnia.kernels._reference import Reference
from ohmnia.random import Stream, table_normal, words

REFERENCE: Member = Reference()
LAW = UpdateLaw(code=0, multiplicative=1, exponent_up=1.0, exponent_down=1.0)
KEYS = Keys(columns=(11, 12), rows=(21, 22), cells=(31, 32))
SLOW_KEY, READ_KEY, TRANSFER_KEY, CHOPPER_KEY = (41, 42), (51, 52), (61, 62), (71, 72)
STEP = 1e-3
IDEAL = Converter(bound=1e9, step=0.0, noise=0.0)
# A cell this far from its bounds takes a full step of 2 * STEP at half reach: STEP, whatever its past.
FAR = 1e4


def near_ideal(rows: int, cols: int, planes: int = 1, noise: float = 0.0) -> Cells:
    """Cells at 0 whose steps are STEP up and down."""
    shape = (planes, rows, cols)
    parameters = np.empty((5, *shape), dtype=np.float32)
    parameters[:] = np.array([2 * STEP, 2 * STEP, -FAR, FAR, noise], dtype=np.float32).reshape(5, 1, 1, 1)
    return Cells(np.zeros(shape, dtype=np.float32), parameters, np.full(shape, -1, dtype=np.int32))


def trains(length: int = 10, update: int = 1, lengths: int = 1) -> Trains:
    """Trains with a granularity of STEP."""
    return Trains(granularity=STEP, length=length, update_management=update, length_management=lengths)


def single(values: list[float]) -> np.ndarray:
    """A mini-batch of one sample."""
    return np.array([values], dtype=np.float32)


def random_batch(samples: int, width: int, seed: int) -> np.ndarray:
    """Inputs in (-1, 1)."""
    return np.random.default_rng(seed).uniform(-1, 1, (samples, width)).astype(np.float32)


def fired(key: tuple[int, int], probability: np.ndarray, slots: int) -> np.ndarray:
    """Lines that fire in the first slots, (slots, lines), from the words themselves."""
    word = words(Stream(*key), torch.arange(len(probability))[None, :], torch.arange(slots)[:, None]).numpy()
    return (word < np.floor(probability.astype(np.float64) * 2**32 + 0.5)).astype(np.int64)


def steps(cells: Cells) -> np.ndarray:
    """Net pulses up of each cell."""
    return np.rint(cells.conductance / STEP).astype(np.int64)


def transfer_state(rows: int, cols: int) -> TransferState:
    """Empty buffers."""
    hidden, reference, mean = np.zeros((3, rows, cols), dtype=np.float32)
    return TransferState(hidden, reference, mean, np.ones(cols, np.int32), np.zeros(cols, np.int32), np.zeros(4))


def transfer_settings(**changes: float) -> TransferSettings:
    """Settings of a fast transfer with short periods."""
    settings = TransferSettings(
        fast_rate=2.0,
        rate_memory=100.0,
        gain=0.5 / STEP,
        gain_power=0.0,
        every=1,
        period=4,
        flip_probability=0.0,
        wait=4,
        dynamic=1,
        mean_rate=1.0,
        direct=0,
        slow_length=5,
        forget=-1.0,
    )
    return settings._replace(**changes)


class Block:
    """A fast and a slow tile with their buffers.

    Parameters
    ----------
    rows, cols, planes
        Shape.
    converter
        Read path.
    variance
        Read variance of every cell.
    settings
        Changes to `transfer_settings`.
    """

    def __init__(
        self, rows: int, cols: int, planes: int = 1, converter: Converter = IDEAL, variance: float = 0.0, **settings: float
    ) -> None:
        self.fast, self.slow = near_ideal(rows, cols, planes), near_ideal(rows, cols, planes)
        self.state, self.settings = transfer_state(rows, cols), transfer_settings(**settings)
        self.variance = variance
        self.weight = np.array([1.0, -1.0][:planes] + [0.0])
        self.converter = converter

    def run(self, x: np.ndarray, d: np.ndarray, epoch: int = 7) -> np.ndarray:
        """Run a mini-batch."""
        reads = len(reads_of(self.state, self.settings, len(x)))
        variance = np.full((d.shape[1], reads), self.variance, dtype=np.float32)
        work = Transfer(
            self.fast,
            self.slow,
            LAW,
            trains(),
            TransferKeys(KEYS, SLOW_KEY, READ_KEY, TRANSFER_KEY, CHOPPER_KEY),
            ReadPath(self.weight, variance, self.converter),
            self.state,
            self.settings,
            x,
            d,
            (epoch, epoch),
        )
        return REFERENCE.transfer_update([work])[0]


def expected_moments(x: np.ndarray, d: np.ndarray, rate: float, train: Trains) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the summed change of every cell, where no update is smaller than asked."""
    mean, variance = np.zeros((d.shape[1], x.shape[1])), np.zeros((d.shape[1], x.shape[1]))
    for x_b, d_b in zip(x.astype(float), d.astype(float), strict=True):
        count = rate / STEP * np.abs(np.outer(d_b, x_b))
        slots = min(math.ceil(count.max()), train.length) if train.length_management else train.length
        mean -= rate * np.outer(d_b, x_b)
        variance += STEP**2 * count * (1 - count / slots)
    return mean, np.sqrt(variance)


@pytest.mark.parametrize(("update", "lengths"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_mean_change_is_the_outer_product(update: int, lengths: int) -> None:
    x, d = random_batch(500, 3, 1), random_batch(500, 2, 2)
    if not update:
        # Equal maxima keep every probability below 1 without update management.
        x, d = x / np.abs(x).max(1, keepdims=True), d / np.abs(d).max(1, keepdims=True)
    rate, train = 2.5 * STEP, trains(update=update, lengths=lengths)
    cells = near_ideal(2, 3)
    pulses, smaller = REFERENCE.pulsed_update(cells, LAW, train, KEYS, x, d, rate, 0)
    mean, deviation = expected_moments(x, d, rate, train)
    score = (cells.conductance[0] - mean) / deviation
    assert smaller == 0
    assert np.abs(score).max() < 4.5
    assert pulses == pytest.approx(rate / STEP * np.abs(np.einsum("bi,bj->bij", d, x)).sum(), rel=0.1)


def test_mean_over_seeds_is_the_outer_product() -> None:
    x, d, rate = single([1.0, -0.5, 0.25]), single([-0.8, 0.3]), 1.4 * STEP
    seeds, total = 250, np.zeros((2, 3))
    for seed in range(seeds):
        cells, stream = near_ideal(2, 3), Stream.root(seed)
        pairs = [(part.key0, part.key1) for part in map(stream.child, ("columns", "rows", "cells"))]
        REFERENCE.pulsed_update(cells, LAW, trains(), Keys(*pairs), x, d, rate, 0)
        total += cells.conductance[0]
    mean, deviation = expected_moments(x, d, rate, trains())
    assert np.abs((total / seeds - mean) / (deviation / math.sqrt(seeds))).max() < 4.5


@pytest.mark.parametrize("update", [0, 1])
@pytest.mark.parametrize("lengths", [0, 1])
@pytest.mark.parametrize(("x", "d", "rate"), [([0, 0, 0], [1, -1], STEP), ([1, 1, 1], [0, 0], STEP), ([1, 1, 1], [1, 1], 0.0)])
def test_no_pulse_without_an_update(update: int, lengths: int, x: list[float], d: list[float], rate: float) -> None:
    cells = near_ideal(2, 3)
    result = REFERENCE.pulsed_update(cells, LAW, trains(10, update, lengths), KEYS, single(x), single(d), rate, 3)
    assert result.dtype == np.int64
    assert result.tolist() == [0, 0]
    assert not cells.conductance.any()
    assert (cells.epoch_index == -1).all()


def test_zero_lines_stay_still_beside_active_ones() -> None:
    cells = near_ideal(2, 3)
    REFERENCE.pulsed_update(cells, LAW, trains(), KEYS, single([1, 0, -1]), single([0, 1]), 4 * STEP, 3)
    assert steps(cells)[0].tolist() == [[0, 0, 0], [-4, 0, 4]]
    assert cells.epoch_index[0].tolist() == [[-1, -1, -1], [3, -1, 3]]


def test_length_management_spends_no_more_slots_than_it_needs() -> None:
    ones, samples, k = np.ones((200, 2), dtype=np.float32), 200, 2.3
    counts = {}
    for lengths in (0, 1):
        cells = near_ideal(2, 2)
        REFERENCE.pulsed_update(cells, LAW, trains(lengths=lengths), KEYS, ones, ones, k * STEP, 0)
        counts[lengths] = -steps(cells)[0]
    for lengths, slots in ((0, 10), (1, 3)):
        deviation = math.sqrt(samples * k * (1 - k / slots))
        assert np.abs(counts[lengths] - samples * k).max() < 4.5 * deviation


@pytest.mark.parametrize("k", [1, 3, 10])
def test_length_management_fires_every_slot_of_a_whole_train(k: int) -> None:
    cells, granularity = near_ideal(2, 3), 2.0**-10
    train = trains()._replace(granularity=granularity)
    result = REFERENCE.pulsed_update(cells, LAW, train, KEYS, single([1, 1, -1]), single([1, -1]), k * granularity, 0)
    assert steps(cells)[0].tolist() == [[-k, -k, k], [k, k, -k]]
    assert result.tolist() == [6 * k, 0]


@pytest.mark.parametrize("lengths", [0, 1])
@pytest.mark.parametrize("update", [0, 1])
def test_asking_for_more_than_the_longest_train_is_counted(lengths: int, update: int) -> None:
    x = np.array([[1, 1], [0.125, 0.125], [1, 0.5]], dtype=np.float32)
    d = np.ones((3, 1), dtype=np.float32)
    cells = near_ideal(1, 2)
    result = REFERENCE.pulsed_update(cells, LAW, trains(4, update, lengths), KEYS, x[:2], d[:2], 8 * STEP, 0)
    # k is 8, then 1, against a longest train of 4; without update management |d| = 1 then asks for p > 1.
    assert result[1] == (1 if update else 2)
    cells = near_ideal(1, 2)
    result = REFERENCE.pulsed_update(cells, LAW, trains(4, update, lengths), KEYS, x[2:], d[2:], 8 * STEP, 0)
    assert steps(cells)[0, 0, 0] == -4
    assert result[1] == 1


def test_unmanaged_lines_above_probability_one_are_counted() -> None:
    # k = 1 fits the train, but p |d| = sqrt(8 / 4) does not; p |x| = sqrt(2) / 8.
    cells = near_ideal(1, 1)
    result = REFERENCE.pulsed_update(cells, LAW, trains(4, 0, 0), KEYS, single([0.125]), single([1]), 8 * STEP, 0)
    assert result[1] == 1
    slots = fired(KEYS.columns, np.array([math.sqrt(2) / 8]), 4)
    assert steps(cells)[0, 0, 0] == -slots.sum()


def test_length_management_cuts_the_rate_of_unmanaged_lines() -> None:
    # k = 8 over 4 slots: half the rate, so p = 1 and the second column fires at 1/2 instead of sqrt(1/2).
    cells = near_ideal(1, 2)
    REFERENCE.pulsed_update(cells, LAW, trains(4, 0, 1), KEYS, single([1, 0.5]), single([1]), 8 * STEP, 0)
    assert steps(cells)[0].tolist() == (-fired(KEYS.columns, np.array([1.0, 0.5]), 4).sum(0)).reshape(1, 2).tolist()


def test_second_plane_moves_the_other_way() -> None:
    x, d = random_batch(20, 3, 3), random_batch(20, 2, 4)
    pair, alone = near_ideal(2, 3, planes=2), near_ideal(2, 3)
    result = REFERENCE.pulsed_update(pair, LAW, trains(), KEYS, x, d, 2 * STEP, 5)
    expected = REFERENCE.pulsed_update(alone, LAW, trains(), KEYS, x, d, 2 * STEP, 5)
    assert steps(alone).any()
    assert np.array_equal(steps(pair)[0], steps(alone)[0])
    assert np.array_equal(steps(pair)[1], -steps(alone)[0])
    assert np.array_equal(pair.epoch_index[0], pair.epoch_index[1])
    assert result.tolist() == [2 * expected[0], expected[1]]


@pytest.mark.parametrize("key", range(8))
def test_one_slot_coincidences_have_rank_one(key: int) -> None:
    cells, keys = near_ideal(5, 6), KEYS._replace(columns=(key, 1), rows=(key, 2))
    x, d = single([0.9, -0.7, 0.5, 1.0, -0.3, 0.6]), single([0.8, -1.0, 0.4, 0.6, -0.5])
    REFERENCE.pulsed_update(cells, LAW, trains(length=1), keys, x, d, 0.5 * STEP, 0)
    hit = np.abs(steps(cells)[0])
    assert np.array_equal(hit, np.outer(hit.max(1), hit.max(0)))


def test_lines_share_their_trains_and_draw_the_contracts_words() -> None:
    cells = near_ideal(5, 6)
    x, d = single([0.9, -0.7, 0.5, 1.0, -0.3, 0.6]), single([0.8, -1.0, 0.4, 0.6, -0.5])
    pulses, _ = REFERENCE.pulsed_update(cells, LAW, trains(8, lengths=0), KEYS, x, d, 6 * STEP, 0)
    q = math.sqrt(6 / 8)
    columns = fired(KEYS.columns, np.abs(x[0]).astype(np.float64) * q, 8)
    rows = fired(KEYS.rows, np.abs(d[0]).astype(np.float64) * q, 8)
    coincidences = rows.T @ columns
    assert np.array_equal(steps(cells)[0], -np.sign(np.outer(d[0], x[0])) * coincidences)
    assert pulses == coincidences.sum() > 0


def test_cycle_noise_follows_cell_and_slot() -> None:
    # Two samples of two sure slots on one weight of a pair: slots 0 and 1, then L and L + 1.
    cells, train = near_ideal(2, 2, planes=2, noise=0.5), trains(length=5)
    x, d = np.array([[0, 1], [0, 1]], dtype=np.float32), np.array([[-1, 0], [-1, 0]], dtype=np.float32)
    REFERENCE.pulsed_update(cells, LAW, train, KEYS, x, d, 2 * STEP, 0)
    slots = torch.tensor([0, 1, 5, 6])
    for plane, cell, sign in ((0, 1, 1), (1, 5, -1)):
        sizes = STEP * (1 + 0.5 * table_normal(Stream(*KEYS.cells), cell, slots))
        assert cells.conductance[plane, 0, 1] == pytest.approx(sign * sizes.sum().item(), rel=1e-5)
    assert np.count_nonzero(cells.conductance) == 2


def test_steps_shrink_towards_the_bound() -> None:
    cells = near_ideal(1, 1)
    cells.parameters[:, 0, 0, 0] = [0.5, 0.25, 0.0, 1.0, 0.0]
    expected = 0.0
    for _ in range(4):
        expected += 0.5 * (1 - expected)
    REFERENCE.pulsed_update(cells, LAW, trains(), KEYS, single([1]), single([-1]), 4 * STEP, 0)
    assert cells.conductance[0, 0, 0] == pytest.approx(expected, rel=1e-6)
    REFERENCE.pulsed_update(cells, LAW, trains(), KEYS, single([1]), single([1]), STEP, 0)
    assert cells.conductance[0, 0, 0] == pytest.approx(expected * 0.75, rel=1e-6)


def test_unknown_law_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="law.code"):
        REFERENCE.pulsed_update(near_ideal(1, 1), LAW._replace(code=9), trains(), KEYS, single([1]), single([1]), STEP, 0)


def test_transfer_moves_no_slow_pulse_before_a_full_period() -> None:
    block = Block(2, 1, gain=100 / STEP)
    x, d = single([1.0]), single([1.0, -1.0])
    for _ in range(4):
        assert block.run(x, d)[3] == 0
        assert not block.slow.conductance.any()
        assert not block.state.hidden.any()
    assert block.run(x, d)[3] > 0


def test_transfer_flips_each_chopper_every_period_of_its_own_reads() -> None:
    block = Block(1, 3, period=4)
    x, d = random_batch(1, 3, 5), single([0.0])
    for sample in range(40):
        reads = (sample + 2 - np.arange(3)) // 3
        assert block.state.reads.tolist() == reads.tolist()
        assert block.state.chopper.tolist() == [(-1) ** (count // 4) for count in reads]
        assert block.state.scalars[1] == sample % 3
        assert block.run(x, d).tolist() == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("forget", [-1.0, 0.0, 0.5])
def test_transfer_follows_a_constant_gradient(planes: int, forget: float) -> None:
    block = Block(2, 2, planes, forget=forget)
    x, d = np.tile(single([1.0, -0.8]), (60, 1)), np.tile(single([0.9, -0.7]), (60, 1))
    result = block.run(x, d)
    direction = -np.sign(np.outer(d[0], x[0]))
    assert (steps(block.slow)[0] * direction > 5).all()
    assert result[2] == 60
    # One direction only, hence the net steps are all the pulses.
    assert result[3] == np.abs(steps(block.slow)).sum()
    if planes == 2:
        assert np.array_equal(steps(block.slow)[1], -steps(block.slow)[0])
    assert (block.slow.epoch_index == 7).all()


def test_transfer_without_forgetting_transfers_all_that_it_integrated() -> None:
    # Reads of one sure pulse a sample: 1..4, then down again, against P = 4; H = gain * (1 + 2 + 3 + 4) pulses.
    block = Block(1, 1, fast_rate=1.0, gain=0.3 / STEP, slow_length=100)
    x, d = np.ones((8, 1), dtype=np.float32), np.ones((8, 1), dtype=np.float32)
    fast_pulses, smaller, reads, slow_pulses, limited = block.run(x, d)
    assert (fast_pulses, smaller, reads, limited) == (8, 0, 8, 0)
    assert block.fast.conductance[0, 0, 0] == pytest.approx(0.0, abs=1e-6)
    assert block.state.mean[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert block.state.chopper[0] == 1
    moved = steps(block.slow)[0, 0, 0]
    assert moved + block.state.hidden[0, 0] == pytest.approx(-3.0, abs=1e-3)
    assert slow_pulses == abs(moved) >= 2


def test_transfer_limits_one_transfer_and_forgets_the_rest() -> None:
    for forget, left in ((0.25, -0.25 * 8.5), (-1.0, -8.5 + 3)):
        block = Block(1, 1, gain=0.0, slow_length=3, forget=forget)
        block.state.hidden[:], block.state.reads[:] = -8.5, 6
        assert block.run(single([1.0]), single([0.0]))[3] == 3
        assert steps(block.slow)[0, 0, 0] == -3
        assert block.state.hidden[0, 0] == pytest.approx(left)


def test_transfer_slow_noise_follows_cell_sample_and_pulse() -> None:
    block = Block(1, 2, planes=2, every=2, gain=0.0, slow_length=3)
    block.slow.parameters[4] = 0.5
    block.state.hidden[:], block.state.reads[:], block.state.scalars[1] = 2.5, 4, 1
    assert block.run(np.ones((2, 2), dtype=np.float32), np.zeros((2, 1), dtype=np.float32))[3] == 4
    for plane, cell, sign in ((0, 1, 1), (1, 3, -1)):
        sizes = STEP * (1 + 0.5 * table_normal(Stream(*SLOW_KEY), cell, torch.tensor([3, 4])))
        assert block.slow.conductance[plane, 0].tolist() == pytest.approx([0.0, sign * sizes.sum().item()], rel=1e-5)
    assert block.state.hidden[0].tolist() == [2.5, 0.5]


def test_transfer_without_error_puts_no_pulse_on_the_fast_tile() -> None:
    block = Block(2, 3, variance=1e-6)
    result = block.run(random_batch(30, 3, 6), np.zeros((30, 2), dtype=np.float32))
    assert result[:3].tolist() == [0, 0, 30]
    assert not block.fast.conductance.any()
    assert (block.fast.epoch_index == -1).all()


def test_transfer_tracks_the_maxima() -> None:
    block = Block(1, 2, rate_memory=3.0)
    x, d = random_batch(7, 2, 7), random_batch(7, 1, 8)
    block.run(x, d)
    mean_x = mean_d = 0.0
    for n in range(7):
        mean_x += (np.abs(x[n]).max().astype(float) - mean_x) / min(n + 1, 3)
        mean_d += (np.abs(d[n]).max().astype(float) - mean_d) / min(n + 1, 3)
    assert block.state.scalars.tolist() == pytest.approx([7.0, 1.0, mean_x, mean_d])


def test_transfer_spends_its_fast_rate_whatever_the_size_of_the_gradient() -> None:
    for scale in (1e-3, 1.0):
        block = Block(1, 1, fast_rate=2.5)
        x, d = np.full((100, 1), scale, dtype=np.float32), np.full((100, 1), -2 * scale, dtype=np.float32)
        # Three slots at a probability of 2.5 / 3 each.
        assert abs(block.run(x, d)[0] - 250) < 4.5 * math.sqrt(250 * (1 - 2.5 / 3))


def test_transfer_reads_every_few_samples() -> None:
    block = Block(1, 3, every=4)
    x, d = random_batch(3, 3, 9), single([0.0]).repeat(3, 0)
    assert [int(block.run(x, d)[2]) for _ in range(8)] == [0, 1, 1, 1, 0, 1, 1, 1]
    assert block.state.reads.tolist() == [2, 2, 2]


def test_transfer_converter_rounds_and_limits_the_read() -> None:
    block = Block(4, 1, converter=Converter(bound=0.25, step=0.1, noise=0.0))
    block.fast.conductance[0, :, 0] = [0.04, -0.16, 0.24, 0.9]
    block.run(single([1.0]), np.zeros((1, 4), dtype=np.float32))
    assert block.state.mean[:, 0].tolist() == pytest.approx([0.0, -0.2, 0.2, 0.25])


def test_transfer_read_noise_joins_cells_and_periphery_but_for_fresh_cells() -> None:
    xi = table_normal(Stream(*READ_KEY), torch.arange(3), 0).numpy()
    block = Block(3, 1, planes=2, converter=Converter(bound=10.0, step=0.0, noise=0.3), variance=0.16)
    block.fast.conductance[:, :, 0] = [[0.5, 0.0, 0.25], [0.1, 0.0, 0.5]]
    block.weight[2] = 0.125
    # Only the middle row is sure to be pulsed, by 2 steps up on a plane that counts up and 2 down on the other.
    block.run(single([1.0]), single([0.0, -1.0, 0.0]))
    expected = np.array([0.4, 4 * STEP, -0.25]) - 0.125 + np.array([0.5, 0.3, 0.5]) * xi
    assert block.state.mean[:, 0] == pytest.approx(expected, rel=1e-5)
    # Without a pulse in a later epoch the same cell is noisy again.
    block.state.reads[:] = 0
    block.run(single([1.0]), np.zeros((1, 3), dtype=np.float32), epoch=8)
    assert block.state.mean[1, 0] == pytest.approx(4 * STEP - 0.125 + 0.5 * xi[1], rel=1e-5)


def test_transfer_mean_weights_the_tail() -> None:
    # With a smallest weight of 1/4 the mean is the plain average at first, then forgets with beta = 1/4.
    block, mean = Block(1, 1, mean_rate=0.25), 0.0
    for read in range(7):
        block.fast.conductance[0, 0, 0] = 0.1 * (read + 1)
        block.run(single([1.0]), single([0.0]))
        mean += max(0.25, 1 / (read + 1)) * (0.1 * (read + 1) - mean)
        assert block.state.mean[0, 0] == pytest.approx(mean, rel=1e-5)
        if read == 3:
            assert block.state.reference[0, 0] == block.state.mean[0, 0]


def test_transfer_gain_power_scales_with_the_maxima() -> None:
    grown = []
    for power in (0.0, 1.0):
        block = Block(1, 1, fast_rate=0.0, gain=0.5, gain_power=power)
        block.fast.conductance[:], block.state.reads[:], block.state.chopper[:] = 0.5, 4, -1
        block.run(single([0.5]), single([0.25]))
        grown.append(float(block.state.hidden[0, 0]))
    assert grown == pytest.approx([-0.25, -0.25 * 0.125])
