"""What every read path has to share with the reference: the driven inputs exactly, outputs to the rounding of a product."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels import Converter, Converters, Member, member

SAMPLES, INPUTS, OUTPUTS = 6, 9, 7
# Normals in float32 are exact to 2e-6 over their range.
RELATIVE, ABSOLUTE = 2e-6, 4e-6
CONVERTERS = [Converter(1.5, 0.0, 0.0), Converter(1.5, 0.05, 0.0), Converter(1.5, 0.05, 0.4), Converter(1.5, 0.0, 0.4)]
KEY = (9, 2**32 - 1)


def make_read(seed: int = 0, samples: int = SAMPLES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs with a vector of zeros, weights of which some sums saturate, and variances."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, INPUTS))
    x[1:2] = 0.0
    weights, variance = 0.6 * rng.standard_normal((OUTPUTS, INPUTS)), 0.01 * rng.uniform(size=(OUTPUTS, INPUTS))
    return x.astype(np.float32), weights.astype(np.float32), variance.astype(np.float32)


class KernelReadContract:
    """Inherit it, and set `own` to the member that is judged."""

    own: Member
    judge: Member = member("reference")

    @pytest.mark.parametrize("step", [0.0, 1 / 63, 1 / 127, 1.0])
    @pytest.mark.parametrize("shrink", [1.0, 2.0, 16.0])
    def test_drive(self, step: float, shrink: float) -> None:
        x = np.random.default_rng(0).standard_normal((20, 33)).astype(np.float32)
        x[3] = 0.0
        x[4] *= 1e-30
        own, judge = self.own.drive(x, step, shrink), self.judge.drive(x, step, shrink)
        for mine, his in zip(own, judge, strict=True):
            assert mine.dtype == his.dtype == np.float32
            np.testing.assert_array_equal(mine, his)

    @pytest.mark.parametrize("converter", CONVERTERS)
    @pytest.mark.parametrize("variance", [None, 0.0, 0.3])
    def test_convert(self, converter: Converter, variance: float | None) -> None:
        rng = np.random.default_rng(1)
        z = rng.standard_normal((20, 33)).astype(np.float32)
        own_variance = None if variance is None else (variance * rng.uniform(size=z.shape)).astype(np.float32)
        scale, counters = rng.uniform(0, 3, 20).astype(np.float32), rng.permutation(1000)[:20]
        call = (z, own_variance, converter, KEY, counters, scale)
        (y, saturated), (expected, limited) = self.own.convert(*call), self.judge.convert(*call)
        assert (y.dtype, saturated.dtype) == (np.float32, np.int64)
        assert saturated.tolist() == limited.tolist()
        assert saturated.any()
        np.testing.assert_allclose(y, expected, rtol=RELATIVE, atol=ABSOLUTE)

    @pytest.mark.parametrize("converter", CONVERTERS)
    @pytest.mark.parametrize("noisy_cells", [False, True])
    @pytest.mark.parametrize(("dac_step", "rounds"), [(0.0, 0), (1 / 63, 1), (1 / 63, 4)])
    def test_read(self, converter: Converter, noisy_cells: bool, dac_step: float, rounds: int) -> None:
        x, weights, variance = make_read()
        call = (x, weights, variance if noisy_cells else None, Converters(dac_step, converter, rounds), KEY)
        own, judge = self.own.read(*call), self.judge.read(*call)
        assert own[1:] == judge[1:]
        assert (judge.saturated > 0) == (rounds == 0)
        assert judge.vectors > SAMPLES or rounds == 0
        assert own.outputs.dtype == np.float32
        scale = 2.0**rounds * np.abs(x).max(1, keepdims=True)
        assert (np.abs(own.outputs - judge.outputs) <= ABSOLUTE * np.maximum(scale, 1.0)).all()

    @pytest.mark.parametrize("transposed", [False, True])
    def test_read_takes_weights_of_any_strides(self, transposed: bool) -> None:
        x, weights, variance = make_read()
        path = Converters(0.0, Converter(100.0, 0.0, 0.1), 0)
        views = [np.asfortranarray(w) if transposed else np.repeat(w, 2, 1)[:, ::2] for w in (weights, variance)]
        own, judge = self.own.read(x, *views, path, KEY), self.judge.read(x, weights, variance, path, KEY)
        np.testing.assert_allclose(own.outputs, judge.outputs, rtol=RELATIVE, atol=ABSOLUTE)

    def test_read_of_no_vector(self) -> None:
        x, weights, variance = make_read(samples=0)
        reading = self.own.read(x, weights, variance, Converters(1 / 63, CONVERTERS[2], 4), KEY)
        assert reading.outputs.shape == (0, OUTPUTS)
        assert reading[1:] == (0, 0, True)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("place", [(0, 0), (SAMPLES - 1, INPUTS - 1)])
    def test_read_refuses_what_is_not_finite(self, bad: float, place: tuple[int, int]) -> None:
        x, weights, variance = make_read()
        x[place] = bad
        reading = self.own.read(x, weights, variance, Converters(1 / 63, CONVERTERS[2], 4), KEY)
        assert reading.outputs.size == 0
        assert reading[1:] == (0, 0, False)

    def test_read_leaves_its_inputs_alone(self) -> None:
        inputs = make_read()
        before = [part.copy() for part in inputs]
        self.own.read(*inputs, Converters(1 / 63, CONVERTERS[2], 4), KEY)
        assert all(np.array_equal(part, copy) for part, copy in zip(inputs, before, strict=True))
