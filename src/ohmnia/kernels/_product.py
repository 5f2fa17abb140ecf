"""Products of a batch with a matrix in float32, compiled: those of the reads.

Sums are taken in an order that depends on the sizes and on the processor's vectors alone: never on threads or on memory.
A library's product spends as long on its call as on the sums, where a batch is small.
"""

from __future__ import annotations

import numpy as np

from ohmnia.kernels._jit import jit_sums

_ZERO = np.float32(0.0)
# Samples that are done together, and numbers of them that stay in a near cache.
_FIVE, _EIGHT, _NEAR = 5, 8, 16384


@jit_sums
def _two_by_five(x, weights, b, i, y):
    """Two rows of the matrix on five samples: ten sums at once, that the processor's registers hold."""
    a0, a1, a2, a3, a4 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    c0, c1, c2, c3, c4 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    upper, lower, x0, x1, x2, x3, x4 = weights[i], weights[i + 1], x[b], x[b + 1], x[b + 2], x[b + 3], x[b + 4]
    for j in range(upper.shape[0]):
        u, v = upper[j], lower[j]
        a0 += u * x0[j]
        a1 += u * x1[j]
        a2 += u * x2[j]
        a3 += u * x3[j]
        a4 += u * x4[j]
        c0 += v * x0[j]
        c1 += v * x1[j]
        c2 += v * x2[j]
        c3 += v * x3[j]
        c4 += v * x4[j]
    y[b, i], y[b + 1, i], y[b + 2, i], y[b + 3, i], y[b + 4, i] = a0, a1, a2, a3, a4
    y[b, i + 1], y[b + 1, i + 1], y[b + 2, i + 1], y[b + 3, i + 1], y[b + 4, i + 1] = c0, c1, c2, c3, c4


@jit_sums
def _one_by_one(x, weights, b, i, y):
    total, row, own = _ZERO, weights[i], x[b]
    for j in range(row.shape[0]):
        total += row[j] * own[j]
    y[b, i] = total


@jit_sums
def product(x, weights, y):
    """y = x weights^T.

    Parameters
    ----------
    x, weights, y
        float32 (samples, inputs), (outputs, inputs) and (samples, outputs), contiguous.
    """
    samples, outputs = y.shape
    block = max(_NEAR // max(x.shape[1], 1) // _FIVE, 1) * _FIVE
    even = outputs // 2 * 2
    for first in range(0, samples, block):
        last = min(first + block, samples)
        whole = first + (last - first) // _FIVE * _FIVE
        for i in range(0, even, 2):
            for b in range(first, whole, _FIVE):
                _two_by_five(x, weights, b, i, y)
            for b in range(whole, last):
                _one_by_one(x, weights, b, i, y)
                _one_by_one(x, weights, b, i + 1, y)
        for i in range(even, outputs):
            for b in range(first, last):
                _one_by_one(x, weights, b, i, y)


@jit_sums
def _add_eight(d, weights, b, i, y):
    d0, d1, d2, d3 = d[b, i], d[b, i + 1], d[b, i + 2], d[b, i + 3]
    d4, d5, d6, d7 = d[b, i + 4], d[b, i + 5], d[b, i + 6], d[b, i + 7]
    w0, w1, w2, w3 = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
    w4, w5, w6, w7 = weights[i + 4], weights[i + 5], weights[i + 6], weights[i + 7]
    own = y[b]
    for j in range(own.shape[0]):
        near = (d0 * w0[j] + d1 * w1[j]) + (d2 * w2[j] + d3 * w3[j])
        own[j] += near + ((d4 * w4[j] + d5 * w5[j]) + (d6 * w6[j] + d7 * w7[j]))


@jit_sums
def _add_one(d, weights, b, i, y):
    factor, row, own = d[b, i], weights[i], y[b]
    for j in range(own.shape[0]):
        own[j] += factor * row[j]


@jit_sums
def product_transposed(d, weights, y):
    """y = d weights.

    Parameters
    ----------
    d, weights, y
        float32 (samples, inputs), (inputs, outputs) and (samples, outputs), contiguous.
    """
    samples, inputs = d.shape
    whole = inputs // _EIGHT * _EIGHT
    block = max(_NEAR // 2 // max(y.shape[1], 1), 1)
    for first in range(0, samples, block):
        last = min(first + block, samples)
        y[first:last] = _ZERO
        for i in range(0, whole, _EIGHT):
            for b in range(first, last):
                _add_eight(d, weights, b, i, y)
        for i in range(whole, inputs):
            for b in range(first, last):
                _add_one(d, weights, b, i, y)
