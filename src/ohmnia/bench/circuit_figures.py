"""Figures of the array circuit, each with its target: the list, the table, and the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, final

from ohmnia._errors import InvalidValueError

FILE = "circuit.json"


@final
class Figure(NamedTuple):
    """One figure.

    Attributes
    ----------
    figure
        What was measured, with its unit.
    value
        The result; None where it could not be measured.
    target
        In words, for example "<= 1e-09" or "4.5 within 3 %".
    ok
        Whether the value meets the target; None where there is no value.
    """

    figure: str
    value: float | None
    target: str
    ok: bool | None


def at_most(figure: str, value: float | None, limit: float) -> Figure:
    """A figure with an upper limit."""
    return Figure(figure, value, f"<= {limit:g}", None if value is None else value <= limit)


def at_least(figure: str, value: float, limit: float) -> Figure:
    """A figure with a lower limit."""
    return Figure(figure, value, f">= {limit:g}", value >= limit)


def near(figure: str, value: float, goal: float, share: float) -> Figure:
    """A figure that has to lie within a share of its goal."""
    return Figure(figure, value, f"{goal:g} within {share * 100:g} %", abs(value / goal - 1.0) <= share)


def close(figure: str, value: float, goal: float, distance: float) -> Figure:
    """A figure that has to lie within a distance of its goal."""
    return Figure(figure, value, f"{goal:g} within {distance:g}", abs(value - goal) <= distance)


def line(figure: Figure) -> str:
    """One figure as a line of text."""
    value = "not measured" if figure.value is None else f"{figure.value:.4g}"
    verdict = {True: "ok", False: "MISSED", None: "-"}[figure.ok]
    return f"{verdict:7} {figure.figure}: {value} (target {figure.target})"


def write_figures(figures: list[Figure], folder: Path) -> Path:
    """Write `circuit.json`, a list of objects with figure, value, target and ok.

    Raises
    ------
    InvalidValueError
        The folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidValueError(f"{folder} is a file; give a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(json.dumps([figure._asdict() for figure in figures], indent=1) + "\n", encoding="utf-8")
    return path
