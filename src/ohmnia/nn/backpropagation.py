"""Forward pass, loss and backward pass of a chain of layers in one compiled call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ohmnia._errors import InvalidValueError
from ohmnia.array.chain import ChainedReads
from ohmnia.kernels import (
    BAD_GRADIENTS,
    BAD_LABEL,
    CROSS_ENTROPY,
    FINE,
    IDENTITY,
    LAYER,
    RELU,
    SIGMOID,
    SQUARED_ERROR,
    TANH,
    network,
)
from ohmnia.nn._refuse import hooked
from ohmnia.nn.linear import AnalogLinear

_FUNCTIONS: dict[type[nn.Module], int] = {nn.Sigmoid: SIGMOID, nn.Tanh: TANH, nn.ReLU: RELU}
_ADDRESSES = ("x", "y", "d", "bias", "bias_gradient")
_NO_LABELS, _NO_TARGETS = np.empty(0, np.int64), np.empty((0, 0), np.float32)
_PLAIN = "Use the model and its loss as they are: criterion(model(x), y).backward()."


class _Stage(NamedTuple):
    """A layer, and the function behind it."""

    layer: AnalogLinear
    function: int


class _Memory(NamedTuple):
    """Where the vectors of so many samples lie in one piece of memory.

    Attributes
    ----------
    places
        Of x, y, d, a bias (none here) and its gradient, in bytes, uint64 (layers, 5).
    sizes
        Of every y, every d and every gradient of a bias, in that order, in floats.
    shapes
        Of every y and every d.
    """

    places: NDArray[np.uint64]
    sizes: list[int]
    shapes: list[tuple[int, int]]


@final
class Backpropagation:
    """What `criterion(model(x), y).backward()` does, in one compiled call: for small networks several times as fast.

    A call reads every layer forward, takes the loss, reads back, asks every array for its update, and adds to the gradients of
    the biases; an optimizer's step is then the same as ever. Reads draw the same noise as those of the model itself. Results
    agree to the rounding of float32, so that a step of a converter may flip, and a long training becomes another sample of the
    same law.

    Parameters
    ----------
    model
        A `torch.nn.Sequential` of `AnalogLinear` with Sigmoid, Tanh, ReLU or nothing behind each; a Flatten may come first. A
        Sequential inside another one is the same as its parts.
    loss
        `CrossEntropyLoss`, `MSELoss`, or `NLLLoss` where a LogSoftmax ends the model; "mean" or "sum", no other options.

    Raises
    ------
    InvalidValueError
        Anything else in the model or the loss, by its name; a layer that is used twice, lies between wires, or has hooks.

    Examples
    --------
    >>> import torch, ohmnia
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(8, 6), nn.Sigmoid(), nn.Linear(6, 3))
    >>> model = ohmnia.nn.convert(net, ohmnia.technology("cmo-hfox"), seed=0)
    >>> optimizer = ohmnia.AnalogOptimizer(model, ohmnia.AGAD(), lr=0.1)
    >>> backpropagate = ohmnia.nn.Backpropagation(model, nn.CrossEntropyLoss())
    >>> optimizer.zero_grad()
    >>> loss = backpropagate(torch.ones(4, 8), torch.tensor([0, 1, 2, 0]))
    >>> optimizer.step()
    """

    def __init__(self, model: nn.Module, loss: nn.Module) -> None:
        modules = list(_modules("", model))
        self.flattens = bool(modules) and type(modules[0][1]) is nn.Flatten
        ends_in_logs = bool(modules) and type(modules[-1][1]) is nn.LogSoftmax
        self._loss, self._mean = _loss_code(loss, ends_in_logs)
        stages = _stages(modules[self.flattens : len(modules) - ends_in_logs])
        if ends_in_logs:
            _check_softmax(*modules[-1])
        self.layers = [stage.layer for stage in stages]
        self._reads, self._run = ChainedReads([layer.synapse for layer in self.layers]), network()
        self._records, self._memory = np.zeros(len(stages), LAYER), dict[int, _Memory]()
        # The addresses of all records as one matrix, which is quicker to fill.
        self._places = self._records.view(np.uint64).reshape(len(stages), -1)[:, : len(_ADDRESSES)]
        for k, (stage, span) in enumerate(zip(stages, self._reads.spans, strict=True)):
            record, layer = self._records[k], stage.layer
            record["first_read"], record["last_read"] = span
            record["outputs"], record["inputs"] = layer.synapse.shape
            record["function"] = stage.function
        columns = [layer.has_column for layer in self.layers[1:]]
        self._records["width"] = self._records["outputs"] + np.array([*columns, False])

    def __call__(self, x: Tensor, y: Tensor) -> float:
        """The loss, once its gradients are where an optimizer takes them from.

        Parameters
        ----------
        x
            Inputs of the network, (samples, inputs), or what a Flatten makes so.
        y
            Labels, int64 (samples,), of a cross-entropy; targets (samples, outputs) of a squared error.

        Raises
        ------
        InvalidValueError
            Another shape; a label that is no output; NaN or infinity in the inputs or gradients of a layer, by its name.
        StateError
            A layer whose reads are compensated, or are a sum over several arrays.
        """
        inputs, labels, targets = self._checked(x, y)
        lowest = next((k for k, layer in enumerate(self.layers) if _learns(layer)), len(self.layers))
        samples, self._records["goes_back"] = len(inputs), np.arange(len(self.layers)) > lowest
        memory = self._memory.get(samples) or self._memory.setdefault(samples, self._laid_out(samples))
        floats = torch.empty(sum(memory.sizes))
        self._point(inputs, floats, memory)
        self._reads.begin(lowest + 1)
        divisor = float(targets.size if self._loss == SQUARED_ERROR else samples) if self._mean else 1.0
        loss, state, at = self._run(self._records, self._reads.records, samples, self._loss, labels, targets, divisor, lowest)
        if state != FINE:
            self._reads.take_back(lowest + 1)
            raise self._error(state, at, labels)
        self._reads.count()
        self._hand_out(inputs, floats, memory, lowest)
        return loss

    def _checked(self, x: Tensor, y: Tensor) -> tuple[Tensor, NDArray[Any], NDArray[Any]]:
        """Inputs as a matrix, labels, and targets."""
        first, outputs = self.layers[0], self.layers[-1].out_features
        if x.requires_grad:
            raise InvalidValueError(f"x requires a gradient, which a compiled pass does not give. {_PLAIN}")
        for layer in self.layers:
            bias = _bias(layer)
            if bias is not None and bias.dtype is not torch.float32:
                raise InvalidValueError(f"Layer '{layer.synapse.name}': its bias is {bias.dtype}; valid: torch.float32.")
        inputs = x.detach().flatten(1) if self.flattens else x.detach()
        if inputs.ndim != 2 or inputs.shape[1] != first.in_features:
            raise InvalidValueError(f"x has the shape {tuple(x.shape)}; the model needs (samples, {first.in_features}).")
        inputs = inputs.float()
        if first.has_column:
            inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
        wanted = (len(x),) if self._loss == CROSS_ENTROPY else (len(x), outputs)
        if tuple(y.shape) != wanted or (self._loss == CROSS_ENTROPY) == (y.is_floating_point() or y.dtype == torch.bool):
            kind = "labels, int64" if self._loss == CROSS_ENTROPY else "targets, float32"
            raise InvalidValueError(f"y has the shape {tuple(y.shape)} and the type {y.dtype}; the loss needs {kind} {wanted}.")
        if self._loss == CROSS_ENTROPY:
            return inputs.contiguous(), y.detach().long().contiguous().numpy(), _NO_TARGETS
        return inputs.contiguous(), _NO_LABELS, y.detach().float().contiguous().numpy()

    def _laid_out(self, samples: int) -> _Memory:
        """Places for the vectors of so many samples."""
        outputs = [layer.out_features for layer in self.layers]
        shapes = [(samples, int(width)) for width in self._records["width"]] + [(samples, width) for width in outputs]
        sizes, count = [*(rows * cols for rows, cols in shapes), *outputs], len(outputs)
        starts = 4 * np.cumsum([0, *sizes[:-1]]).astype(np.uint64).reshape(3, count)
        places = np.zeros((count, len(_ADDRESSES)), np.uint64)
        places[1:, 0], (places[:, 1], places[:, 2], places[:, 4]) = starts[0, :-1], starts
        return _Memory(places, sizes, shapes)

    def _point(self, inputs: Tensor, floats: Tensor, memory: _Memory) -> None:
        """Put down where everything lies."""
        np.add(memory.places, np.uint64(floats.data_ptr()), out=self._places)
        self._places[0, 0] = inputs.data_ptr()
        self._places[:, 3] = [0 if bias is None else bias.data_ptr() for bias in map(_bias, self.layers)]
        self._records["scale"] = [layer.synapse.output_scale for layer in self.layers]

    def _hand_out(self, inputs: Tensor, floats: Tensor, memory: _Memory, lowest: int) -> None:
        """Queue the update requests, and add to the gradients of the biases."""
        parts, count = floats.split(memory.sizes), len(self.layers)
        for k in range(count - 1, lowest - 1, -1):
            layer, bias = self.layers[k], _bias(self.layers[k])
            if layer.handle.requires_grad:
                layer.warn_of_pile()
                x = inputs if k == 0 else parts[k - 1].view(memory.shapes[k - 1])
                layer.synapse.queue(x, parts[count + k].view(memory.shapes[count + k]))
            if bias is not None and bias.requires_grad:
                gradient = parts[2 * count + k]
                bias.grad = gradient if bias.grad is None else bias.grad + gradient

    def _error(self, state: int, at: int, labels: NDArray[Any]) -> InvalidValueError:
        synapse, outputs = self.layers[at].synapse, self.layers[-1].out_features
        if state == BAD_LABEL:
            wrong = labels[(labels < 0) | (labels >= outputs)][0]
            valid = f"0 to {outputs - 1} are valid"
            return InvalidValueError(f"y holds the label {wrong}; the model has {outputs} outputs, so that {valid}.")
        return synapse.not_finite(backward=state == BAD_GRADIENTS)


def _bias(layer: AnalogLinear) -> Tensor | None:
    """The digital bias, past torch's slower look-up of attributes."""
    return layer._parameters.get("bias")


def _learns(layer: AnalogLinear) -> bool:
    bias = _bias(layer)
    return layer.handle.requires_grad or (bias is not None and bias.requires_grad)


def _modules(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The parts of a model in order, with their names."""
    if hooked(module):
        raise InvalidValueError(f"'{name or 'model'}' has hooks, which a compiled pass would not call. {_PLAIN}")
    if type(module) is nn.Sequential:
        # Not named_children, which leaves out a module that stands there again.
        for part, child in module._modules.items():
            if child is not None:
                yield from _modules(f"{name}.{part}" if name else part, child)
    else:
        yield name or "model", module


def _stages(modules: list[tuple[str, nn.Module]]) -> list[_Stage]:
    stages: list[_Stage] = []
    for name, module in modules:
        code = _FUNCTIONS.get(type(module))
        if isinstance(module, AnalogLinear):
            if any(stage.layer is module for stage in stages):
                raise InvalidValueError(f"Layer '{name}' is used twice, which a compiled pass does not do. {_PLAIN}")
            stages.append(_Stage(module, IDENTITY))
        elif code is not None and stages and stages[-1].function == IDENTITY:
            stages[-1] = stages[-1]._replace(function=code)
        else:
            functions = ", ".join(cls.__name__ for cls in _FUNCTIONS)
            raise InvalidValueError(
                f"'{name}' is a {type(module).__name__}; a compiled pass takes a Sequential of AnalogLinear with one of "
                f"{functions} or nothing behind each, and a Flatten before all. {_PLAIN}"
            )
    if not stages:
        raise InvalidValueError("The model has no analog layer; make one with ohmnia.nn.convert(model, technology).")
    return stages


def _check_softmax(name: str, module: nn.Module) -> None:
    if getattr(module, "dim", None) not in (1, -1):
        raise InvalidValueError(f"'{name}' is a LogSoftmax over dim = {getattr(module, 'dim', None)}; valid: 1.")


def _loss_code(loss: nn.Module, ends_in_logs: bool) -> tuple[int, bool]:
    """The loss as the kernel knows it, and whether it is a mean."""
    known = {nn.CrossEntropyLoss: CROSS_ENTROPY, nn.NLLLoss: CROSS_ENTROPY, nn.MSELoss: SQUARED_ERROR}
    code = known.get(type(loss))
    if code is None:
        names = ", ".join(cls.__name__ for cls in known)
        raise InvalidValueError(f"The loss is a {type(loss).__name__}; a compiled pass knows {names}. {_PLAIN}")
    if ends_in_logs != (type(loss) is nn.NLLLoss):
        raise InvalidValueError("NLLLoss belongs to a model that ends in LogSoftmax, and the other losses to one that does not.")
    options = vars(loss)
    odd = options.get("reduction") not in ("mean", "sum") or options.get("label_smoothing", 0.0) != 0.0
    odd = odd or getattr(loss, "weight", None) is not None or options.get("ignore_index", -100) != -100
    if odd:
        raise InvalidValueError(f"{loss}: a compiled pass takes reduction 'mean' or 'sum', and no other options. {_PLAIN}")
    return code, options["reduction"] == "mean"
