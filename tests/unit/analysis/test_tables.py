"""Tables of the report: parameters and scenario."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from ohmnia._validation import validated
from ohmnia.analysis._tables import parameter_groups, scenario_rows, scenario_toml, unit_text
from ohmnia.lifecycle import Scenario
from ohmnia.technology import Technology, published, technology


def read(data: dict[str, Any]) -> Scenario:
    return validated(Scenario, data, "test")


def test_scenario_as_toml_is_the_scenario() -> None:
    data = {
        "seed": 4,
        "technology": 'a "quoted" \\ path.toml',
        "network": {"hidden": [20, 12], "output_scale": [1.5, 2.0]},
        "arrays": {"periphery": {"adc_bits": 8}},
        "learn": {
            "epochs": 3,
            "lr": 1e-05,
            "rule_options": {"momentum": 0.0, "scheme": {"length": 7, "update_management": False}},
        },
        "retain": {"times": ["1s", "2d"]},
    }
    scenario = read(data)
    assert read(tomllib.loads(scenario_toml(scenario))) == scenario
    assert scenario_toml(Scenario()) == ""


def test_scenario_says_what_toml_cannot() -> None:
    scenario = read({"learn": {"rule_options": {"momentum": None}}})
    text = scenario_toml(scenario)
    assert "# momentum: none" in text
    tomllib.loads(text)


def test_settings_that_differ_show_the_built_in_value() -> None:
    scenario = read({"learn": {"epochs": 3}, "seed": 9})
    rows = {path: (value, other) for path, value, other in scenario_rows(scenario)}
    assert rows["learn.epochs"] == ("3", str(Scenario().learn.epochs))
    assert rows["seed"] == ("9", "")
    assert rows["network.output_scale"][0] == "not set"
    assert "learn.rule_options.fast_rate" in rows


@pytest.mark.parametrize(("unit", "text"), [("uS", "µS"), ("us", "µs"), ("percent", "%"), ("1", ""), ("ohm", "Ω"), ("mV", "mV")])
def test_units_are_printed_as_people_write_them(unit: str, text: str) -> None:
    assert unit_text(unit) == text


def test_every_published_technology_has_a_table() -> None:
    for name in published():
        entry: Technology = technology(name)
        rows = [row for group in parameter_groups(entry) for row in group.rows]
        quantities = [quantity for path, quantity in entry.quantities() if not path.startswith("results.")]
        assert len(rows) == len(quantities) + sum(quantity.spread is not None for quantity in quantities)
