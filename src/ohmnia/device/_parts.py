"""From the numbers of a cell's part to the record of a law: each field says its unit."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia.device._resolve import number
from ohmnia.technology import CellModel

Record = TypeVar("Record")


def quantity(name: str, unit: str) -> Any:
    """A dataclass field that takes the quantity of this name, in this SI unit."""
    return dataclasses.field(metadata={"quantity": name, "unit": unit})


def build(cls: type[Record], model: CellModel, part: str) -> Record:
    """The record of one part of a cell.

    Parameters
    ----------
    cls
        A dataclass whose fields were made by `quantity`.
    model
        The cell.
    part
        Which of its parts.

    Raises
    ------
    UnknownNameError
        The cell has no such part, or the part has a number that the law does not know.
    InvalidValueError
        A number that is missing or of another dimension.
    """
    if part not in model.parts:
        raise unknown_name("part", part, model.parts, model.id)
    quantities, where = model.parts[part], f"{model.id}: parts.{part}"
    fields = {field.metadata["quantity"]: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in quantities.keys() - fields.keys():
        raise unknown_name("quantity", name, fields, where)
    for name, field in fields.items():
        if name not in quantities:
            raise InvalidValueError(f"{where}: the quantity '{name}' (unit {field.metadata['unit']}) is missing.")
    return cls(**{f.name: number(quantities[name], f.metadata["unit"], f"{where}.{name}") for name, f in fields.items()})
