"""Measured curves as they were published: a catalog, and a loader that gives SI units."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Literal, final

from pydantic import Field

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia._units import to_si
from ohmnia._validation import Strict, read_toml, validated

_HERE = Path(__file__).parent


@final
class Curve(Strict):
    """One measured data set.

    Parameters
    ----------
    title
        What was measured.
    source, locator
        Key of the bibliography, and where in it.
    kind
        "tabulated" or "digitised".
    licence
        Terms of the numbers.
    columns
        Name to values in SI units.
    technology
        Id of the technology whose cells were measured; empty where the package has none.
    """

    title: str
    source: str
    locator: str
    kind: Literal["tabulated", "digitised"]
    licence: str
    columns: dict[str, tuple[float, ...]]
    technology: str = ""


class _Entry(Strict):
    file: str
    title: str
    source: str
    locator: str
    kind: Literal["tabulated", "digitised"]
    licence: str
    units: dict[str, str] = Field(min_length=1)
    technology: str = ""


def catalog() -> list[str]:
    """Ids of the measured curves that come with the package."""
    return sorted(read_toml(_HERE / "catalog.toml"))


def curve(name: str) -> Curve:
    """Load a measured curve.

    Raises
    ------
    UnknownNameError
        No such id; the nearest one is named.
    InvalidValueError
        The file's columns are not the catalog's.
    """
    entries = read_toml(_HERE / "catalog.toml")
    if name not in entries:
        raise unknown_name("measured curve", name, entries)
    entry = validated(_Entry, entries[name], f"catalog.toml, [{name}]")
    path = _HERE / "curves" / entry.file
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or set(rows[0]) != set(entry.units):
        raise InvalidValueError(f"{path.name}: its columns must be {sorted(entry.units)}, as the catalog says.")
    try:
        columns = {column: tuple(to_si(float(row[column]), unit) for row in rows) for column, unit in entry.units.items()}
        finite = all(math.isfinite(value) for values in columns.values() for value in values)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"{path.name}: a cell is missing or no number ({error}).") from None
    if not finite or any(None in row for row in rows):
        raise InvalidValueError(f"{path.name}: a cell is not finite, or a row is too long.")
    return Curve(**entry.model_dump(exclude={"file", "units"}), columns=columns)


def curve_of(name: str, technology: str) -> Curve | None:
    """A measured curve where the cells of this technology (its id) were measured; None for any other technology."""
    found = curve(name)
    return found if found.technology == technology else None
