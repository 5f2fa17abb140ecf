"""torch layers of given parameters, made without a draw from torch's generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


def filled(cls: type[Module], options: Mapping[str, Any], parameters: Mapping[str, Tensor | None]) -> Module:
    """A torch layer.

    Parameters
    ----------
    cls, options
        Its class and the arguments of its constructor.
    parameters
        By name; those that are None do not exist.
    """
    module = cls(**options, device="meta").to_empty(device="cpu")
    module.load_state_dict({name: value for name, value in parameters.items() if value is not None})
    return module
