"""The comparison of technologies: errors of the write at each level, and another technology as the first."""

from __future__ import annotations

import ohmnia
import tolerances
from ohmnia.experiments import EXPERIMENTS
from ohmnia.experiments.technologies import LEVELS, technologies, write_errors
from ohmnia.random import Stream


def test_it_is_registered() -> None:
    assert EXPERIMENTS.get("technologies") is technologies


def test_errors_of_the_write_are_the_published_polynomial() -> None:
    device = ohmnia.resolve(ohmnia.technology("wan-2022"))
    found = write_errors(device, 3000, Stream.root(2))
    assert found.level_siemens.shape == (LEVELS,)
    for level, sigma in zip((found.level_siemens * 1e6).tolist(), (found.sigma_siemens * 1e6).tolist(), strict=True):
        x = level / 40
        published = 0.348 + 16.030 * x - 43.853 * x**2 + 45.393 * x**3 - 16.815 * x**4
        # At the lowest levels the floor at zero cuts a part of the tail.
        assert abs(sigma - published) < tolerances.of_sigma(published, 3000) + (0.1 if level < 4 else 0.0)


def test_another_technology_can_be_the_first() -> None:
    found = technologies("pcm", matrices=2, vectors=10, cells=20)
    rows = {row.id: row for row in found.rows}
    assert rows["technologies.own_10y"].quantity.startswith("Phase-change memory")
    assert rows["technologies.programming_gain_pcm"].simulated == 1.0
