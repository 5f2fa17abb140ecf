"""A chain of layers, forward and backward in one compiled call: reads, scales, biases, functions, loss, and all gradients.

A step of a small network spends most of its time between the products; here nothing is between them.
"""

from __future__ import annotations

import math

import numpy as np

from ohmnia.kernels._activations import activate, go_back
from ohmnia.kernels._contract_network import BAD_GRADIENTS, BAD_INPUTS, BAD_LABEL, CROSS_ENTROPY, FINE
from ohmnia.kernels._cpu_read import read_rounds
from ohmnia.kernels._jit import jit, jit_entry
from ohmnia.kernels._memory import array_at

_F32 = np.float32


@jit
def _matrices(read):
    """Weights of a block, and the variances of their reads (or nothing)."""
    has = read.variance != np.uint64(0)
    weights = array_at(read.weights, (read.rows, read.cols), _F32)
    return weights, array_at(read.variance, (read.rows if has else 0, read.cols if has else 0), _F32)


@jit
def _read(read, x, forward, y):
    """One read of a block, x and y being its own parts; returns whether every input was finite."""
    weights, variance = _matrices(read)
    key = read.forward_key if forward else read.backward_key
    path, words = (read.path[0], read.path[1], read.path[2], read.path[3]), (key[0], key[1])
    saturated, vectors = read_rounds(x, weights, variance, forward, path, read.rounds, words, y)
    read.counts[0 if forward else 2] += vectors
    read.counts[1 if forward else 3] += saturated
    return saturated >= 0


@jit
def _read_all(reads, first, last, x, forward, y):
    """Reads of all blocks of a layer, whose parts are added in their order; returns whether every input was finite."""
    samples = x.shape[0]
    if last - first == 1:
        return _read(reads[first], x, forward, y)
    y[:] = _F32(0.0)
    for k in range(first, last):
        read = reads[k]
        start, size = (read.col, read.cols) if forward else (read.row, read.rows)
        place, lines = (read.row, read.rows) if forward else (read.col, read.cols)
        own, part = np.empty((samples, size), np.float32), np.empty((samples, lines), np.float32)
        for b in range(samples):
            for j in range(size):
                own[b, j] = x[b, start + j]
        if not _read(read, own, forward, part):
            return False
        for b in range(samples):
            for i in range(lines):
                y[b, place + i] += part[b, i]
    return True


@jit
def _forward(layer, reads, samples):
    """y = f(s W x + b), and 1 for the next layer's own bias; returns whether every input was finite."""
    x = array_at(layer.x, (samples, layer.inputs), _F32)
    y, outputs, scale = array_at(layer.y, (samples, layer.width), _F32), layer.outputs, layer.scale
    bias = array_at(layer.bias, (outputs if layer.bias != np.uint64(0) else 0,), _F32)
    z = y if layer.width == outputs else np.empty((samples, outputs), np.float32)
    if not _read_all(reads, layer.first_read, layer.last_read, x, True, z):
        return False
    for b in range(samples):
        own = y[b, :outputs]
        if bias.shape[0]:
            for i in range(outputs):
                own[i] = z[b, i] * scale + bias[i]
        else:
            for i in range(outputs):
                own[i] = z[b, i] * scale
        activate(layer.function, own)
        if layer.width > outputs:
            y[b, outputs] = _F32(1.0)
    return True


@jit
def _cross_entropy(y, labels, divisor, d):
    """Sum of -log softmax at the labels, over `divisor`, and its gradients; -1.0 where a label is no output."""
    samples, outputs = y.shape
    total, parts = 0.0, np.empty(outputs)
    for b in range(samples):
        label = labels[b]
        if label < 0 or label >= outputs:
            return -1.0
        top = y[b, 0]
        for i in range(outputs):
            top = max(top, y[b, i])
        whole = 0.0
        for i in range(outputs):
            parts[i] = math.exp(np.float64(y[b, i]) - np.float64(top))
            whole += parts[i]
        total += math.log(whole) + np.float64(top) - np.float64(y[b, label])
        for i in range(outputs):
            d[b, i] = _F32((parts[i] / whole - (1.0 if i == label else 0.0)) / divisor)
    return total / divisor


@jit
def _squared_error(y, targets, divisor, d):
    """Sum of squared differences, over `divisor`, and its gradients."""
    total = 0.0
    for b in range(y.shape[0]):
        for i in range(y.shape[1]):
            difference = np.float64(y[b, i]) - np.float64(targets[b, i])
            total += difference * difference
            d[b, i] = _F32(2.0 * difference / divisor)
    return total / divisor


@jit
def _backward(layers, k, reads, samples):
    """Gradients of a layer's bias and, where they go on, of the function before it; returns whether all was finite."""
    layer = layers[k]
    y, d = array_at(layer.y, (samples, layer.width), _F32), array_at(layer.d, (samples, layer.outputs), _F32)
    for b in range(samples):
        go_back(layer.function, y[b, : layer.outputs], d[b])
    if layer.bias_gradient != np.uint64(0):
        total = array_at(layer.bias_gradient, (layer.outputs,), _F32)
        total[:] = _F32(0.0)
        for b in range(samples):
            for i in range(layer.outputs):
                total[i] += d[b, i]
    if not layer.goes_back:
        return True
    before, scale = layers[k - 1], layer.scale
    own = array_at(before.d, (samples, before.outputs), _F32)
    g = own if layer.inputs == before.outputs else np.empty((samples, layer.inputs), np.float32)
    if not _read_all(reads, layer.first_read, layer.last_read, d, False, g):
        return False
    for b in range(samples):
        for j in range(before.outputs):
            own[b, j] = g[b, j] * scale
    return True


@jit_entry
def run_network(layers, reads, samples, loss, labels, targets, divisor, lowest):
    """Forward, loss and backward; the loss, what was wrong, and in which layer.

    Parameters
    ----------
    layers, reads
        Records of `LAYER` and `READ`, in order. The x of a layer is the y of the one before it; y has `width` columns, one more
        than outputs where the next layer has its bias among its inputs.
    loss
        CROSS_ENTROPY with `labels`, int64 (samples,), or SQUARED_ERROR with `targets`, float32 (samples, outputs).
    divisor
        Of the loss.
    lowest
        The first layer whose gradients are asked for.
    """
    last = layers.shape[0] - 1
    for k in range(last + 1):
        if not _forward(layers[k], reads, samples):
            return 0.0, BAD_INPUTS, k
    top = layers[last]
    y, d = array_at(top.y, (samples, top.width), _F32), array_at(top.d, (samples, top.outputs), _F32)
    value = _cross_entropy(y, labels, divisor, d) if loss == CROSS_ENTROPY else _squared_error(y, targets, divisor, d)
    if loss == CROSS_ENTROPY and value == -1.0:
        return 0.0, BAD_LABEL, last
    for k in range(last, lowest - 1, -1):
        if not _backward(layers, k, reads, samples):
            return value, BAD_GRADIENTS, k
    return value, FINE, 0
