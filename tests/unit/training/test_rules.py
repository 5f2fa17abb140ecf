"""The table of rules: each says when to use it, what it needs, and trains with nothing but its defaults."""

from __future__ import annotations

import pytest

from helpers import make_tile
from ohmnia.device import Device
from ohmnia.training import RULES


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_explains_itself(device: Device, name: str) -> None:
    rule = RULES.get(name)()
    assert rule.when.endswith(".")
    assert rule.needs
    assert set(rule.derived(make_tile(device))) <= set(type(rule).model_fields)
