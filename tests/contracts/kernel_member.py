"""What every kernel member has to share with the reference: decisions exactly, conductances and buffers to rounding.

All numbers are random and generic, so that no k, |H| or converter input lies on the edge of a decision by chance alone.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ohmnia.kernels import (
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
    member,
    reads_of,
)

ROWS, COLS = 4, 5
# float32 carries 6e-8; a few dozen pulses add up to less than this.
RELATIVE = ABSOLUTE = 2e-6
GRANULARITY = 0.0976
TRAINS = list(itertools.product((0, 1), (0, 1), (1, 5, 40)))
# Steps up that first grow and then shrink; steps down with an edge and a step at the bound itself.
TABLES = np.array([[0.0, 0.4, 0.9, 1.0, 0.7], [0.1, 0.2, 0.7, 1.0, 1.0]], np.float32)
LAWS = [
    *(UpdateLaw(0, noise, *exponents) for noise in (0, 1) for exponents in ((1.0, 1.0), (1.3, 0.7))),
    *(UpdateLaw(1, noise, 1.0, 1.0, TABLES) for noise in (0, 1)),
]
LAW_NAMES = ["-".join(map(str, law[:4])) for law in LAWS]
WEIGHTS = {1: np.array([2.5e4, 1.1]), 2: np.array([1.2e4, -1.2e4, 0.03])}


def make_cells(seed: int, planes: int, multiplicative: int) -> Cells:
    """Cells of about 22 states; some stand beyond their bounds, as after relaxation."""
    rng, shape = np.random.default_rng(seed), (planes, ROWS, COLS)
    step = 85e-6 / 22 * np.exp(0.175 * rng.standard_normal(shape))
    skew, ratio = 0.61 + 0.06 * rng.standard_normal(shape), 0.9 + 0.1 * rng.standard_normal(shape)
    noise = ratio if multiplicative else ratio * step
    bounds = np.full(shape, 10e-6), np.full(shape, 95e-6)
    parameters = np.stack([step / skew, step / (1 - skew), *bounds, noise]).astype(np.float32)
    conductance = rng.uniform(6e-6, 99e-6, shape).astype(np.float32)
    return Cells(conductance, parameters, np.full(shape, -1, dtype=np.int32))


def make_state() -> TransferState:
    """Empty buffers."""
    hidden, reference, mean = np.zeros((3, ROWS, COLS), dtype=np.float32)
    return TransferState(hidden, reference, mean, np.ones(COLS, np.int32), np.zeros(COLS, np.int32), np.zeros(4))


# Short runs of every kind of rule: the fast tile fills quickly, and H or the read itself reaches the slow tile.
AGAD = TransferSettings(
    fast_rate=1.7,
    rate_memory=10.0,
    gain=9.0,
    gain_power=0.5,
    every=1,
    period=2,
    flip_probability=0.0,
    wait=2,
    dynamic=1,
    mean_rate=0.5,
    direct=0,
    slow_length=2,
    forget=-1.0,
)
RULES = {
    "AGAD": AGAD,
    "AGAD with random choppers": AGAD._replace(period=0, flip_probability=0.4),
    "TTv2": AGAD._replace(period=0, wait=0, dynamic=0),
    "chopped TTv2": AGAD._replace(period=0, wait=0, dynamic=0, flip_probability=0.5),
    "regularly chopped TTv2": AGAD._replace(wait=0, dynamic=0, period=4),
    "units": AGAD._replace(slow_unit=3),
    "TTv1": AGAD._replace(period=0, wait=0, dynamic=0, direct=1, slow_length=5, gain_power=0.0),
    "without running means": AGAD._replace(rate_memory=0.0, fast_rate=2.5, gain_power=1.0),
}


def make_batch(seed: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs with some exact zeros, and gradients of another size in every sample."""
    rng = np.random.default_rng(seed)
    x, d = rng.standard_normal((samples, COLS)), rng.standard_normal((samples, ROWS))
    x[x < -1.0] = 0.0
    return x.astype(np.float32), (0.4 * rng.uniform(0.1, 1.0, (samples, 1)) * d).astype(np.float32)


def assert_same_cells(own: Cells, judge: Cells) -> None:
    """Same parameters and epochs, conductances to rounding."""
    np.testing.assert_array_equal(own.epoch_index, judge.epoch_index)
    np.testing.assert_array_equal(own.parameters, judge.parameters)
    np.testing.assert_allclose(own.conductance, judge.conductance, rtol=RELATIVE, atol=0.0)


def assert_same_state(own: TransferState, judge: TransferState) -> None:
    """Same choppers and reads, buffers to rounding."""
    np.testing.assert_array_equal(own.chopper, judge.chopper)
    np.testing.assert_array_equal(own.reads, judge.reads)
    for name in ("hidden", "reference", "mean"):
        np.testing.assert_allclose(getattr(own, name), getattr(judge, name), rtol=0.0, atol=ABSOLUTE, err_msg=name)
    np.testing.assert_allclose(own.scalars, judge.scalars, rtol=1e-12)


def _slow_weights(conductance: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Tile weights in float32, product by product."""
    products = [gain * plane for gain, plane in zip(weight, conductance, strict=False)]
    return (products[0] if len(products) == 1 else products[0] + products[1]) - weight[-1]


def skip_unless_known(law: UpdateLaw, tables: bool) -> None:
    """Leave a tabulated law to the members that have it."""
    if law.tables.shape[1] and not tables:
        pytest.skip("this member has soft bounds alone")


class KernelMemberContract:
    """Inherit it, and set `own` to the member that is judged."""

    own: Member
    judge: Member = member("reference")
    # Whether `own` has tabulated laws.
    tables: bool = True

    # --- pulse trains -------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("law", LAWS, ids=LAW_NAMES)
    @pytest.mark.parametrize(("update", "lengths", "length"), TRAINS)
    def test_pulsed_update(self, planes: int, law: UpdateLaw, update: int, lengths: int, length: int) -> None:
        skip_unless_known(law, self.tables)
        trains = Trains(GRANULARITY, length, update, lengths)
        own, judge = (make_cells(1, planes, law.multiplicative) for _ in range(2))
        for k in range(3):
            x, d = make_batch(k, 2)
            call = (law, trains, Keys((1, k), (3, k), (5, k)), x, d, 0.21, k)
            counts, expected = self.own.pulsed_update(own, *call), self.judge.pulsed_update(judge, *call)
            assert counts.dtype == expected.dtype
            assert counts.tolist() == expected.tolist()
            assert_same_cells(own, judge)
        assert (own.epoch_index >= 0).any()

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize(("update", "lengths", "length"), TRAINS)
    def test_every_coincidence(self, planes: int, update: int, lengths: int, length: int) -> None:
        # Far from their bounds all steps are 1e-3, so that a conductance is a number of pulses.
        own, judge = (self._counting_cells(planes) for _ in range(2))
        x, d = make_batch(7, 6)
        call = (
            UpdateLaw(0, 1, 1.0, 1.0),
            Trains(GRANULARITY, length, update, lengths),
            Keys((1, 2), (3, 4), (5, 6)),
            x,
            d,
            0.4,
            0,
        )
        self.own.pulsed_update(own, *call)
        self.judge.pulsed_update(judge, *call)
        pulses = np.rint(own.conductance / 1e-3)
        assert np.array_equal(pulses, np.rint(judge.conductance / 1e-3))
        assert len(np.unique(pulses)) > 2

    @staticmethod
    def _counting_cells(planes: int) -> Cells:
        shape, row = (planes, ROWS, COLS), np.array([2e-3, 2e-3, -1e4, 1e4, 0.0], dtype=np.float32)
        parameters = np.ascontiguousarray(np.broadcast_to(row.reshape(5, 1, 1, 1), (5, *shape)))
        return Cells(np.zeros(shape, np.float32), parameters, np.zeros(shape, np.int32))

    @pytest.mark.parametrize(("scale_x", "scale_d", "rate"), [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)])
    @pytest.mark.parametrize("lengths", [0, 1])
    def test_nothing_to_do_is_no_pulse(self, scale_x: float, scale_d: float, rate: float, lengths: int) -> None:
        cells, untouched = (make_cells(1, 1, 1) for _ in range(2))
        x, d = make_batch(0, 3)
        x, d = x * np.float32(scale_x), d * np.float32(scale_d)
        counts = self.own.pulsed_update(
            cells, UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, lengths), Keys((1, 2), (3, 4), (5, 6)), x, d, rate, 3
        )
        assert counts.tolist() == [0, 0]
        assert_same_cells(cells, untouched)

    def test_an_empty_mini_batch_is_no_pulse(self) -> None:
        cells, untouched, state = make_cells(1, 1, 1), make_cells(1, 1, 1), make_state()
        x, d = make_batch(0, 0)
        law, trains, keys = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1), Keys((1, 2), (3, 4), (5, 6))
        assert self.own.pulsed_update(cells, law, trains, keys, x, d, 1.0, 3).tolist() == [0, 0]
        assert self._transfer(self.own, (cells, cells), state, law, trains, 0, x, d).tolist() == [0, 0, 0, 0, 0]
        assert_same_cells(cells, untouched)
        assert_same_state(state, make_state())

    # --- transfer -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _transfer(
        kernel: Member,
        tiles: tuple[Cells, Cells],
        state: TransferState,
        law: UpdateLaw,
        trains: Trains,
        k: int,
        x: np.ndarray,
        d: np.ndarray,
        settings: TransferSettings = AGAD,
    ) -> np.ndarray:
        """The k-th mini-batch of a short run with a coarse converter and read noise."""
        rows, reads = tiles[0].conductance.shape[1], len(reads_of(state, settings, len(x)))
        variance = np.random.default_rng(k).uniform(0, 2e-3, (rows, reads)).astype(np.float32)
        path = ReadPath(WEIGHTS[len(tiles[0].conductance)], variance, Converter(12.0, 24 / 510, 0.02))
        keys = TransferKeys(Keys((1, k), (3, k), (5, k)), (7, k), (8, k), (9, k), (10, k))
        weights = path.weight.astype(np.float32)
        kept = _slow_weights(tiles[1].conductance, weights)
        counts = kernel.transfer_update(
            [Transfer(*tiles, law, trains, keys, path, state, settings, x, d, (k // 2, k // 3), kept)]
        )
        np.testing.assert_array_equal(kept, _slow_weights(tiles[1].conductance, weights))
        return counts[0]

    def _compare_transfer(
        self, planes: int, law: UpdateLaw, trains: Trains, batches: int, settings: TransferSettings
    ) -> tuple[TransferState, np.ndarray]:
        """Both members' states over some mini-batches, and the summed counts."""
        own, judge = ([make_cells(seed, planes, law.multiplicative) for seed in (1, 2)] for _ in range(2))
        own_state, judge_state = make_state(), make_state()
        own_state.reference[:], judge_state.reference[:] = (0.3 * (1 - settings.dynamic) for _ in range(2))
        total = np.zeros(5, dtype=np.int64)
        for k in range(batches):
            x, d = make_batch(k, 3)
            counts = self._transfer(self.own, tuple(own), own_state, law, trains, k, x, d, settings)
            expected = self._transfer(self.judge, tuple(judge), judge_state, law, trains, k, x, d, settings)
            assert counts.dtype == expected.dtype
            assert counts.tolist() == expected.tolist()
            total += counts
        for mine, his in zip(own, judge, strict=True):
            assert_same_cells(mine, his)
        assert_same_state(own_state, judge_state)
        assert total[[0, 2, 3]].all()
        return own_state, total

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("case", range(len(TRAINS)))
    def test_transfer_update(self, planes: int, case: int) -> None:
        # Every train with both numbers of planes; laws and ways to leave H after a transfer take turns.
        update, lengths, length = TRAINS[case]
        law, trains = LAWS[(case + case // len(LAWS) + planes) % len(LAWS)], Trains(GRANULARITY, length, update, lengths)
        skip_unless_known(law, self.tables)
        settings = AGAD._replace(forget=-1.0 if (case // 2 + planes) % 2 else 0.1)
        state, _ = self._compare_transfer(planes, law, trains, 6, settings)
        assert sorted(set(state.chopper.tolist())) == [-1, 1]
        assert state.reference.any()

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("rule", RULES)
    def test_every_rule(self, rule: str, planes: int) -> None:
        law, trains, settings = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1), RULES[rule]
        state, total = self._compare_transfer(planes, law, trains, 12, settings)
        assert total[4] > 0
        assert (state.hidden == 0).all() == bool(settings.direct)
        flips = settings.period > 0 or settings.flip_probability > 0
        assert (state.chopper < 0).any() == flips
        assert state.mean.any() == bool(settings.dynamic)
        # A reference that stays is the one that was given.
        assert (state.reference == np.float32(0.3)).all() != bool(settings.dynamic)

    @pytest.mark.parametrize("forget", [-1.0, 0.0, 0.1])
    @pytest.mark.parametrize(("gain", "gain_power"), [(1.0, 0.0), (9.0, 1.0)])
    @pytest.mark.parametrize(("every", "period", "slow_length"), [(1, 1, 1), (2, 2, 5), (3, 3, 2)])
    def test_transfer_settings(
        self, forget: float, gain: float, gain_power: float, every: int, period: int, slow_length: int
    ) -> None:
        settings = AGAD._replace(gain=gain, gain_power=gain_power, every=every, period=period, wait=period)
        settings = settings._replace(forget=forget, slow_length=slow_length, mean_rate=1.0 / period)
        law, trains = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1)
        self._compare_transfer(1, law, trains, 12 * every, settings)

    def test_a_transfer_continues_where_it_stopped(self) -> None:
        # One long mini-batch draws other counters than two short ones, but columns, means and choppers go on.
        law, trains = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1)
        x, d = make_batch(0, 22)
        whole, parts = make_state(), make_state()
        self._transfer(self.own, (make_cells(1, 1, 1), make_cells(2, 1, 1)), whole, law, trains, 0, x, d)
        tiles = make_cells(1, 1, 1), make_cells(2, 1, 1)
        for k, part in enumerate((slice(0, 9), slice(9, 22))):
            self._transfer(self.own, tiles, parts, law, trains, k, x[part], d[part])
        np.testing.assert_array_equal(whole.reads, parts.reads)
        np.testing.assert_array_equal(whole.chopper, parts.chopper)
        np.testing.assert_allclose(whole.scalars, parts.scalars, rtol=1e-12)

    @pytest.mark.parametrize("every", [1, 3])
    def test_it_reads_the_columns_that_were_announced(self, every: int) -> None:
        law, trains = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1)
        settings, state, tiles = AGAD._replace(every=every), make_state(), (make_cells(1, 1, 1), make_cells(2, 1, 1))
        expected = np.zeros(COLS, np.int64)
        for k, samples in enumerate((2, 7, 1, 8)):
            np.add.at(expected, reads_of(state, settings, samples), 1)
            x, d = make_batch(k, samples)
            self._transfer(self.own, tiles, state, law, trains, k, x, d, settings)
            assert state.reads.tolist() == expected.tolist()

    @pytest.mark.parametrize("fresh", [(0,), (1,), (0, 1)])
    def test_a_pair_is_fresh_where_both_cells_are(self, fresh: tuple[int, ...]) -> None:
        states = []
        for kernel in (self.own, self.judge):
            tiles, state = (make_cells(1, 2, 1), make_cells(2, 2, 1)), make_state()
            tiles[0].epoch_index[list(fresh)] = 0
            x, d = make_batch(0, 1)
            self._transfer(kernel, tiles, state, UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1), 0, x, 0 * d)
            states.append(state)
        assert_same_state(*states)

    def test_without_variance_cells_have_no_read_noise(self) -> None:
        results = []
        for columns in (0, 3):
            tiles, state, (x, d) = (make_cells(1, 1, 1), make_cells(2, 1, 1)), make_state(), make_batch(0, 3)
            variance = np.zeros((tiles[0].conductance.shape[1], columns), np.float32)
            path = ReadPath(WEIGHTS[1], variance, Converter(12.0, 24 / 510, 0.02))
            keys = TransferKeys(Keys((1, 1), (3, 1), (5, 1)), (7, 1), (8, 1), (9, 1), (10, 1))
            law, trains = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1)
            counts = self.own.transfer_update([Transfer(*tiles, law, trains, keys, path, state, AGAD, x, d, (1, 1))])
            results.append((counts.tolist(), [part.tobytes() for part in (*tiles[0], *tiles[1], *state)]))
        assert results[0] == results[1]

    # --- determinism --------------------------------------------------------------------------------------------------

    def test_same_call_same_bits(self) -> None:
        law, trains, results = UpdateLaw(0, 1, 1.0, 1.0), Trains(GRANULARITY, 5, 1, 1), []
        x, d = make_batch(0, 20)
        for _ in range(2):
            tiles, state = (make_cells(1, 1, 1), make_cells(2, 1, 1)), make_state()
            self._transfer(self.own, tiles, state, law, trains, 0, x, d)
            results.append([tile.conductance.tobytes() for tile in tiles] + [part.tobytes() for part in state])
        assert results[0] == results[1]
