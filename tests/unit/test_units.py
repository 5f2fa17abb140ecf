"""Units: SI factors, dimensions, durations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tolerances
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia._units import DAY, DURATIONS, HOUR, MICRO, MONTH, WEEK, YEAR, same_dimension, seconds, to_si


@pytest.mark.parametrize(
    ("value", "unit", "si"),
    [
        (88.2, "uS", 88.2e-6),
        (2.5, "us", 2.5e-6),
        (-1.3, "V", -1.3),
        (75, "mV", 0.075),
        (258, "uA", 258e-6),
        (0.8, "kohm", 800.0),
        (37, "S/cm", 3700.0),
        (61, "percent", 0.61),
        (22, "1", 22.0),
        (10, "1/Mohm", 10e-6),
        (1, "h", 3600.0),
        (80, "fJ", 80e-15),
        (130, "nm", 130e-9),
        (0, "uS", 0.0),
    ],
)
def test_to_si_against_the_definition_of_the_prefix(value: float, unit: str, si: float) -> None:
    # Two roundings of 2**-53 each, and one of the table's own literal.
    assert to_si(value, unit) == pytest.approx(si, rel=5e-16, abs=0.0)


def test_micro_is_the_factor_of_microsiemens() -> None:
    assert to_si(1.0, "uS") == MICRO


@pytest.mark.parametrize("unit", ["uSs", "siemenses", "3 uS", "V**", "furlongz"])
def test_unknown_units_are_refused_with_examples(unit: str) -> None:
    with pytest.raises(InvalidValueError, match=r"is not known; write for example 'uS', 'mV', 'us', 'percent' or '1'"):
        to_si(1.0, unit)


@pytest.mark.parametrize(("value", "unit", "si"), [(25.0, "degC", 298.15), (20.0, "dBm", 0.1)])
def test_units_that_are_no_factor_are_converted_or_refused(value: float, unit: str, si: float) -> None:
    try:
        assert to_si(value, unit) == pytest.approx(si)
    except InvalidValueError as error:
        assert unit in str(error)


@pytest.mark.parametrize(
    ("unit", "other", "same"),
    [
        ("uS", "S", True),
        ("1/kohm", "S", True),
        ("percent", "1", True),
        ("mA/V", "S", True),
        ("us", "uS", False),
        ("V", "A", False),
        ("1", "S", False),
    ],
)
def test_dimensions(unit: str, other: str, same: bool) -> None:
    assert same_dimension(unit, other) is same
    assert same_dimension(other, unit) is same


def test_dimension_of_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="Unit 'siemenz'"):
        same_dimension("siemenz", "S")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", 1),
        ("10min", 600),
        ("1 h", 3600),
        (" 2d ", 2 * 24 * 3600),
        ("1w", 7 * 24 * 3600),
        ("1mo", 30 * 24 * 3600),
        ("10y", 10 * 31_557_600),
        ("1e3s", 1000),
        (".5h", 1800),
        ("1E+2 s", 100),
        ("0s", 0),
    ],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_calendar_conventions() -> None:
    assert YEAR == 365.25 * DAY == 8766 * HOUR
    assert MONTH == 30 * DAY
    assert WEEK == 604800


@given(st.floats(0, 1e6), st.sampled_from(sorted(DURATIONS)))
@tolerances.PROPERTY
def test_a_printed_duration_is_read_back(number: float, unit: str) -> None:
    assert seconds(f"{number!r} {unit}") == number * DURATIONS[unit]


@pytest.mark.parametrize("text", ["", "h", "1", "-1s", "1e5", "nan s", "inf s", "1e s", "1,5 h", "1 h 5 min", "1.2.3s", "++1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="is no duration; write a number >= 0 and a unit"):
        seconds(text)


def test_an_overflowing_duration_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        seconds("1e400 s")


@pytest.mark.parametrize(("text", "unit", "nearest"), [("5 mins", "mins", "min"), ("3mon", "mon", "mo")])
def test_unknown_unit_of_time_names_the_nearest(text: str, unit: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown unit of time '{unit}' in '{text}'. Did you mean '{nearest}'?"):
        seconds(text)


def test_a_year_is_pints_year() -> None:
    for name in ("min", "h", "d"):
        assert math.isclose(to_si(1.0, name), DURATIONS[name])
    assert math.isclose(to_si(1.0, "year"), YEAR)
