"""The registry: lookups, misses, order."""

from __future__ import annotations

import pytest

from ohmnia._errors import UnknownNameError
from ohmnia._registry import Registry

ENTRIES = {"soft-bounds": 1, "linear": 2, "exponential": 3}


def test_get_returns_the_entry_itself() -> None:
    things = {"a": object(), "b": object()}
    registry = Registry("thing", things)
    assert registry.get("b") is things["b"]


def test_a_miss_names_kind_place_and_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Unknown update law 'soft-bound' in my.toml. Did you mean 'soft-bounds'?"):
        Registry("update law", ENTRIES).get("soft-bound", where="my.toml")


def test_an_empty_registry_still_answers() -> None:
    with pytest.raises(UnknownNameError, match="Unknown rule 'x'"):
        Registry("rule", {}).get("x")


def test_names_come_in_the_order_of_the_entries_and_can_be_asked_for() -> None:
    registry = Registry("update law", ENTRIES)
    assert list(registry) == list(ENTRIES)
    assert "linear" in registry
    assert "Linear" not in registry
    assert 2 not in registry


def test_a_falsy_entry_is_an_entry() -> None:
    assert Registry("number", {"zero": 0}).get("zero") == 0


def test_later_changes_of_the_table_do_not_reach_the_registry() -> None:
    table = dict(ENTRIES)
    registry = Registry("update law", table)
    table["new"] = 4
    del table["linear"]
    assert "new" not in registry
    assert registry.get("linear") == 2
