"""What every member's verbs on single cells have to share with the reference."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.kernel_member import LAW_NAMES, LAWS, make_cells, skip_unless_known
from ohmnia.kernels import Acceptance, Cells, ClosedLoop, Member, Targets, UpdateLaw, member

KEY = (77, 2**32 - 5)
# Two rows of a voltage table, below and above 40 uS.
LOOP = ClosedLoop(np.array([40e-6]), np.array([5e-6, 8e-6]), np.array([95e-6, 100e-6]), 1.0, 2000, 0.01)
# float32 carries 6e-8, and normals in float32 are exact to 1e-6.
RELATIVE = 2e-6


def make_table(acceptance: float = 0.02) -> Acceptance:
    """A small table in which every entry is another law."""
    rng = np.random.default_rng(3)
    quantiles = np.sort(rng.uniform(-1, 1, (5, 6, 9)).astype(np.float32), -1)
    loop, pulses = LOOP._replace(acceptance=acceptance), rng.integers(256, 99999, (5, 6)).astype(np.int32)
    return Acceptance(loop, 15e-6, 14e-6, quantiles, pulses)


def make_targets(planes: int) -> Targets:
    """Tile weights in [-1, 1] onto a window of 9 to 88 uS."""
    if planes == 1:
        return Targets(np.array([48.5e-6], np.float32), np.array([39.5e-6], np.float32), 0.0)
    return Targets(np.array([9e-6] * 2, np.float32), np.array([79e-6, -79e-6], np.float32), 9e-6)


def pairs(planes: int, multiplicative: int = 1) -> tuple[Cells, Cells]:
    """The same cells twice, at two epochs."""
    made = tuple(make_cells(1, planes, multiplicative) for _ in range(2))
    for cells in made:
        cells.epoch_index[:, ::2] = 1
        cells.epoch_index[:, 1::2] = 0
    return made


def assert_same(own: Cells, judge: Cells, relative: float = RELATIVE) -> None:
    """Same epochs and parameters, conductances to rounding."""
    np.testing.assert_array_equal(own.epoch_index, judge.epoch_index)
    np.testing.assert_array_equal(own.parameters, judge.parameters)
    np.testing.assert_allclose(own.conductance, judge.conductance, rtol=relative, atol=0)


class KernelCellsContract:
    """Inherit it, and set `own` to the member that is judged."""

    own: Member
    judge: Member = member("reference")
    # Whether `own` has tabulated laws.
    tables: bool = True

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("law", LAWS, ids=LAW_NAMES)
    @pytest.mark.parametrize(("acceptance", "most"), [(0.002, 2000), (0.05, 2000), (0.01, 3), (0.01, 0)])
    def test_program(self, planes: int, law: UpdateLaw, acceptance: float, most: int) -> None:
        skip_unless_known(law, self.tables)
        own, judge = pairs(planes, law.multiplicative)
        target = np.random.default_rng(2).uniform(10e-6, 88e-6, own.conductance.shape)
        target[0, 0, 0] = np.float64(own.conductance[0, 0, 0])
        loop = LOOP._replace(acceptance=acceptance, max_pulses=most)
        (pulses, failed), (expected, gave_up) = (
            kernel.program(cells, law, loop, target, KEY, 5) for kernel, cells in ((self.own, own), (self.judge, judge))
        )
        assert (pulses.dtype, failed.dtype) == (np.int32, np.bool_)
        np.testing.assert_array_equal(pulses, expected)
        np.testing.assert_array_equal(failed, gave_up)
        assert_same(own, judge)
        assert pulses[0, 0, 0] == 0
        assert (own.epoch_index == 5).any() == (most > 0)

    @pytest.mark.parametrize("planes", [1, 2])
    def test_program_sampled(self, planes: int) -> None:
        own, judge = pairs(planes)
        weights = np.random.default_rng(4).uniform(-0.9, 0.9, own.conductance.shape[1:]).astype(np.float32)
        targets = make_targets(planes)
        # One cell stands in its range, 3/4 of the way to its edge.
        goal = targets.base[0] + targets.slope[0] * max(weights[1, 2], 0.0 if planes == 2 else -1.0)
        for cells in (own, judge):
            cells.conductance[0, 1, 2] = goal * 1.015
        call = (weights, targets, make_table(), KEY, 5)
        results = self.own.program_sampled(own, *call), self.judge.program_sampled(judge, *call)
        assert tuple(map(int, results[0])) == results[1]
        assert_same(own, judge)
        assert own.epoch_index[0, 1, 2] != 5
        assert (own.epoch_index == 5).sum() == results[0][0]

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("floor", [1e-9, 45e-6])
    def test_advance(self, planes: int, floor: float) -> None:
        own, judge = pairs(planes)
        call = (np.array([-1e-6, -0.2e-6]), np.array([0.5e-6, 4e-6]), floor, KEY)
        counts = self.own.advance(own, *call), self.judge.advance(judge, *call)
        assert counts[0] == counts[1]
        assert (counts[0] > 0) == (floor > 1e-6)
        assert_same(own, judge)

    @pytest.mark.parametrize("planes", [1, 2])
    def test_read_cells(self, planes: int) -> None:
        own, judge = pairs(planes)
        for cells in (own, judge):
            cells.conductance[0, 0, :2] = 0.5e-6, 1e-6
        before = own.conductance.copy()
        scale = np.array([0.1e-6, 0.3e-6])
        reads = self.own.read_cells(own, scale, KEY), self.judge.read_cells(judge, scale, KEY)
        assert reads[0].dtype == np.float32
        np.testing.assert_allclose(*reads, rtol=RELATIVE, atol=0)
        np.testing.assert_array_equal(own.conductance, before)
        # No noise at or below 1 uS.
        np.testing.assert_allclose(reads[0][0, 0, :2], before[0, 0, :2], rtol=RELATIVE)
        assert (reads[0] != before).sum() >= before.size - 2

    @pytest.mark.parametrize("planes", [1, 2])
    @pytest.mark.parametrize("epochs", [1, 2])
    def test_read_variance(self, planes: int, epochs: int) -> None:
        cells, scale, gains = make_cells(1, planes, 1), np.array([0.1e-6, 0.3e-6])[:epochs], np.array([2.5e4, -1.2e4])[:planes]
        cells.epoch_index[:, ::2], cells.epoch_index[:, 1::2] = epochs - 1, 0
        cells.conductance[:, 0, 0] = 0.5e-6
        own, judge = (kernel.read_variance(cells, scale, gains) for kernel in (self.own, self.judge))
        assert own.dtype == np.float32
        assert own.shape == cells.conductance.shape[1:]
        np.testing.assert_allclose(own, judge, rtol=2 * RELATIVE, atol=0)
        assert own[0, 0] == 0.0
        assert (own.ravel()[1:] > 0).all()

    def test_one_epoch_is_enough(self) -> None:
        own, judge = (make_cells(1, 1, 1) for _ in range(2))
        for cells in (own, judge):
            cells.epoch_index[:] = 0
        call = (np.array([-1e-6]), np.array([0.5e-6]), 1e-9, KEY)
        assert self.own.advance(own, *call) == self.judge.advance(judge, *call)
        assert_same(own, judge)
        reads = [kernel.read_cells(own, np.array([0.2e-6]), KEY) for kernel in (self.own, self.judge)]
        np.testing.assert_allclose(*reads, rtol=RELATIVE, atol=0)
