"""The experiment at a small size: rows, maps, and technologies that can and cannot learn."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.experiments._outcome import Outcome, Row
from ohmnia.experiments.weight_programming import weight_programming

SMALL = {"seeds": 2, "states": (40.0,), "offsets": (1.0,), "size": 4, "samples": 400}


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return weight_programming(**SMALL)


@pytest.fixture(scope="module")
def rows(outcome: Outcome) -> dict[str, Row]:
    return {row.id.removeprefix("weight-programming."): row for row in outcome.rows}


def test_printed_numbers_stand_beside_simulated_ones(rows: dict[str, Row]) -> None:
    assert {name: rows[name].published for name in ("sgd_error", "ttv2_error", "ttv2_error_0_1")} == {
        "sgd_error": 25.0,
        "ttv2_error": 5.0,
        "ttv2_error_0_1": 9.0,
    }
    for name in ("sgd_error", "ttv2_error", "ttv2_error_0_1", "cttv2_error", "agad_error"):
        row = rows[name]
        assert row.unit == "%"
        assert row.simulated > 0
        assert row.standard_error > 0
    assert rows["sgd_error"].ok is (rows["sgd_error"].simulated >= 25.0)
    assert rows["ttv2_error"].ok is (abs(rows["ttv2_error"].simulated - 5.0) <= 1.25)


def test_agad_does_not_depend_on_the_offset(rows: dict[str, Row]) -> None:
    assert (rows["agad_change"].simulated, rows["agad_change"].ok) == (0.0, True)


def test_both_spreads_and_the_technology_have_rows(rows: dict[str, Row]) -> None:
    assert {"sgd_error_narrow", "ttv2_error_narrow", "ttv2_error_0_1_narrow", "cttv2_error_0_5_narrow"} <= set(rows)
    assert {f"{rule}_error_technology" for rule in ("sgd", "ttv2", "cttv2", "agad")} <= set(rows)


def test_maps_hold_the_rows(outcome: Outcome, rows: dict[str, Row]) -> None:
    figure = outcome.plots[0].draw()
    panels = {axes.get_title("left"): axes for axes in figure.axes}
    for name, key in (("SGD", "sgd"), ("TTv2", "ttv2"), ("c-TTv2", "cttv2"), ("AGAD", "agad")):
        values = panels[name].collections[0].get_array()
        # 20 and 40 states; offsets 0, 0.1, 0.5 and 1.
        assert values.shape == (2, 4)
        assert values[0, 0] == pytest.approx(rows[f"{key}_error"].simulated)
    assert values[0, 0] == values[0, 3]
    assert not np.allclose(panels["TTv2"].collections[0].get_array()[:, 0], panels["TTv2"].collections[0].get_array()[:, 3])


def test_a_technology_without_pulses_is_left_out_with_a_word() -> None:
    found = weight_programming("wan-2022", seeds=1, states=(20.0,), size=3, samples=40)
    assert not [row for row in found.rows if row.id.endswith("_technology")]
    assert any("wan-2022" in choice for choice in found.choices)
