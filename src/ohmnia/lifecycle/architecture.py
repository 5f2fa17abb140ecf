"""A network's structure as plain data, so that a chip file needs no pickle and, for common networks, no code.

Known: `Sequential` of analog layers of every kind, `Linear`, and torch modules without parameters (activations, `Flatten`, …).
"""

from __future__ import annotations

import inspect
from typing import Any, cast

from torch import nn

from ohmnia._errors import ChipFileError
from ohmnia._validation import validated
from ohmnia.array import ArrayConfig, Synapse
from ohmnia.device import Device
from ohmnia.nn import COMPOSITES, AbstractComposite, AnalogLinear
from ohmnia.random import Stream


def describe(module: nn.Module) -> dict[str, Any] | None:
    """Plain data of a module, or None where its structure is not known."""
    if isinstance(module, AnalogLinear):
        synapse = module.synapse
        return {
            "type": "AnalogLinear",
            "shape": list(synapse.shape),
            "bias": module.bias is not None or module.has_column,
            "config": synapse.config.model_dump(mode="json"),
            "technology": synapse.device.technology.id,
            "name": synapse.name,
        }
    if isinstance(module, AbstractComposite):
        parts = {name: describe(part) for name, part in module.parts().items()}
        return {"type": type(module).__name__, "settings": module.settings.model_dump(mode="json"), "parts": parts}
    if type(module) is nn.Sequential:
        children = {name: describe(child) for name, child in module.named_children()}
        return None if None in children.values() else {"type": "Sequential", "children": children}
    if type(module) is nn.Linear:
        arguments = {"in_features": module.in_features, "out_features": module.out_features, "bias": module.bias is not None}
        return {"type": "Linear", "arguments": arguments}
    return _describe_plain(module)


def _describe_plain(module: nn.Module) -> dict[str, Any] | None:
    cls = type(module)
    has_state = any(True for _ in module.parameters()) or any(True for _ in module.buffers())
    if getattr(nn, cls.__name__, None) is not cls or has_state or any(True for _ in module.children()):
        return None
    names = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "args", "kwargs")]
    if not all(hasattr(module, name) and _is_plain(getattr(module, name)) for name in names):
        return None
    return {"type": cls.__name__, "arguments": {name: getattr(module, name) for name in names}}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def build(spec: dict[str, Any], devices: dict[str, Device]) -> nn.Module:
    """The module of plain data; its arrays hold nothing of the saved chip yet.

    Raises
    ------
    ChipFileError
        A type that this version does not know.
    """
    kind = str(spec.get("type"))
    if kind == "AnalogLinear":
        config = validated(ArrayConfig, spec["config"], "chip file, layer config")
        shape = (int(spec["shape"][0]), int(spec["shape"][1]))
        device = devices[spec["technology"]]
        return AnalogLinear(Synapse(shape, device, config, Stream(0, 0), 1.0, spec["name"]), bias=bool(spec["bias"]))
    composites = {composite.__name__: composite for composite in COMPOSITES.values()}
    if kind in composites:
        settings = validated(composites[kind].settings_type, spec["settings"], "chip file, layer settings")
        parts = {name: cast(AnalogLinear, build(part, devices)) for name, part in spec["parts"].items()}
        return composites[kind](settings, parts)
    if kind == "Sequential":
        sequential = nn.Sequential()
        for name, child in spec["children"].items():
            sequential.add_module(name, build(child, devices))
        return sequential
    cls = getattr(nn, kind, None)
    if not (inspect.isclass(cls) and issubclass(cls, nn.Module)):
        raise ChipFileError(f"The chip file names a module of type '{kind}', which is not known here.")
    return nn.utils.skip_init(cls, **spec["arguments"]) if kind == "Linear" else cls(**spec["arguments"])
