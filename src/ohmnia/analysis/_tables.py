"""Tables of the report: what was asked for, and every number of the technology with its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from ohmnia.lifecycle.scenario import Scenario
from ohmnia.technology import LawEntry, Quantity, Spread, Technology

_UNITS = {"1": "", "percent": "%", "ohm": "Ω"}


@final
@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One number of a technology, or its spread between cells.

    Parameters
    ----------
    path
        Dotted name.
    is_spread
        Whether this is the spread of the number above it.
    value
        With its unit.
    kind, source, locator, reason
        Where it comes from.
    """

    path: str
    is_spread: bool
    value: str
    kind: str
    source: str
    locator: str
    reason: str

    @property
    def assumed(self) -> bool:
        """Whether nobody has published it."""
        return self.kind == "assumed"


@final
@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """The numbers of one law, of the window, or of no law.

    Parameters
    ----------
    title
        What they are for.
    rows
        The numbers.
    """

    title: str
    rows: list[ParameterRow]


def unit_text(unit: str) -> str:
    """A unit as it is printed: "uS" is "µS", "percent" is "%"."""
    return _UNITS.get(unit, re.sub(r"\bu(?=[A-Za-z])", "µ", unit))


def plus_minus(text: str) -> str:
    """A text of a data file with the sign that plain ASCII lacks."""
    return text.replace("+-", "±")


def _numbers(value: float | tuple[float, ...], unit: str) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return f"{', '.join(f'{number:.10g}' for number in values)} {unit_text(unit)}".strip().replace("-", "−")


def _spread_text(spread: Spread, unit: str) -> str:
    if spread.distribution == "log-normal":
        return f"σ = {_numbers(spread.value, '1')} of the logarithm (log-normal)"
    return f"σ = {_numbers(spread.value, unit)} (normal)"


def _rows(path: str, quantity: Quantity) -> Iterator[ParameterRow]:
    def origin(record: Quantity | Spread) -> tuple[str, str, str, str]:
        return record.kind, record.source, plus_minus(record.locator), plus_minus(record.reason)

    yield ParameterRow(path, False, _numbers(quantity.value, quantity.unit), *origin(quantity))
    if quantity.spread is not None:
        yield ParameterRow(path, True, _spread_text(quantity.spread, quantity.unit), *origin(quantity.spread))


def _group_title(key: str, technology: Technology) -> str:
    if not key.startswith("laws."):
        return {"window": "Window that weights are mapped onto", "data": "Published numbers that no law uses yet"}.get(key, key)
    slot = key.removeprefix("laws.")
    entry: LawEntry = getattr(technology.laws, slot)
    options = "".join(f", {name} = {value}" for name, value in sorted(entry.options.items()))
    return f"{slot.replace('_', ' ').capitalize()}: law “{entry.law}”{options}"


def parameter_groups(technology: Technology) -> list[ParameterGroup]:
    """Every number that describes a technology, by what it is for."""
    groups: dict[str, list[ParameterRow]] = {}
    for path, quantity in technology.quantities():
        if path.startswith("results."):
            continue
        groups.setdefault(path.rpartition(".")[0], []).extend(_rows(path, quantity))
    return [ParameterGroup(_group_title(key, technology), rows) for key, rows in groups.items()]


def _plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario with every hyper-parameter of its learning rule written out."""
    data = scenario.model_dump(mode="json")
    data["learn"]["rule_options"] = scenario.learn.build_rule().model_dump(mode="json")
    return data


def _flat(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _value_text(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_value_text, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def scenario_rows(scenario: Scenario) -> list[tuple[str, str, str]]:
    """Every setting of a scenario as (path, value, built-in value where that is another one)."""
    built_in = dict(_flat(_plain(Scenario())))
    rows = []
    for path, value in _flat(_plain(scenario)):
        other = built_in.get(path, value)
        rows.append((path, _value_text(value), "" if other == value or path == "seed" else _value_text(other)))
    return rows


def scenario_toml(scenario: Scenario) -> str:
    """What differs from the built-in scenario, as a TOML file that `ohmnia run` reads."""
    return "\n".join(_toml(scenario.model_dump(mode="json", exclude_defaults=True), ""))


def _toml(table: dict[str, Any], prefix: str) -> Iterator[str]:
    nested = {key: value for key, value in table.items() if isinstance(value, dict)}
    if prefix and len(nested) < len(table):
        yield f"[{prefix}]"
    for key, value in table.items():
        if value is None:
            yield f"# {key}: none, which TOML cannot say; set it in Python"
        elif key not in nested:
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in nested.items():
        yield from _toml(value, f"{prefix}.{key}" if prefix else key)
