"""What every retention law keeps: two waits are their sum, no wait is no change."""

from __future__ import annotations

import torch

from ohmnia.device.retention._abstract import AbstractRetentionLaw

AGES = torch.cat([torch.zeros(1, dtype=torch.float64), torch.logspace(-6, 9, 61, dtype=torch.float64)])
WAITS = (1e-6, 1e-3, 0.4, 1.0, 60.0, 3.6e3, 6.048e5, 3.15576e8)


class RetentionLawContract:
    """A member inherits this and gives a fixture `law`."""

    def test_no_wait_is_no_change(self, law: AbstractRetentionLaw) -> None:
        mean, sigma = law.increments(AGES, 0.0)
        assert not mean.any()
        assert not sigma.any()

    def test_increments_are_finite_one_for_each_age_and_double(self, law: AbstractRetentionLaw) -> None:
        for wait in WAITS:
            for part in law.increments(AGES, wait):
                assert part.shape == AGES.shape
                assert part.dtype == torch.float64
                assert torch.isfinite(part).all()
            assert (law.increments(AGES, wait)[1] >= 0).all()

    def test_two_waits_have_the_law_of_their_sum(self, law: AbstractRetentionLaw) -> None:
        for first in WAITS:
            for second in WAITS:
                mean_1, sigma_1 = law.increments(AGES, first)
                mean_2, sigma_2 = law.increments(AGES + first, second)
                mean, sigma = law.increments(AGES, first + second)
                # Rounding of age + wait near 1 s leaves 1e-16 / 1e-6 of the shortest wait.
                assert torch.allclose(mean_1 + mean_2, mean, rtol=1e-8, atol=1e-30)
                assert torch.allclose(sigma_1**2 + sigma_2**2, sigma**2, rtol=1e-8, atol=1e-40)

    def test_ages_do_not_see_each_other(self, law: AbstractRetentionLaw) -> None:
        mean, sigma = law.increments(AGES, 60.0)
        for k in (0, 7, 33, 61):
            alone = law.increments(AGES[k : k + 1], 60.0)
            assert torch.equal(alone[0], mean[k : k + 1])
            assert torch.equal(alone[1], sigma[k : k + 1])

    def test_an_older_cell_moves_no_more(self, law: AbstractRetentionLaw) -> None:
        mean, sigma = law.increments(AGES[AGES >= 1.0], 3600.0)
        assert (sigma.diff() <= 0).all()
        assert (mean.abs().diff() <= 0).all()

    def test_ages_are_left_alone(self, law: AbstractRetentionLaw) -> None:
        ages = AGES.clone()
        law.increments(ages, 60.0)
        assert torch.equal(ages, AGES)
