"""Options that differ from layer to layer: one value for all, or a table of names and patterns.

A pattern (`fnmatch`: `*`, `?`, `[...]`) means a layer by its name, or a module that holds it: "encoder" stands for
"encoder.lstm.ih_l0" too. The first entry of a table that matches counts, so that "*" comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

from ohmnia._errors import unknown_name

T = TypeVar("T")


def holders(name: str) -> list[str]:
    """A dotted name and the modules that hold it, innermost first."""
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(len(parts), 0, -1)]


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern means a layer, or a module that holds it."""
    return any(fnmatchcase(holder, pattern) for holder in holders(name))


def chosen(option: T | Mapping[str, T] | None, name: str) -> T | None:
    """The value of an option for a layer: its only value, that of the first entry that matches, or None."""
    if not isinstance(option, Mapping):
        return option
    return next((value for pattern, value in option.items() if matches(name, pattern)), None)


def check_patterns(option: object, names: Iterable[str], where: str) -> None:
    """Refuse a pattern that means no layer.

    Parameters
    ----------
    option
        A table or a sequence of patterns; anything else holds none.
    names
        Every layer that can be meant.
    where
        The argument.

    Raises
    ------
    UnknownNameError
        The pattern, with the nearest name.
    """
    known = list(names)
    for pattern in option if isinstance(option, Mapping | tuple | list) else ():
        if not any(matches(name, str(pattern)) for name in known):
            everything = {holder for name in known for holder in holders(name)}
            raise unknown_name("layer", str(pattern), everything, where)
