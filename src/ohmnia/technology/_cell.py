"""A cell as a circuit element: numbers with sources for its compact model, its transistor, its conduction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from ohmnia._errors import unknown_name
from ohmnia._validation import Strict, read_toml, validated
from ohmnia.technology._quantity import Quantity

CELLS = Path(__file__).parent / "cells"


class CellModel(Strict):
    """One published cell.

    Parameters
    ----------
    id
        Short name, e.g. "cmo-hfox-compact".
    name, summary
        For people.
    citation
        Key of the paper in the bibliography.
    parts
        Numbers by part of the cell: "compact", "transistor", "conduction".
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    name: str
    summary: str
    citation: str
    parts: dict[str, dict[str, Quantity]]

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Every number, with its dotted path."""
        for part, numbers in self.parts.items():
            for name, quantity in numbers.items():
                yield f"parts.{part}.{name}", quantity

    def citations(self) -> list[str]:
        """Bibliography keys of the paper and of every number, sorted."""
        return sorted({self.citation, *(quantity.source for _, quantity in self.quantities())})


def cell_models() -> dict[str, Path]:
    """Ids of the cells that come with the package, and their files."""
    return {str(read_toml(path)["id"]): path for path in sorted(CELLS.glob("*.toml"))}


def cell_model(name: str | Path = "cmo-hfox-compact") -> CellModel:
    """Load a cell by id, or from a file.

    Raises
    ------
    UnknownNameError
        No such id, with the nearest one.
    InvalidValueError
        A file that is no cell; the message names the place.
    """
    known = cell_models()
    if isinstance(name, str) and not name.endswith(".toml"):
        if name not in known:
            raise unknown_name("cell", name, known)
        path = known[name]
    else:
        path = Path(name)
    return validated(CellModel, read_toml(path), where=path.name)
