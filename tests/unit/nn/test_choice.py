"""Options by layer: what a pattern means, which entry counts, and patterns that mean nothing."""

from __future__ import annotations

import pytest

from ohmnia._errors import UnknownNameError
from ohmnia.nn._choice import check_patterns, chosen, holders, matches


def test_a_layer_is_held_by_its_modules() -> None:
    assert holders("encoder.lstm.ih_l0") == ["encoder.lstm.ih_l0", "encoder.lstm", "encoder"]
    assert holders("") == [""]


@pytest.mark.parametrize("pattern", ["encoder", "enc*", "encoder.lstm", "encoder.*", "*.ih_l?", "*", "encoder.lstm.[ih]h_l0"])
def test_patterns_that_mean_a_layer(pattern: str) -> None:
    assert matches("encoder.lstm.ih_l0", pattern)


@pytest.mark.parametrize("pattern", ["lstm", "encoder.ls", "ih_l0", "Encoder", "", "encoder.lstm.ih_l0.0"])
def test_patterns_that_do_not(pattern: str) -> None:
    assert not matches("encoder.lstm.ih_l0", pattern)


def test_the_first_entry_that_matches_counts() -> None:
    table = {"a.b": 1, "a": 2, "*": 3}
    assert [chosen(table, name) for name in ("a.b", "a.b.c", "a.c", "d")] == [1, 1, 2, 3]
    assert chosen({"a": 1}, "b") is None
    assert chosen(5, "b") == 5
    assert chosen(None, "b") is None


def test_a_pattern_that_means_no_layer_is_refused() -> None:
    names = ["encoder.0", "head"]
    for option in (None, 3, {"head": 1, "encoder": 2}, ("*",), ()):
        check_patterns(option, names, "config")
    for option in ({"heat": 1}, ("encoder", "heat"), ["heat"]):
        with pytest.raises(
            UnknownNameError, match=r"Unknown layer 'heat' in config. Did you mean 'head'.*encoder, encoder.0, head"
        ):
            check_patterns(option, names, "config")
