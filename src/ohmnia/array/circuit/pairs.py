"""The planes of a mapping inside an array: where the cells of a differential pair lie decides what the wires take."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array.circuit.linear import effective_matrix
from ohmnia.array.circuit.wires import Wires


def effective_planes(
    planes: Float[Tensor, "planes rows columns"], wires: Wires, drive: str = "rows"
) -> Float[Tensor, "planes rows columns"]:
    """Effective conductances (siemens) of one plane, or of two that are laid out as `wires.pairs` says.

    Parameters
    ----------
    planes
        Conductances (siemens): one device a weight, or plus and minus.
    wires
        What surrounds them.
    drive
        As `effective_matrix`; on the driven side, plus and minus lines get opposite voltages.

    Raises
    ------
    InvalidValueError
        As `effective_matrix`.
    """
    count, rows, columns = planes.shape
    if count == 1 or wires.pairs == "separate":
        return effective_matrix(planes, wires, drive)
    place = 2 if wires.pairs == "interleaved-columns" else 1
    shape = (rows, columns * count) if place == 2 else (rows * count, columns)
    effective = effective_matrix(planes.movedim(0, place).reshape(shape), wires, drive)
    split = (rows, columns, count) if place == 2 else (rows, count, columns)
    return effective.reshape(split).movedim(place, 0)


def effective_pairs(
    plus: Float[Tensor, "rows columns"], minus: Float[Tensor, "rows columns"], wires: Wires, drive: str = "rows"
) -> Float[Tensor, "rows columns"]:
    """Effective G+ - G- (siemens) of differential pairs; see `effective_planes`."""
    effective = effective_planes(torch.stack([plus, minus]), wires, drive)
    return effective[0] - effective[1]
