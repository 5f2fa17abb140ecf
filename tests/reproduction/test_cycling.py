"""Quasi-static cycling: the ratio of the states, and the two sources of the hopping numbers against each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from figures import line
from helpers import variant
from ohmnia.experiments import Row
from ohmnia.experiments.cycling import cycling
from ohmnia.technology import Technology


def simulated(rows: tuple[Row, ...]) -> dict[str, float]:
    return {row.id.removeprefix("cycling."): row.simulated for row in rows if row.simulated is not None}


def test_ratio_falls_with_the_read_voltage_through_the_published_one(technology: Technology) -> None:
    values = simulated(cycling(technology).rows)
    # Evaluated by hand from the published N, a_e and dE; nothing is drawn, so the last digit shown counts.
    hand = {"ratio_at_0_mv": 25.7, "resistance_ratio": 22.2, "ratio_at_400_mv": 15.5, "ratio_at_500_mv": 12.4}
    for name, value in hand.items():
        assert values[name] == pytest.approx(value, abs=0.05), name
    assert 0.4 < values["ratio_voltage"] < 0.5


def test_two_sources_of_the_hopping_numbers_agree(technology: Technology) -> None:
    values = simulated(cycling(technology).rows)
    # Printed to 0.1 nm, and to 5 meV.
    assert values["hop_distance_lrs"] == pytest.approx(2.1, abs=0.05)
    assert values["hop_distance_hrs"] == pytest.approx(3.6, abs=0.05)
    assert values["hop_energy_hrs"] == pytest.approx(80.0, abs=2.5)
    # The one that does not agree to its last digit is not judged.
    assert 2.5 < abs(values["hop_energy_lrs"] - 65.0) < 5.0


def test_resistances_of_the_two_states(technology: Technology) -> None:
    values = simulated(cycling(technology).rows)
    assert values["resistance_hrs"] / values["resistance_lrs"] == pytest.approx(values["ratio_at_0_mv"])
    assert values["conductivity_lrs"] / values["conductivity_hrs"] == pytest.approx(values["ratio_at_0_mv"])
    # G = 97.27 and 3.788 uS.
    assert values["resistance_lrs"] == pytest.approx(10.28, abs=0.005)
    assert values["resistance_hrs"] == pytest.approx(264.0, abs=0.05)


def test_the_loop_stays_on_the_published_axes(technology: Technology) -> None:
    (plot,) = cycling(technology).plots
    loop = plot.draw().axes[0]
    for name in ("LRS", "HRS"):
        volts, current = line(loop, name)
        shown = abs(volts) > 0.05
        # 1e-7 to 1e-4 A are the labelled decades; the transistor keeps every current within the next one.
        assert (current[shown] > 1e-7).all()
        assert (current < 1e-3).all()


def test_another_technology_with_its_own_states_is_shown_and_not_judged(tmp_path: Path) -> None:
    numbers = {
        "transport.density_hrs": (1e19, "1/cm^3"),
        "transport.distance_hrs": (2.1, "nm"),
        "transport.energy_hrs": (65.0, "meV"),
    }
    outcome = cycling(variant(tmp_path, numbers))
    assert {row.ok for row in outcome.rows} == {None}
    values = simulated(outcome.rows)
    # Only the density differs: five times the traps carry five times the current at every voltage across the layer.
    for name in ("ratio_at_0_mv", "resistance_ratio", "ratio_at_400_mv", "ratio_at_500_mv"):
        assert values[name] == pytest.approx(5.0)
    assert 4.0 < values["ratio_of_1t1r"] < 5.0


def test_a_technology_whose_ratio_misses_the_published_one_fails(technology: Technology) -> None:
    """The judged rows can fail: with the densities of both states nearer to each other 15 is never met."""
    laws = technology.laws
    assert laws.transport is not None
    density = laws.transport.quantities["density_hrs"].model_copy(update={"value": 3e18})
    entry = laws.transport.model_copy(update={"quantities": laws.transport.quantities | {"density_hrs": density}})
    wrong = technology.model_copy(update={"laws": laws.model_copy(update={"transport": entry})})
    verdicts = {row.id: row.ok for row in cycling(wrong).rows}
    assert verdicts["cycling.ratio_voltage"] is False
    assert verdicts["cycling.hop_distance_hrs"] is False
    assert verdicts["cycling.hop_distance_lrs"] is True
