"""Records of a chain of layers, as the compiled pass through all of them takes them; addresses are those of contiguous arrays."""

from __future__ import annotations

import numpy as np

# Functions behind a layer, and losses.
IDENTITY, SIGMOID, TANH, RELU = range(4)
CROSS_ENTROPY, SQUARED_ERROR = range(2)
# How a pass ends.
FINE, BAD_INPUTS, BAD_GRADIENTS, BAD_LABEL = range(4)
# x (samples, inputs), y (samples, width), d (samples, outputs), biases (outputs,), float32; 0: no bias, no gradient asked for.
# y has `width` columns: one more than outputs, of ones, where the next layer has its bias among its inputs.
LAYER = np.dtype(
    [
        *((name, np.uint64) for name in ("x", "y", "d", "bias", "bias_gradient")),
        *((name, np.int64) for name in ("first_read", "last_read", "inputs", "outputs", "width", "function", "goes_back")),
        ("scale", np.float32),
    ],
    align=True,
)
# One block: weights and variances (rows, cols), float32 (0: no read noise); its place; DAC step, bound, step and noise of the
# ADC; keys of its noise; and what is counted: vectors and outputs that saturate, forward and backward.
READ = np.dtype(
    [
        *((name, np.uint64) for name in ("weights", "variance")),
        *((name, np.int64) for name in ("row", "rows", "col", "cols", "rounds")),
        ("path", np.float64, 4),
        ("forward_key", np.int64, 2),
        ("backward_key", np.int64, 2),
        ("counts", np.int64, 4),
    ],
    align=True,
)
