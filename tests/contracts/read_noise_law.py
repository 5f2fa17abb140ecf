"""What every read-noise law keeps: no noise right after the pulse, more with age, one number for each cell."""

from __future__ import annotations

import torch

from ohmnia.device.read_noise._abstract import AbstractReadNoiseLaw

CONDUCTANCES = torch.logspace(-9, -4, 51, dtype=torch.float64)
AGES = torch.cat([torch.zeros(1, dtype=torch.float64), torch.logspace(-9, 9, 73, dtype=torch.float64)])


class ReadNoiseLawContract:
    """A member inherits this and gives a fixture `law`."""

    def test_no_noise_at_age_zero(self, law: AbstractReadNoiseLaw) -> None:
        assert not law.sigma(CONDUCTANCES, torch.zeros_like(CONDUCTANCES)).any()

    def test_finite_and_never_negative(self, law: AbstractReadNoiseLaw) -> None:
        sigma = law.sigma(CONDUCTANCES[:, None], AGES[None, :])
        assert sigma.shape == (51, 74)
        assert torch.isfinite(sigma).all()
        assert (sigma >= 0).all()
        assert sigma.any()

    def test_grows_with_age(self, law: AbstractReadNoiseLaw) -> None:
        sigma = law.sigma(CONDUCTANCES[:, None], AGES[None, :])
        assert (sigma.diff(dim=1) >= 0).all()

    def test_cells_do_not_see_each_other(self, law: AbstractReadNoiseLaw) -> None:
        table = law.sigma(CONDUCTANCES[:, None], AGES[None, :])
        for row, column in ((0, 5), (20, 40), (50, 73)):
            assert law.sigma(CONDUCTANCES[row], AGES[column]) == table[row, column]

    def test_the_kind_of_number_is_the_conductances(self, law: AbstractReadNoiseLaw) -> None:
        ages = torch.full_like(CONDUCTANCES, 3.15576e8)
        single = law.sigma(CONDUCTANCES.float(), ages)
        assert single.dtype == torch.float32
        exact = law.sigma(CONDUCTANCES, ages)
        # log10 near 1 uS cancels: an absolute error of a few 2**-24 of the noise at 10 uS.
        assert torch.allclose(single.double(), exact, rtol=1e-5, atol=1e-6 * float(exact.max()))
