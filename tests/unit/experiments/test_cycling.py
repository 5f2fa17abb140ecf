"""The cycling experiment: its rows, its figure, technologies without a transport law or without results."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from figures import line, texts
from helpers import variant
from ohmnia.device import Device
from ohmnia.experiments._outcome import Row
from ohmnia.experiments.cycling import cycling, voltage_of_ratio
from ohmnia.technology import Technology

JUDGED = {"ratio_voltage", "hop_distance_lrs", "hop_distance_hrs", "hop_energy_hrs"}


def by_name(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.id.removeprefix("cycling."): row for row in rows}


def test_rows_are_judged_only_where_the_paper_says_enough(technology: Technology) -> None:
    rows = by_name(cycling(technology).rows)
    assert {name for name, row in rows.items() if row.ok is not None} == JUDGED
    assert all(rows[name].ok for name in JUDGED)
    for name in rows.keys() - JUDGED:
        assert rows[name].reason, name
        assert rows[name].simulated is not None, name
    assert rows["hop_energy_lrs"].certainty == "medium"
    assert "0.41 V" in rows["resistance_ratio"].reason
    assert rows["resistance_ratio"].published == 15.0


def test_nothing_is_drawn_at_random(technology: Technology) -> None:
    assert cycling(technology, seed=1).rows == cycling(technology, seed=2).rows


def test_voltage_of_a_ratio_against_the_hyperbolic_sines(device: Device) -> None:
    law = device.transport
    assert law is not None
    for ratio in (25.0, 20.0, 15.0, 5.0):
        volts = voltage_of_ratio(law, ratio, 1.3)
        assert volts is not None
        # Hopping distances of 2.1 and 3.6 nm; 2kT d / q = 605.98 mV nm at 293 K and 12 nm; 25.682 at low field.
        lrs, hrs = math.sinh(2.1 * volts / 0.60598), math.sinh(3.6 * volts / 0.60598)
        assert 25.682 * (3.6 / 2.1) * lrs / hrs == pytest.approx(ratio, rel=1e-4)


@pytest.mark.parametrize(("ratio", "most"), [(26.0, 1.3), (15.0, 0.4), (1.0, 1.3)])
def test_a_ratio_that_is_not_met_has_no_voltage(device: Device, ratio: float, most: float) -> None:
    assert device.transport is not None
    assert voltage_of_ratio(device.transport, ratio, most) is None


def test_the_figure(technology: Technology) -> None:
    (plot,) = cycling(technology, points=29).plots
    figure = plot.draw()
    loop, ohms, ratio = figure.axes
    assert loop.get_yscale() == "log"
    volts, current = line(loop, "LRS")
    assert (volts[0], volts[-1]) == (-1.5, 1.3)
    assert current.max() < loop.get_ylim()[1]
    _, hrs = line(loop, "HRS")
    assert (current >= hrs).all()
    assert [text for text in texts(figure) if "not simulated" in text] == ["SET:\nnot simulated", "RESET:\nnot simulated"]
    reads, layer = line(ratio, "layer alone")
    _, cell = line(ratio, "1T1R cell")
    assert (np.diff(layer) < 0).all()
    # A resistance in series lowers the larger current more.
    assert (cell < layer).all()
    lrs, high = line(ohms, "LRS")[1], line(ohms, "HRS")[1]
    assert high / lrs == pytest.approx(layer)
    assert {"published: about 15", "ratio of σ: 20"} <= set(texts(figure))
    assert reads[0] > 0


def test_without_a_transport_law_one_row_says_so_and_nothing_is_drawn(technology: Technology) -> None:
    outcome = cycling(technology.model_copy(update={"laws": technology.laws.model_copy(update={"transport": None})}))
    assert outcome.plots == ()
    (row,) = outcome.rows
    assert (row.simulated, row.ok, row.published) == (None, None, 15.0)
    assert "no transport law" in row.reason


def test_without_published_results_rows_are_shown(tmp_path: Path) -> None:
    outcome = cycling(variant(tmp_path, {"transport.energy_hrs": (70.0, "meV")}))
    rows = by_name(outcome.rows)
    for name, row in rows.items():
        assert (row.ok, row.published) == (None, None), name
        assert row.reason, name
    assert rows["ratio_voltage"].simulated is None
    # 10 meV less to climb: exp(10 meV / 25.249 meV).
    assert rows["ratio_at_0_mv"].simulated == pytest.approx(25.682 / math.exp(10 / 25.249), rel=1e-4)
    (plot,) = outcome.plots
    assert not [text for text in texts(plot.draw()) if "published" in text]
