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
    return parted(effective_matrix(joined(planes, wires), wires, drive), wires, len(planes))


def joined(planes: Float[Tensor, "planes rows columns"], wires: Wires) -> Float[Tensor, "arrays circuit_rows circuit_columns"]:
    """The planes as they lie in arrays: one array each, or all in one where they are interleaved."""
    count, rows, columns = planes.shape
    if count == 1 or wires.pairs == "separate":
        return planes
    place = 2 if wires.pairs == "interleaved-columns" else 1
    shape = (1, rows, columns * count) if place == 2 else (1, rows * count, columns)
    return planes.movedim(0, place).reshape(shape)


def parted(
    arrays: Float[Tensor, "arrays circuit_rows circuit_columns"], wires: Wires, count: int
) -> Float[Tensor, "planes rows columns"]:
    """Planes from arrays, the inverse of `joined`."""
    if len(arrays) == count:
        return arrays
    _, rows, columns = arrays.shape
    place = 2 if wires.pairs == "interleaved-columns" else 1
    split = (rows, columns // count, count) if place == 2 else (rows // count, count, columns)
    return arrays[0].reshape(split).movedim(place, 0)


def effective_pairs(
    plus: Float[Tensor, "rows columns"], minus: Float[Tensor, "rows columns"], wires: Wires, drive: str = "rows"
) -> Float[Tensor, "rows columns"]:
    """Effective G+ - G- (siemens) of differential pairs; see `effective_planes`."""
    effective = effective_planes(torch.stack([plus, minus]), wires, drive)
    return effective[0] - effective[1]
