"""Functions between the layers of a network, compiled: in float32, without branches, so that a loop over them is vector code."""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._contract_network import RELU, SIGMOID, TANH
from ohmnia.kernels._cpu_normals import float_of
from ohmnia.kernels._jit import jit

f32, i32 = np.float32, np.int32
# Least-squares fits at Chebyshev points, highest power first: (e^r - 1 - r) / r^2 on +-ln(2) / 2, and (tanh x / x - 1) / x^2 in
# x^2 up to x = .625; relative errors of the functions below 2e-8.
_EXP = (0.00139336504, 0.00836318012, 0.0416664649, 0.16666577, 0.500000001)
_TANH = (-0.00611596027, 0.0210118039, -0.0538542508, 0.133327904, -0.333333287)
_PER_LN2 = f32(1.0 / math.log(2.0))
# ln 2 as a number of few bits and a rest, so that the product with a whole number is exact.
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(math.log(2.0) - 0.693359375)
_LARGEST, _NEAR = f32(87.0), f32(0.625)


@jit
def exponential(x):
    """e^x for |x| <= 87, and the nearer end beyond, to about 2e-7 of its value; NaN of NaN."""
    inside = min(max(x, -_LARGEST), _LARGEST)
    n = np.rint(inside * _PER_LN2)
    r = (inside - n * _LN2_HIGH) - n * _LN2_LOW
    p = f32(_EXP[0])
    p = p * r + f32(_EXP[1])
    p = p * r + f32(_EXP[2])
    p = p * r + f32(_EXP[3])
    p = p * r + f32(_EXP[4])
    whole = float_of(i32(i32(i32(n) + i32(127)) << i32(23)))
    return (f32(1.0) + (r + r * r * p)) * whole if x == x else x


@jit
def _tanh(x):
    size = abs(x)
    far = f32(1.0) - f32(2.0) / (exponential(f32(2.0) * size) + f32(1.0))
    z = x * x
    p = f32(_TANH[0])
    p = p * z + f32(_TANH[1])
    p = p * z + f32(_TANH[2])
    p = p * z + f32(_TANH[3])
    p = p * z + f32(_TANH[4])
    near = size + size * z * p
    y = near if size < _NEAR else far
    return -y if x < f32(0.0) else y


@jit
def activate(code, y):
    """The function of a code on every element of a vector, in place."""
    if code == SIGMOID:
        for k in range(y.shape[0]):
            y[k] = f32(1.0) / (f32(1.0) + exponential(-y[k]))
    elif code == TANH:
        for k in range(y.shape[0]):
            y[k] = _tanh(y[k])
    elif code == RELU:
        for k in range(y.shape[0]):
            y[k] = f32(0.0) if y[k] < f32(0.0) else y[k]


@jit
def go_back(code, y, d):
    """Gradients behind the function, from those before it and its results, in place."""
    if code == SIGMOID:
        for k in range(y.shape[0]):
            d[k] = d[k] * (y[k] * (f32(1.0) - y[k]))
    elif code == TANH:
        for k in range(y.shape[0]):
            d[k] = d[k] * (f32(1.0) - y[k] * y[k])
    elif code == RELU:
        for k in range(y.shape[0]):
            d[k] = d[k] if y[k] > f32(0.0) else f32(0.0)
