"""Errors: the nearest name, the place, the valid range and the fix stand in the text."""

from __future__ import annotations

import pytest

from ohmnia._errors import (
    ChipFileError,
    InvalidValueError,
    OhmniaError,
    StateError,
    UnknownNameError,
    out_of_range,
    require,
    unknown_name,
)


def test_unknown_name_says_kind_name_place_nearest_and_all_known() -> None:
    text = str(unknown_name("technology", "cmo-hfxo", ["pcm", "cmo-hfox"], where="scenario.toml"))
    assert text == "Unknown technology 'cmo-hfxo' in scenario.toml. Did you mean 'cmo-hfox'? Known: cmo-hfox, pcm."


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("soft_bounds", "soft-bounds"), ("softbound", "soft-bounds"), ("power-step", "pow-step"), ("linaer", "linear")],
)
def test_nearest_of_several_is_offered(wrong: str, nearest: str) -> None:
    assert f"Did you mean '{nearest}'?" in str(unknown_name("law", wrong, ["soft-bounds", "pow-step", "linear"]))


def test_no_hint_where_nothing_is_near_and_no_place_where_none_is_given() -> None:
    assert str(unknown_name("law", "zzzz", {"soft-bounds": 1})) == "Unknown law 'zzzz'. Known: soft-bounds."


def test_out_of_range_says_name_value_valid_range_and_fix() -> None:
    text = str(out_of_range("acceptance range", 2, "0 < range <= 0.5", "Write 0.02 for 2 %."))
    assert text == "acceptance range = 2 is out of range; valid: 0 < range <= 0.5. Write 0.02 for 2 %."
    assert str(out_of_range("x", 1, "> 1")) == "x = 1 is out of range; valid: > 1."


def test_require_raises_the_same_text_only_where_the_condition_fails() -> None:
    require(True, "states", 22.0, "a positive number")
    with pytest.raises(InvalidValueError) as caught:
        require(False, "states", -1, "a positive number", "Check the file.")
    assert str(caught.value) == str(out_of_range("states", -1, "a positive number", "Check the file."))


@pytest.mark.parametrize("kind", [UnknownNameError, InvalidValueError, ChipFileError, StateError])
def test_one_except_catches_every_error_of_the_library(kind: type[OhmniaError]) -> None:
    with pytest.raises(OhmniaError):
        raise kind("text")


def test_errors_are_also_the_built_in_kind_that_callers_expect() -> None:
    assert isinstance(unknown_name("law", "x", ["y"]), LookupError)
    assert isinstance(out_of_range("x", 1, "> 1"), ValueError)
    assert not issubclass(StateError, ValueError | LookupError)


def test_the_builders_build_and_do_not_raise() -> None:
    assert type(unknown_name("law", "x", [])) is UnknownNameError
    assert type(out_of_range("x", float("nan"), "finite")) is InvalidValueError
