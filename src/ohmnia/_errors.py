"""Errors that say what is wrong, where, what is valid, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OhmniaError(Exception):
    """Base of every error that the library raises on purpose."""


class UnknownNameError(OhmniaError, LookupError):
    """A name (technology, law, rule, field) that does not exist."""


class InvalidValueError(OhmniaError, ValueError):
    """A value of the wrong unit, type, shape or range."""


class ChipFileError(OhmniaError):
    """A file that is not a readable chip or checkpoint of this version."""


class StateError(OhmniaError):
    """A call that the present state does not allow."""


class ConvergenceError(OhmniaError, RuntimeError):
    """An iteration that did not reach its tolerance; there is no partial answer."""


class OhmniaWarning(UserWarning):
    """Base of every warning: what the library was asked to do works, but hardly as it was meant."""


class TrainingWarning(OhmniaWarning):
    """A training in which nothing is learned, or not what was asked for."""


def unknown_name(kind: str, name: str, known: Iterable[str], where: str = "") -> UnknownNameError:
    """Build the error for an unknown name, with the nearest known one.

    Parameters
    ----------
    kind
        What the name stands for, e.g. "technology".
    name
        The name as it was given.
    known
        Every valid name.
    where
        The file, table or argument in which it stands.
    """
    options = sorted(known)
    close = difflib.get_close_matches(str(name), options, n=1, cutoff=0.4)
    place = f" in {where}" if where else ""
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return UnknownNameError(f"Unknown {kind} '{name}'{place}.{hint} Known: {', '.join(options)}.")


def require(condition: bool, name: str, value: object, valid: str, fix: str = "") -> None:
    """Raise the error of `out_of_range` unless the condition holds."""
    if not condition:
        raise out_of_range(name, value, valid, fix)


def out_of_range(name: str, value: object, valid: str, fix: str = "") -> InvalidValueError:
    """Build the error for a value outside its valid range."""
    return InvalidValueError(f"{name} = {value} is out of range; valid: {valid}.{' ' + fix if fix else ''}")
