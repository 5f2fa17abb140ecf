"""A number with its unit, range, spread and source."""

from __future__ import annotations

import pytest

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia._validation import validated
from ohmnia.technology import Quantity, Spread

SOURCED = {"source": "falcone2025", "locator": "Fig. 5", "kind": "tabulated"}
SPREAD = {"value": 2.0, "distribution": "normal", **SOURCED}


def quantity(**changes: object) -> Quantity:
    return validated(Quantity, {"value": 22.0, "unit": "uS", **SOURCED, **changes}, "mine.toml")


def test_value_and_spread_in_si() -> None:
    record = quantity(value=3.17, unit="V", spread={**SPREAD, "value": 0.075})
    assert (record.si, record.spread_si) == (3.17, 0.075)
    record = quantity(spread=SPREAD)
    assert record.si == pytest.approx(22e-6)
    assert record.spread_si == pytest.approx(2e-6)
    assert quantity(value=61, unit="percent", spread={**SPREAD, "value": 6}).spread_si == pytest.approx(0.06)


def test_a_log_normal_spread_has_no_unit() -> None:
    spread = {**SPREAD, "value": 0.175, "distribution": "log-normal"}
    assert quantity(spread=spread).spread_si == 0.175


def test_no_spread_is_no_variation() -> None:
    assert quantity().spread_si == 0.0


def test_a_row_of_values_is_kept_and_has_no_single_si_value() -> None:
    row = quantity(value=[30, 60, 90])
    assert row.value == (30.0, 60.0, 90.0)
    with pytest.raises((TypeError, InvalidValueError), match="row of values"):
        _ = row.si


@pytest.mark.parametrize("missing", ["value", "unit", "source", "locator", "kind"])
def test_every_part_is_required(missing: str) -> None:
    data = {"value": 1.0, "unit": "uS", **SOURCED}
    del data[missing]
    with pytest.raises(InvalidValueError, match=rf"mine.toml: '{missing}'.*required"):
        validated(Quantity, data, "mine.toml")


@pytest.mark.parametrize("empty", ["source", "locator"])
def test_an_empty_source_or_locator_is_none(empty: str) -> None:
    with pytest.raises(InvalidValueError, match=f"'{empty}'"):
        quantity(**{empty: ""})


def test_an_assumption_needs_its_reason() -> None:
    with pytest.raises(InvalidValueError, match="an assumed number needs a 'reason'"):
        quantity(kind="assumed")
    assert quantity(kind="assumed", reason="Because.").reason == "Because."
    with pytest.raises(InvalidValueError, match="'spread'.*an assumed number needs a 'reason'"):
        quantity(spread={**SPREAD, "kind": "assumed"})


def test_kinds_are_the_four_of_the_house() -> None:
    for kind in ("tabulated", "digitised", "fitted"):
        assert quantity(kind=kind).kind == kind
    with pytest.raises(InvalidValueError, match=r"'kind'.*'tabulated', 'digitised', 'fitted' or 'assumed'.*guessed"):
        quantity(kind="guessed")


@pytest.mark.parametrize("value", [1.0, 1.5, 2.0])
def test_the_ends_of_the_range_are_valid(value: float) -> None:
    assert quantity(value=value, range=[1, 2]).value == value


@pytest.mark.parametrize("value", [0.999, 2.001, -1.5, [1.5, 2.5]])
def test_outside_of_the_range_is_refused_with_the_range(value: object) -> None:
    with pytest.raises(InvalidValueError, match="out of range; valid: 1 to 2 uS"):
        quantity(value=value, range=[1, 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), [1.0, float("nan")]])
def test_nan_and_infinity_are_refused(value: object) -> None:
    with pytest.raises(InvalidValueError, match="'value.*(nan|inf)"):
        quantity(value=value)
    with pytest.raises(InvalidValueError, match="finite"):
        quantity(range=[0.0, float("inf")])


@pytest.mark.parametrize("value", ["22", True])
def test_text_and_booleans_are_no_numbers(value: object) -> None:
    with pytest.raises(InvalidValueError, match="'value"):
        quantity(value=value)


def test_unknown_unit_is_refused_at_once() -> None:
    with pytest.raises(InvalidValueError, match="Unit 'uSx' is not known"):
        quantity(unit="uSx")


@pytest.mark.parametrize(("wrong", "nearest"), [("surce", "source"), ("locater", "locator"), ("sprad", "spread")])
def test_unknown_field_names_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown field '{wrong}' in mine.toml. Did you mean '{nearest}'?"):
        quantity(**{wrong: 1})


def test_unknown_field_of_a_spread_names_its_path() -> None:
    with pytest.raises(UnknownNameError, match=r"'spread.sigma'.*spread.value"):
        quantity(spread={**SPREAD, "sigma": 1})


@pytest.mark.parametrize(
    ("spread", "place"),
    [
        ({**SPREAD, "value": -0.1}, "spread.value"),
        ({**SPREAD, "distribution": "gauss"}, "spread.distribution"),
        ({"value": 1.0, "distribution": "normal"}, "spread.source"),
    ],
)
def test_a_bad_spread_is_refused_by_place(spread: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidValueError, match=f"'{place}'"):
        quantity(spread=spread)


def test_zero_spread_is_allowed() -> None:
    assert validated(Spread, {**SPREAD, "value": 0}, "here").value == 0.0
