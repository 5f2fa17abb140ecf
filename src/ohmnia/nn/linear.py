"""The fully connected layer on arrays; every other layer is made of it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ohmnia._errors import InvalidValueError, TrainingWarning
from ohmnia.array import Synapse
from ohmnia.nn._digital import filled
from ohmnia.nn.functional import analog_product

_PILE = 1000


class Matrix(NamedTuple):
    """Weights and bias of one product, digital.

    Attributes
    ----------
    weight
        (outputs, inputs).
    bias
        (outputs,), or None.
    """

    weight: Tensor
    bias: Tensor | None

    @property
    def column(self) -> Tensor:
        """Weights with the bias as their last column, (outputs, inputs + 1); without a bias, the weights."""
        return self.weight if self.bias is None else torch.cat([self.weight, self.bias[:, None]], 1)


@final
class AnalogLinear(nn.Module):
    """y = W x + b with W on arrays, and b digital or the last column of W, driven by 1 (`ArrayConfig.bias`).

    Parameters
    ----------
    synapse
        The weight matrix, (outputs, inputs), with one more column for an analog bias.
    bias
        Whether there is a bias; a digital one starts at 0.

    Notes
    -----
    `handle.requires_grad_(False)` freezes the array: it is read, but no update is asked of it.
    """

    def __init__(self, synapse: Synapse, bias: bool = True) -> None:
        super().__init__()
        self.synapse = synapse
        self.has_column = bias and synapse.config.bias == "analog"
        self.out_features, self.in_features = synapse.shape[0], synapse.shape[1] - self.has_column
        self.bias = nn.Parameter(torch.zeros(self.out_features)) if bias and not self.has_column else None
        self.handle = torch.zeros((), requires_grad=True)
        self._warned = False

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """Read the array; see `ohmnia.nn.functional.analog_product`."""
        self.warn_of_pile()
        if self.has_column:
            x = torch.cat([x.float(), torch.ones(*x.shape[:-1], 1)], -1)
        y = analog_product(x, self.handle, self.synapse)
        return y if self.bias is None else y + self.bias

    def warn_of_pile(self) -> None:
        """Warn, once, of update requests that nobody takes."""
        if len(self.synapse.requests) > _PILE and not self._warned:
            self._warned = True
            warnings.warn(
                f"Layer '{self.synapse.name}' has {len(self.synapse.requests)} update requests that no rule has taken: "
                "arrays are no Parameters, so a plain torch optimizer never trains them. Use ohmnia.AnalogOptimizer.",
                TrainingWarning,
                stacklevel=3,
            )

    def write(self, matrix: Matrix) -> None:
        """Write weights and bias: the array by closed-loop program-verify, a digital bias as it is.

        Raises
        ------
        InvalidValueError
            A bias where the layer has none, or the reverse; a shape that does not fit; a weight beyond the window.
        """
        if (matrix.bias is not None) != (self.has_column or self.bias is not None):
            raise InvalidValueError(f"Layer '{self.synapse.name}': only a layer with a bias takes one, and it needs one.")
        self.synapse.program((matrix.column if self.has_column else matrix.weight).detach().float())
        if self.bias is not None and matrix.bias is not None:
            self.bias.data.copy_(matrix.bias.detach())

    def matrix(self) -> Matrix:
        """Effective weights and bias as they are, without a read; digital copies."""
        weights = self.synapse.weights()
        if self.has_column:
            return Matrix(weights[:, :-1].clone(), weights[:, -1].clone())
        return Matrix(weights, None if self.bias is None else self.bias.detach().clone())

    def to_digital(self) -> nn.Linear:
        """The torch layer of the same effective weights."""
        matrix = self.matrix()
        options = {"in_features": self.in_features, "out_features": self.out_features, "bias": matrix.bias is not None}
        return filled(nn.Linear, options, matrix._asdict())

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
        bias = "'analog'" if self.has_column else self.bias is not None
        return f"{self.in_features}, {self.out_features}, bias={bias}, {technology}, {config.mapping}"
