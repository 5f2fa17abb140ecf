"""A memory technology as data: numbers with sources, and the names of the laws that use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia._validation import Strict, read_toml, validated
from ohmnia.technology._quantity import Quantity

PUBLISHED = Path(__file__).parent / "published"


class LawEntry(Strict):
    """One law of a technology: its name, its options, and the numbers that it needs."""

    law: str
    options: dict[str, str] = {}
    quantities: dict[str, Quantity] = {}


class Laws(Strict):
    """The laws of a technology, one for each thing that happens to a cell.

    Forming, open-loop pulses and the law of the current may be unpublished.
    """

    forming: LawEntry | None = None
    update: LawEntry | None = None
    programming: LawEntry
    retention: LawEntry
    read_noise: LawEntry
    transport: LawEntry | None = None


class Window(Strict):
    """The conductance window that weights are mapped onto."""

    g_min: Quantity
    g_max: Quantity


class Technology(Strict):
    """One published device.

    Parameters
    ----------
    id
        Short name, e.g. "cmo-hfox".
    name, summary
        For people.
    citation
        Key of the paper in the bibliography.
    based_on
        Id of the technology whose entries this one inherits; a variant lists only its differences.
    window, laws
        The numbers.
    data
        Published numbers that no law uses yet.
    results
        What the paper found with its devices, for a simulation to be held against; a variant does not inherit them.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    name: str
    summary: str
    citation: str
    based_on: str | None = None
    window: Window
    laws: Laws
    data: dict[str, Quantity] = {}
    results: dict[str, Quantity] = {}

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Every number, with its dotted path."""
        yield "window.g_min", self.window.g_min
        yield "window.g_max", self.window.g_max
        for slot in Laws.model_fields:
            entry: LawEntry | None = getattr(self.laws, slot)
            for name, quantity in (entry.quantities if entry else {}).items():
                yield f"laws.{slot}.{name}", quantity
        for name, quantity in self.data.items():
            yield f"data.{name}", quantity
        for name, quantity in self.results.items():
            yield f"results.{name}", quantity

    def citations(self) -> list[str]:
        """Bibliography keys of the paper and of every number that describes the device, sorted."""
        keys = {self.citation}
        for path, quantity in self.quantities():
            if path.startswith("results."):
                continue
            keys.add(quantity.source)
            if quantity.spread:
                keys.add(quantity.spread.source)
        return sorted(keys)


def published() -> dict[str, Path]:
    """Ids of the technologies that come with the package, and their files."""
    return {str(read_toml(path)["id"]): path for path in sorted(PUBLISHED.glob("*.toml"))}


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base with the changes; a new value or another law leaves what described the old one behind."""
    result = dict(base)
    if "value" in changes:
        result = {key: value for key, value in base.items() if key not in ("source", "locator", "kind", "reason", "certainty")}
    if changes.get("law", base.get("law")) != base.get("law"):
        return changes
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


def _read(path: Path, ancestors: tuple[str, ...]) -> dict[str, Any]:
    data = read_toml(path)
    parent = data.get("based_on")
    if parent is None:
        return data
    if parent in ancestors:
        raise InvalidValueError(f"{path}: 'based_on' runs in a circle: {' -> '.join((*ancestors, parent))}.")
    known = published()
    if parent not in known:
        raise unknown_name("technology", parent, known, where=f"{path}, 'based_on'")
    inherited = {key: value for key, value in _read(known[parent], (*ancestors, parent)).items() if key != "results"}
    return _merged(inherited, data)


def technology(name: str | Path) -> Technology:
    """Load a technology.

    Parameters
    ----------
    name
        The id of a published technology, or the path of a TOML file of your own.

    Raises
    ------
    UnknownNameError
        No such id; the nearest one is named. Or a field that a technology does not have.
    InvalidValueError
        A number of the wrong unit or range, or without source.

    Examples
    --------
    >>> import ohmnia
    >>> ohmnia.technology("cmo-hfox").laws.update.quantities["states"].value
    22.0
    """
    known = published()
    if str(name) in known:
        path = known[str(name)]
    elif str(name).endswith(".toml"):
        path = Path(name)
    else:
        raise unknown_name("technology", str(name), known)
    return validated(Technology, _read(path, ()), where=str(path.name))
