"""What every retention law keeps: two waits are their sum, no wait is no change, cells do not see each other."""

from __future__ import annotations

import torch
from torch import Tensor

from ohmnia.device import RestingCells
from ohmnia.device.retention._abstract import AbstractAgeRelaxation, AbstractRetentionLaw

AGES = torch.cat([torch.zeros(1, dtype=torch.float64), torch.logspace(-6, 9, 61, dtype=torch.float64)])
WAITS = (1e-6, 1e-3, 0.4, 1.0, 60.0, 3.6e3, 6.048e5, 3.15576e8)
LEVELS = (2e-6, 12e-6, 24e-6)


def resting(written: Tensor, age: Tensor, own: Tensor, xi: float, now: Tensor | None = None) -> RestingCells:
    """Cells that were written to `written` and stand at `now`."""
    return RestingCells(written if now is None else now, written, age, own, torch.full_like(written, xi))


class RetentionLawContract:
    """A member inherits this and gives a fixture `law`; `longest_seconds` is the greatest age that the law knows."""

    longest_seconds = 1e10

    def cells(self) -> tuple[Tensor, Tensor, Tensor]:
        """Levels, ages and own draws of some cells."""
        ages = AGES[self.longest_seconds / 2 >= AGES]
        levels, draws = (torch.tensor(part, dtype=torch.float64) for part in (LEVELS, (-1.5, 0.0, 2.0)))
        level, age, own = torch.cartesian_prod(levels, ages, draws).T
        return level, age, own

    def waits(self) -> tuple[float, ...]:
        """Waits that keep every cell inside the law's range."""
        return tuple(wait for wait in WAITS if wait <= self.longest_seconds / 4)

    def start(self, law: AbstractRetentionLaw) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same cells, and where they stand at their ages."""
        level, age, own = self.cells()
        fresh = resting(level, torch.zeros_like(age), own, 0.0)
        now = torch.cat([law.relaxed(pick(fresh, k), float(age[k])) for k in range(len(age))])
        return level, age, own, now

    def moments(self, law: AbstractRetentionLaw, cells: tuple[Tensor, ...], wait: float) -> tuple[Tensor, Tensor]:
        """Mean and deviation after a wait; a law is linear in the draw of the wait."""
        level, age, own, now = cells
        low, middle, high = (law.relaxed(resting(level, age, own, xi, now), wait) for xi in (-1.0, 0.0, 1.0))
        assert torch.allclose(high - middle, middle - low, rtol=1e-6, atol=1e-18)
        return middle, high - middle

    def test_no_wait_moves_no_cell(self, law: AbstractRetentionLaw) -> None:
        cells = self.start(law)
        mean, sigma = self.moments(law, cells, 0.0)
        assert torch.allclose(mean, cells[3], rtol=1e-12, atol=0.0)
        assert float(sigma.abs().max()) < 1e-17

    def test_conductances_are_finite_and_double(self, law: AbstractRetentionLaw) -> None:
        cells = self.start(law)
        for wait in self.waits():
            mean, sigma = self.moments(law, cells, wait)
            assert mean.shape == sigma.shape == cells[0].shape
            assert mean.dtype == sigma.dtype == torch.float64
            assert torch.isfinite(mean).all()
            assert (sigma >= -1e-18).all()

    def test_two_waits_are_their_sum(self, law: AbstractRetentionLaw) -> None:
        level, age, own, now = self.start(law)
        for first in self.waits():
            for second in self.waits():
                middle, sigma_1 = self.moments(law, (level, age, own, now), first)
                end, sigma_2 = self.moments(law, (level, age + first, own, middle), second)
                whole, sigma = self.moments(law, (level, age, own, now), first + second)
                assert torch.allclose(end, whole, rtol=1e-9, atol=1e-18)
                # Deviations are differences of conductances of 1e-5 S, so they keep 1e-21 S.
                assert torch.allclose(sigma_1**2 + sigma_2**2, sigma**2, rtol=1e-5, atol=1e-25)

    def test_a_cell_does_not_see_the_others(self, law: AbstractRetentionLaw) -> None:
        level, age, own, now = self.start(law)
        cells = RestingCells(now, level, age, own, torch.full_like(own, 0.7))
        wait = self.waits()[-1]
        together = law.relaxed(cells, wait)
        for k in (0, 17, len(age) - 1):
            assert torch.equal(law.relaxed(pick(cells, k), wait), together[k : k + 1])

    def test_cells_are_left_alone(self, law: AbstractRetentionLaw) -> None:
        level, age, own, now = self.start(law)
        copies = [part.clone() for part in (level, age, own, now)]
        law.relaxed(resting(level, age, own, 1.0, now), 60.0)
        assert all(torch.equal(part, copy) for part, copy in zip((level, age, own, now), copies, strict=True))


def pick(cells: RestingCells, k: int) -> RestingCells:
    """One of the cells."""
    parts = (cells.conductance, cells.written, cells.age_seconds, cells.own, cells.xi)
    return RestingCells(*(part[k : k + 1] for part in parts))


class AgeRelaxationContract(RetentionLawContract):
    """The same for a law of increments in age."""

    def test_no_wait_is_no_change(self, law: AbstractAgeRelaxation) -> None:
        mean, sigma = law.increments(AGES, 0.0)
        assert not mean.any()
        assert not sigma.any()

    def test_increments_are_finite_one_for_each_age_and_double(self, law: AbstractAgeRelaxation) -> None:
        for wait in WAITS:
            for part in law.increments(AGES, wait):
                assert part.shape == AGES.shape
                assert part.dtype == torch.float64
                assert torch.isfinite(part).all()
            assert (law.increments(AGES, wait)[1] >= 0).all()

    def test_two_waits_have_the_law_of_their_sum(self, law: AbstractAgeRelaxation) -> None:
        for first in WAITS:
            for second in WAITS:
                mean_1, sigma_1 = law.increments(AGES, first)
                mean_2, sigma_2 = law.increments(AGES + first, second)
                mean, sigma = law.increments(AGES, first + second)
                # Rounding of age + wait near 1 s leaves 1e-16 / 1e-6 of the shortest wait.
                assert torch.allclose(mean_1 + mean_2, mean, rtol=1e-8, atol=1e-30)
                assert torch.allclose(sigma_1**2 + sigma_2**2, sigma**2, rtol=1e-8, atol=1e-40)

    def test_ages_do_not_see_each_other(self, law: AbstractAgeRelaxation) -> None:
        mean, sigma = law.increments(AGES, 60.0)
        for k in (0, 7, 33, 61):
            alone = law.increments(AGES[k : k + 1], 60.0)
            assert torch.equal(alone[0], mean[k : k + 1])
            assert torch.equal(alone[1], sigma[k : k + 1])

    def test_an_older_cell_moves_no_more(self, law: AbstractAgeRelaxation) -> None:
        mean, sigma = law.increments(AGES[AGES >= 1.0], 3600.0)
        assert (sigma.diff() <= 0).all()
        assert (mean.abs().diff() <= 0).all()

    def test_ages_are_left_alone(self, law: AbstractAgeRelaxation) -> None:
        ages = AGES.clone()
        law.increments(ages, 60.0)
        assert torch.equal(ages, AGES)
