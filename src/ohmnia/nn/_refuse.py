"""What a torch network must be to go on arrays; everything else is refused by name, before anything is built."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import nn

from ohmnia._errors import InvalidValueError
from ohmnia.nn._choice import check_patterns, matches

# Their products are done by functions that see no layer, or are of a kind that has none yet.
UNSUPPORTED: tuple[type[nn.Module], ...] = (
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.Bilinear,
    nn.RNNCellBase,
    nn.RNNBase,
)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def hooked(module: nn.Module) -> bool:
    """Whether a module has hooks."""
    return any(getattr(module, hooks) for hooks in _HOOKS)


def check_layers(
    model: nn.Module, supported: tuple[type[nn.Module], ...], exclude: tuple[str, ...]
) -> list[tuple[str, nn.Module]]:
    """The layers of a network that go on arrays, with their names.

    Parameters
    ----------
    model
        A torch network.
    supported
        Classes that have an analog layer.
    exclude
        Names or patterns of what stays digital.

    Raises
    ------
    UnknownNameError
        A pattern that means no layer.
    InvalidValueError
        See `ohmnia.nn.convert`.
    """
    modules = [(name, module) for name, module in model.named_modules() if isinstance(module, (*supported, *UNSUPPORTED))]
    check_patterns(exclude, [name for name, _ in modules], "exclude")
    layers = [(name, module) for name, module in modules if not any(matches(name, pattern) for pattern in exclude)]
    for name, module in layers:
        _check_layer(name, module, supported)
    if not layers:
        names = ", ".join(cls.__name__ for cls in supported)
        raise InvalidValueError(f"The model has no layer to put on arrays, of {names}.")
    _check_ties(model, layers)
    return layers


def _check_layer(name: str, module: nn.Module, supported: tuple[type[nn.Module], ...]) -> None:
    kind, fix = type(module).__name__, f"Leave it digital by exclude=('{name}',)."
    if any(isinstance(parameter, nn.UninitializedParameter) for parameter in module.parameters()):
        raise InvalidValueError(f"Layer '{name}' is lazy and has no shape yet; run the network once.")
    if type(module) not in supported:
        bases = [cls.__name__ for cls in supported if isinstance(module, cls)]
        base = f", no plain {bases[0]}: what it does besides would be lost" if bases else ""
        names = ", ".join(cls.__name__ for cls in supported)
        raise InvalidValueError(f"Layer '{name}' is a {kind}{base}. Supported: {names}. {fix}")
    if hooked(module):
        raise InvalidValueError(f"Layer '{name}' has hooks, which would be lost. Remove them, or register them afterwards. {fix}")
    for part, parameter in module.named_parameters():
        if not torch.isfinite(parameter).all():
            raise InvalidValueError(f"Layer '{name}': its {part} holds NaN or infinity.")


def _check_ties(model: nn.Module, layers: list[tuple[str, nn.Module]]) -> None:
    owners: dict[int, list[tuple[str, nn.Module]]] = defaultdict(list)
    for name, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            owners[id(parameter)].append((name, module))
    own = {id(module) for _, module in layers}
    for places in owners.values():
        if len(places) > 1 and any(id(module) in own for _, module in places):
            names = " and ".join(f"'{name}'" for name, _ in places)
            raise InvalidValueError(
                f"Layers {names} share a weight, which two arrays cannot. Give each its own, use one module in both places, or "
                "leave them digital by exclude."
            )
