"""From a torch network to the same network on arrays."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import nn

from ohmnia._errors import InvalidValueError, StateError, unknown_name
from ohmnia.array import ArrayConfig, Synapse, mapping
from ohmnia.device import Device, resolve
from ohmnia.nn.linear import AnalogLinear
from ohmnia.random import Stream
from ohmnia.technology import Technology

PURPOSES = ("training", "inference")


def analog_layers(model: nn.Module) -> Iterator[tuple[str, AnalogLinear]]:
    """Every analog layer of a model, with its name."""
    for name, module in model.named_modules():
        if isinstance(module, AnalogLinear):
            yield name, module


def convert(
    model: nn.Module,
    technology: Technology,
    purpose: str = "training",
    *,
    config: ArrayConfig | None = None,
    output_scale: float | dict[str, float] | None = None,
    exclude: tuple[str, ...] = (),
    seed: int = 0,
) -> nn.Module:
    """Copy a network, with its linear layers on arrays; weights are written by closed-loop program-verify.

    Parameters
    ----------
    model
        A torch network; it is left as it is.
    technology
        From `ohmnia.technology(...)`.
    purpose
        "training" puts weight 0 at the technology's mean symmetry point, "inference" at mid-window and scales each layer so
        that its largest weight fills the window.
    config
        Layout of the arrays; `zero` follows the purpose by default.
    output_scale
        Digital scale s of y = s (w_tile x): for all layers, or by layer name. Default: for training 12 / sqrt(fan-in), at least
        what the initial weights need; for inference from the weights.
    exclude
        Names of layers that stay digital.
    seed
        Of every cell and every later draw.

    Returns
    -------
    nn.Module
        A new network.

    Raises
    ------
    UnknownNameError
        A purpose, or a layer name in `exclude` or `output_scale`, that does not exist.
    InvalidValueError
        NaN or infinity in a weight (the layer is named), or no linear layer at all.
    """
    if purpose not in PURPOSES:
        raise unknown_name("purpose", purpose, PURPOSES)
    config = config or ArrayConfig()
    if config.zero is None:
        config = config.model_copy(update={"zero": "symmetry-point" if purpose == "training" else "mid-window"})
    copied, device, stream = copy.deepcopy(model), resolve(technology), Stream.root(seed)
    names = {name for name, module in copied.named_modules() if isinstance(module, nn.Linear)}
    named = set(exclude) | (set(output_scale) if isinstance(output_scale, dict) else set())
    for name in sorted(named - names):
        raise unknown_name("linear layer", name, names, where="exclude or output_scale")
    if not names - set(exclude):
        raise InvalidValueError("The model has no linear layer to put on arrays.")
    for name in sorted(names - set(exclude)):
        scale = output_scale.get(name) if isinstance(output_scale, dict) else output_scale
        layer = _convert_linear(copied.get_submodule(name), name, device, config, purpose, scale, stream)
        linear = copied.get_submodule(name)
        # A module may stand in several places, of which `named_modules` names the first only.
        places = [place for place, module in copied.named_modules(remove_duplicate=False) if module is linear]
        for place in places:
            copied = _replaced(copied, place, layer)
    return copied


def _convert_linear(
    linear: nn.Module, name: str, device: Device, config: ArrayConfig, purpose: str, scale: float | None, stream: Stream
) -> AnalogLinear:
    if not isinstance(linear, nn.Linear):
        raise StateError(f"Layer '{name}' is no linear layer.")
    for kind, parameter in linear.named_parameters():
        if not torch.isfinite(parameter).all():
            raise InvalidValueError(f"Layer '{name}': its {kind} holds NaN or infinity.")
    weight = linear.weight.detach().float()
    shape = (linear.out_features, linear.in_features)
    scale = default_scale(weight, device, config, purpose) if scale is None else scale
    synapse = Synapse(shape, device, config, stream.child("layer", name), scale, name or "model")
    synapse.program(weight)
    layer = AnalogLinear(synapse, bias=linear.bias is not None)
    if layer.bias is not None:
        layer.bias.data.copy_(linear.bias.detach())
    return layer


def default_scale(weight: torch.Tensor, device: Device, config: ArrayConfig, purpose: str) -> float:
    """The output scale s of a layer from its fan-in and weights; see `convert`."""
    low, high = mapping(device, config.mapping, config.zero or "symmetry-point").limits
    needed = max(float(weight.max()) / high, float(weight.min()) / low, 1e-9)
    return needed if purpose == "inference" else max(12.0 / weight.shape[1] ** 0.5, needed)


def _replaced(root: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    if not name:
        return layer
    parent, _, child = name.rpartition(".")
    setattr(root.get_submodule(parent), child, layer)
    return root
