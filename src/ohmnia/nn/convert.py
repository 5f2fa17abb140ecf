"""From a torch network to the same network on arrays, and back."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia._validation import Strict
from ohmnia.array import ArrayConfig, Synapse, mapping
from ohmnia.device import Device, resolve
from ohmnia.nn._abstract import AbstractComposite
from ohmnia.nn._choice import check_patterns, chosen
from ohmnia.nn._refuse import check_layers
from ohmnia.nn.conv import AnalogConv
from ohmnia.nn.linear import AnalogLinear, Matrix
from ohmnia.nn.recurrent import AnalogRecurrent
from ohmnia.random import Stream
from ohmnia.technology import Technology

PURPOSES = ("training", "inference")

COMPOSITES: dict[type[nn.Module], type[AbstractComposite[Any]]] = {
    nn.Conv1d: AnalogConv,
    nn.Conv2d: AnalogConv,
    nn.Conv3d: AnalogConv,
    nn.RNN: AnalogRecurrent,
    nn.GRU: AnalogRecurrent,
    nn.LSTM: AnalogRecurrent,
}


def analog_layers(model: nn.Module) -> Iterator[tuple[str, AnalogLinear]]:
    """Every analog product of a model, with its name; those of a convolution or a recurrent layer are its children."""
    for name, module in model.named_modules():
        if isinstance(module, AnalogLinear):
            yield name, module


def convert(
    model: nn.Module,
    technology: Technology | Mapping[str, Technology],
    purpose: str = "training",
    *,
    config: ArrayConfig | Mapping[str, ArrayConfig] | None = None,
    output_scale: float | Mapping[str, float] | None = None,
    exclude: tuple[str, ...] = (),
    seed: int = 0,
) -> nn.Module:
    """Copy a network, with its matrices on arrays; weights are written by closed-loop program-verify.

    Linear, Conv1d, Conv2d, Conv3d, RNN, GRU and LSTM are put on arrays, at any depth; a layer that stands in several places
    is one analog layer there too. Everything else is copied.

    Parameters
    ----------
    model
        A torch network; it is left as it is.
    technology
        From `ohmnia.technology(...)`; for all layers, or a table by name or pattern.
    purpose
        "training" puts weight 0 at the technology's mean symmetry point, "inference" at mid-window and scales each layer so
        that its largest weight fills the window.
    config
        Layout of the arrays, and where the bias stands; for all layers, or a table. `zero` follows the purpose by default.
    output_scale
        Digital scale s of y = s (w_tile x); for all layers, or a table. Default: for training 12 / sqrt(fan-in), at least
        what the initial weights need; for inference from the weights.
    exclude
        Names or patterns of layers that stay digital.
    seed
        Of every cell and every later draw.

    Returns
    -------
    nn.Module
        A new network.

    Raises
    ------
    UnknownNameError
        A purpose that does not exist, or a pattern that means no layer.
    InvalidValueError
        NaN or infinity in a weight; no layer at all to put on arrays, or none of its technology; a layer that cannot be put
        there. The text names the layer.

    Notes
    -----
    In a table, a pattern ("conv*", "lstm.hh_*") means a layer or a module that holds it, and the first that matches counts.
    A recurrent layer has the parts "ih_l0", "hh_l0", ..., a convolution "group_0", ...; a table may tell them apart.
    """
    if purpose not in PURPOSES:
        raise unknown_name("purpose", purpose, PURPOSES)
    plans = [_Plan.of(name, layer) for name, layer in check_layers(model, (nn.Linear, *COMPOSITES), exclude)]
    parts = [name for plan in plans for name in plan.names.values()]
    for option, where in ((technology, "technology"), (config, "config"), (output_scale, "output_scale")):
        check_patterns(option, parts, where)
    builder = _Builder(technology, purpose, config, output_scale, Stream.root(seed), {})
    # What the memo of a copy holds stands in every place of the original, however deep and however often.
    return copy.deepcopy(model, {id(plan.module): builder.layer(plan) for plan in plans})


def to_digital(model: nn.Module) -> nn.Module:
    """Copy a network, with torch layers of the same effective weights in place of its analog layers.

    Parameters
    ----------
    model
        A network with analog layers; it is left as it is.

    Returns
    -------
    nn.Module
        A plain torch network. The weights are those that the arrays hold now, read without noise and converters.

    Raises
    ------
    InvalidValueError
        No analog layer.
    """
    layers = [module for module in model.modules() if isinstance(module, AbstractComposite)]
    inner = {id(part) for layer in layers for part in layer.parts().values()}
    single = [module for module in model.modules() if isinstance(module, AnalogLinear) and id(module) not in inner]
    if not (layers or single):
        raise InvalidValueError("The model has no analog layer; it is digital already.")
    return copy.deepcopy(model, {id(layer): layer.to_digital().train(layer.training) for layer in (*layers, *single)})


@dataclass(frozen=True)
class _Plan:
    """A torch layer and what becomes of it; a linear layer has no settings, and one part without a name."""

    name: str
    module: nn.Module
    settings: Strict | None
    matrices: dict[str, Matrix]

    @staticmethod
    def of(name: str, module: nn.Module) -> _Plan:
        if isinstance(module, nn.Linear):
            return _Plan(name, module, None, {"": Matrix(module.weight, module.bias)})
        return _Plan(name, module, *COMPOSITES[type(module)].split(module))

    @property
    def names(self) -> dict[str, str]:
        """Part to its full name."""
        return {part: ".".join(filter(None, (self.name, part))) for part in self.matrices}


@dataclass(frozen=True)
class _Builder:
    technology: Technology | Mapping[str, Technology]
    purpose: str
    config: ArrayConfig | Mapping[str, ArrayConfig] | None
    output_scale: float | Mapping[str, float] | None
    stream: Stream
    devices: dict[int, Device]

    def layer(self, plan: _Plan) -> nn.Module:
        parts = {part: self._part(name, plan.matrices[part]) for part, name in plan.names.items()}
        layer = parts[""] if plan.settings is None else COMPOSITES[type(plan.module)](plan.settings, parts)
        return layer.train(plan.module.training)

    def _part(self, name: str, matrix: Matrix) -> AnalogLinear:
        device, config = self._device(name), chosen(self.config, name) or ArrayConfig()
        if config.zero is None:
            config = config.model_copy(update={"zero": "symmetry-point" if self.purpose == "training" else "mid-window"})
        weight = (matrix.column if config.bias == "analog" else matrix.weight).detach().float()
        scale = chosen(self.output_scale, name)
        scale = default_scale(weight, device, config, self.purpose) if scale is None else scale
        shape, stream = (weight.shape[0], weight.shape[1]), self.stream.child("layer", name)
        layer = AnalogLinear(Synapse(shape, device, config, stream, scale, name or "model"), matrix.bias is not None)
        layer.write(matrix)
        layer.handle.requires_grad_(matrix.weight.requires_grad)
        if layer.bias is not None and matrix.bias is not None:
            layer.bias.requires_grad_(matrix.bias.requires_grad)
        return layer

    def _device(self, name: str) -> Device:
        technology = chosen(self.technology, name)
        if technology is None:
            raise InvalidValueError(f"Layer '{name}' has no technology; add an entry '*' at the end of the table.")
        return self.devices.setdefault(id(technology), resolve(technology))


def default_scale(weight: torch.Tensor, device: Device, config: ArrayConfig, purpose: str) -> float:
    """The output scale s of a layer from its fan-in and weights; see `convert`."""
    low, high = mapping(device, config.mapping, config.zero or "symmetry-point").limits
    needed = max(float(weight.max()) / high, float(weight.min()) / low, 1e-9)
    return needed if purpose == "inference" else max(12.0 / weight.shape[1] ** 0.5, needed)
