"""The compiled pass on its own: a loss and gradients by finite differences, with converters that do nothing."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.kernels import BAD_INPUTS, BAD_LABEL, CROSS_ENTROPY, FINE, LAYER, READ, SIGMOID, SQUARED_ERROR, TANH, network

INPUTS, HIDDEN, OUTPUTS, SAMPLES = 5, 4, 3, 6


class Chain:
    """Two layers, the first one of two blocks beside one another."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.weights = [rng.standard_normal(shape).astype(np.float32) for shape in ((4, 2), (4, 3), (3, 4))]
        self.biases = [rng.standard_normal(size).astype(np.float32) for size in (HIDDEN, OUTPUTS)]
        self.x = rng.standard_normal((SAMPLES, INPUTS)).astype(np.float32)
        self.labels = np.arange(SAMPLES) % OUTPUTS
        self.targets = rng.standard_normal((SAMPLES, OUTPUTS)).astype(np.float32)
        shapes = [(SAMPLES, HIDDEN), (SAMPLES, OUTPUTS)]
        self.ys, self.ds = ([np.zeros(shape, np.float32) for shape in shapes] for _ in range(2))
        self.gradients = [np.zeros_like(bias) for bias in self.biases]

    def run(self, loss: int, lowest: int = 0) -> tuple[float, int, int]:
        reads, layers = np.zeros(3, READ), np.zeros(2, LAYER)
        for k, (weights, col) in enumerate(zip(self.weights, (0, 2, 0), strict=True)):
            reads[k]["weights"], (reads[k]["rows"], reads[k]["cols"]), reads[k]["col"] = weights.ctypes.data, weights.shape, col
            reads[k]["path"] = 0.0, 1e6, 0.0, 0.0
        for k, (x, function, scale) in enumerate(((self.x, TANH, 2.0), (self.ys[0], SIGMOID, 0.5))):
            arrays = (x, self.ys[k], self.ds[k], self.biases[k], self.gradients[k])
            for name, array in zip(("x", "y", "d", "bias", "bias_gradient"), arrays, strict=True):
                layers[k][name] = array.ctypes.data
            layers[k]["inputs"], layers[k]["outputs"], layers[k]["width"] = x.shape[1], *2 * self.ys[k].shape[1:]
            layers[k]["first_read"], layers[k]["last_read"] = ((0, 2), (2, 3))[k]
            layers[k]["function"], layers[k]["scale"], layers[k]["goes_back"] = function, scale, k > lowest
        self.reads = reads
        return network()(layers, reads, SAMPLES, loss, self.labels, self.targets, 7.0, lowest)

    def exact(self, loss: int) -> float:
        """The loss in float64."""
        w = [weights.astype(np.float64) for weights in self.weights]
        h = np.tanh(2.0 * self.x @ np.concatenate(w[:2], 1).T + self.biases[0])
        y = 1.0 / (1.0 + np.exp(-(0.5 * h @ w[2].T + self.biases[1])))
        if loss == SQUARED_ERROR:
            return float(((y - self.targets) ** 2).sum() / 7.0)
        return float((np.log(np.exp(y).sum(1)) - y[np.arange(SAMPLES), self.labels]).sum() / 7.0)


@pytest.mark.parametrize("loss", [CROSS_ENTROPY, SQUARED_ERROR])
def test_gradients_are_those_of_finite_differences(loss: int) -> None:
    chain = Chain()
    value, state, _ = chain.run(loss)
    assert state == FINE
    assert value == pytest.approx(chain.exact(loss), rel=1e-6)
    step = 1e-2
    for bias, found in zip(chain.biases, chain.gradients, strict=True):
        for k in range(len(bias)):
            sides = []
            for sign in (1, -1):
                bias[k] += np.float32(sign * step)
                sides.append(chain.exact(loss))
                bias[k] -= np.float32(sign * step)
            assert found[k] == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=2e-3, abs=2e-5)
    # A bias is a weight of an input of one: its gradient is the sum of d.
    for d, found in zip(chain.ds, chain.gradients, strict=True):
        np.testing.assert_allclose(d.sum(0), found, rtol=1e-5, atol=1e-6)
    assert chain.reads["counts"].tolist() == [[SAMPLES, 0, 0, 0]] * 2 + [[SAMPLES, 0, SAMPLES, 0]]


def test_below_the_lowest_layer_nothing_is_done() -> None:
    chain = Chain()
    chain.run(CROSS_ENTROPY, lowest=1)
    assert not chain.gradients[0].any()
    assert chain.gradients[1].any()
    assert not chain.reads["counts"][:, 2].any()


def test_how_a_pass_ends() -> None:
    chain = Chain()
    chain.labels[2] = OUTPUTS
    assert chain.run(CROSS_ENTROPY)[1:] == (BAD_LABEL, 1)
    chain.x[1, 1] = np.nan
    assert chain.run(SQUARED_ERROR)[1:] == (BAD_INPUTS, 0)
