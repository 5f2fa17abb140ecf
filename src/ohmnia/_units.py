"""The only place where scale factors live: SI inside, practical units in files, plots and text."""

from __future__ import annotations

import re
from functools import cache

from ohmnia._errors import InvalidValueError, unknown_name

MICRO = 1e-6
SECOND = 1.0
MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
WEEK = 7 * DAY
MONTH = 30 * DAY
YEAR = 365.25 * DAY
DURATIONS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": WEEK, "mo": MONTH, "y": YEAR}


@cache
def _registry():
    import pint

    return pint.UnitRegistry()


def to_si(value: float, unit: str) -> float:
    """Convert a number with its unit to SI base units.

    Parameters
    ----------
    value
        The number.
    unit
        Any unit that pint knows ("uS", "mV", "S/cm", "percent"); "1" for a pure number.

    Raises
    ------
    InvalidValueError
        The unit is not known.
    """
    return float(value) * _factor(unit)


def from_si(value: float, unit: str) -> float:
    """Convert a number in SI base units to a unit; the inverse of `to_si`."""
    return float(value) / _factor(unit)


@cache
def _factor(unit: str) -> float:
    try:
        one, zero = (float(_registry().Quantity(x, "" if unit == "1" else unit).to_base_units().magnitude) for x in (1.0, 0.0))
        if zero != 0.0:
            raise InvalidValueError(
                f"Unit '{unit}' has an offset or a logarithm; give the number in a plain unit, e.g. 'K' or 'W'."
            )
        return one
    except InvalidValueError:
        raise
    except Exception as error:
        raise InvalidValueError(f"Unit '{unit}' is not known; write for example 'uS', 'mV', 'us', 'percent' or '1'.") from error


def same_dimension(unit: str, other: str) -> bool:
    """Whether two units measure the same kind of quantity."""
    known, reference = (_registry().Unit("" if name == "1" else name) for name in (unit, other) if _factor(name))
    return known.dimensionality == reference.dimensionality


def seconds(text: str) -> float:
    """Read a duration such as "1s", "1 h" or "10y" (1 mo = 30 d, 1 y = 365.25 d).

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    InvalidValueError
        The text is not a number >= 0 with a unit.
    UnknownNameError
        The unit is not known.
    """
    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*([A-Za-z]+)\s*", text)
    try:
        number = float(match.group(1)) if match else float("nan")
    except ValueError:
        number = float("nan")
    if not match or not 0 <= number < float("inf"):
        raise InvalidValueError(f"'{text}' is no duration; write a number >= 0 and a unit, e.g. '1h' or '10y'.")
    if match.group(2) not in DURATIONS:
        raise unknown_name("unit of time", match.group(2), DURATIONS, where=f"'{text}'")
    return number * DURATIONS[match.group(2)]
