"""The comparator of weight changes: it passes equal laws, and finds a 3 % step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench_mirror import TINY_UPDATE, samples
from ohmnia import InvalidValueError
from ohmnia.bench.moments import Samples, compare, per_repeat

REPEATS, CELLS = 200, 400


def drawn(seed: int, mean: float = 0.05, sigma: float = 0.1, shape: float = 4.0) -> Samples:
    """Shifted gamma numbers: their skew is 2 / sqrt(shape)."""
    random = np.random.default_rng(seed)
    direction = np.where(np.arange(CELLS) % 2 == 0, 1.0, -1.0)
    noise = (random.gamma(shape, size=(REPEATS, CELLS)) - shape) / math.sqrt(shape)
    return Samples(((mean + sigma * noise) * direction).astype(np.float32), 7.0 * direction)


def test_moments_of_a_known_law() -> None:
    mean, variance, skew = per_repeat(drawn(0)).mean(1)
    assert mean == pytest.approx(0.05, abs=4.5 * 0.1 / math.sqrt(REPEATS * CELLS))
    assert variance == pytest.approx(0.01, rel=4.5 * math.sqrt(3.5 / (REPEATS * CELLS)))
    # Skew of a gamma law; its estimator's standard error is below sqrt(60 / n) here (6th moment of shape 4).
    assert skew == pytest.approx(1.0, abs=4.5 * math.sqrt(60 / (REPEATS * CELLS)))


def test_equal_laws_agree_about_as_often_as_promised() -> None:
    verdicts = [compare(drawn(2 * k), drawn(2 * k + 1), seed=k) for k in range(30)]
    deviations = np.array([verdict.deviations for verdict in verdicts])
    # 90 numbers of unit variance: chi-square within 4.5 of its own standard deviations.
    assert np.square(deviations).sum() == pytest.approx(90, abs=4.5 * math.sqrt(180))
    assert sum(not verdict.agree for verdict in verdicts) <= 3


@pytest.mark.parametrize(
    ("moment", "other"),
    [(0, {"mean": 0.05 * 1.06}), (1, {"sigma": 0.103}), (2, {"shape": 3.0})],
)
def test_each_moment_is_judged(moment: int, other: dict[str, float]) -> None:
    verdict = compare(drawn(0), drawn(1, **other))
    assert abs(verdict.deviations[moment]) > 3
    assert not verdict.agree


def test_cells_that_are_exchanged_are_found() -> None:
    """Every average is the same, but the cells are not."""
    one, other = drawn(0), drawn(1)
    size = np.linspace(0.2, 1.8, CELLS).astype(np.float32)
    verdict = compare(Samples(one.changes * size, one.direction), Samples(other.changes * size[::-1], other.direction))
    assert verdict.far_cells > verdict.far_cells_limit
    assert not verdict.agree


def test_shared_noise_is_no_difference() -> None:
    """Cells that share a train scatter together; the standard error must come from the repeats."""
    random = np.random.default_rng(5)
    shared = [0.2 * random.standard_normal((REPEATS, 1)) for _ in range(2)]
    plain = (drawn(0), drawn(1))
    one, other = (Samples((p.changes + s).astype(np.float32), np.ones(CELLS)) for p, s in zip(plain, shared, strict=True))
    naive = abs(one.changes.mean() - other.changes.mean()) / (0.23 * math.sqrt(2 / (REPEATS * CELLS)))
    assert naive > 4
    assert abs(compare(one, other).deviations[0]) < 3


def test_too_few_repeats_are_refused() -> None:
    one = drawn(0)
    few = Samples(one.changes[:7], one.direction)
    with pytest.raises(InvalidValueError, match="repeats = 7"):
        compare(few, one)


def test_the_same_cells_agree_and_a_step_of_3_percent_is_found() -> None:
    ours = samples(TINY_UPDATE, 256, seed=1)
    assert compare(ours, samples(TINY_UPDATE, 256, seed=2)).agree
    wrong = compare(ours, samples(TINY_UPDATE, 256, seed=2, step=1.03))
    assert not wrong.agree
    assert wrong.relative[1] == pytest.approx(1 / 1.03**2 - 1, abs=0.03)
