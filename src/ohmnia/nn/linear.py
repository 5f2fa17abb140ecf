"""The fully connected layer on arrays."""

from __future__ import annotations

import warnings
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ohmnia.array import Synapse
from ohmnia.nn.functional import analog_product

_PILE = 1000


@final
class AnalogLinear(nn.Module):
    """y = W x + b with W on arrays and b digital.

    Parameters
    ----------
    synapse
        The weight matrix, (out, in).
    bias
        Whether there is a digital bias; it starts at 0.
    """

    def __init__(self, synapse: Synapse, bias: bool = True) -> None:
        super().__init__()
        self.synapse = synapse
        self.out_features, self.in_features = synapse.shape
        self.bias = nn.Parameter(torch.zeros(self.out_features)) if bias else None
        self.handle = torch.zeros((), requires_grad=True)
        self._warned = False

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """Read the array; see `ohmnia.nn.functional.analog_product`."""
        if len(self.synapse.requests) > _PILE and not self._warned:
            self._warned = True
            warnings.warn(
                f"Layer '{self.synapse.name}' has {len(self.synapse.requests)} update requests that no rule has taken: "
                "arrays are no Parameters, so a plain torch optimizer never trains them. Use ohmnia.AnalogOptimizer.",
                stacklevel=2,
            )
        y = analog_product(x, self.handle, self.synapse)
        return y if self.bias is None else y + self.bias

    def get_extra_state(self) -> dict[str, Any]:
        """The arrays, so that a torch `state_dict` loses nothing."""
        tensors, metadata = self.synapse.state()
        return {"tensors": {name: value.clone() for name, value in tensors.items()}, "metadata": metadata}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over the arrays of a `state_dict`."""
        self.synapse.restore(state["tensors"], state["metadata"])

    def extra_repr(self) -> str:
        """Shape, technology and layout."""
        config, technology = self.synapse.config, self.synapse.device.technology.id
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}, {technology}, {config.mapping}"
