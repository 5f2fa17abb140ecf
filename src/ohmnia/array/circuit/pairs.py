"""Differential pairs inside an array: where plus and minus cells lie decides what the wires take."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array.circuit.linear import effective_matrix
from ohmnia.array.circuit.wires import Wires


def effective_pairs(
    plus: Float[Tensor, "rows columns"], minus: Float[Tensor, "rows columns"], wires: Wires, drive: str = "rows"
) -> Float[Tensor, "rows columns"]:
    """Effective G+ - G- (siemens) of pairs laid out as `wires.pairs` says.

    Parameters
    ----------
    plus, minus
        Conductances (siemens).
    wires
        What surrounds them.
    drive
        As `effective_matrix`; on the driven side, plus and minus lines get opposite voltages.

    Raises
    ------
    InvalidValueError
        As `effective_matrix`.
    """
    rows, columns = plus.shape
    both = torch.stack([plus, minus])
    if wires.pairs == "separate":
        effective = effective_matrix(both, wires, drive)
        return effective[0] - effective[1]
    if wires.pairs == "interleaved-columns":
        effective = effective_matrix(both.movedim(0, 2).reshape(rows, 2 * columns), wires, drive)
        return effective[:, ::2] - effective[:, 1::2]
    effective = effective_matrix(both.movedim(0, 1).reshape(2 * rows, columns), wires, drive)
    return effective[::2] - effective[1::2]
