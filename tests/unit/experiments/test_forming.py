"""The forming experiment: its rows, its figure, and another technology."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from figures import line, texts
from helpers import variant
from ohmnia.experiments.forming import forming
from ohmnia.technology import Technology


def test_rows_and_choices(technology: Technology) -> None:
    outcome = forming(technology, seed=1)
    rows = {row.id: row for row in outcome.rows}
    assert set(rows) == {
        f"forming.{name}" for name in ("voltage", "voltage_sigma", "voltage_1t1r", "transistor_drop", "forming_yield")
    }
    assert [row.id for row in outcome.rows if row.kind == "input check"] == ["forming.voltage", "forming.voltage_sigma"]
    # 258 uA times 800 ohm.
    assert rows["forming.transistor_drop"].simulated == pytest.approx(0.2064)
    difference = (rows["forming.voltage_1t1r"].simulated or 0) - (rows["forming.voltage"].simulated or 0)
    assert difference == pytest.approx(0.2064)
    assert rows["forming.voltage_1t1r"].standard_error == rows["forming.voltage"].standard_error
    assert len(outcome.choices) == len(set(outcome.choices)) == 4


def test_another_seed_is_another_array(technology: Technology) -> None:
    first, second, again = (forming(technology, seed).rows[0].simulated for seed in (1, 2, 1))
    assert first == again != second


def test_the_figure_shows_every_cell(technology: Technology) -> None:
    (plot,) = forming(technology, cells=7).plots
    sweep, lines, distribution = plot.draw().axes
    assert sweep.get_ylim() == (1e-9, 1e-3)
    (jumps,) = sweep.collections
    tops = [segment[:, 1].max() for segment in jumps.get_segments()]
    assert tops == pytest.approx([258e-6] * 7)
    _, published = line(lines, "published")
    assert list(published) == pytest.approx([0.0, 258.0])
    slopes = [np.diff(item.get_ydata()) / np.diff(item.get_xdata()) for item in lines.get_lines() if len(item.get_xdata()) == 2]
    # 1 / 800 ohm in uA/V for the seven cells; the published pair has 258 uA in 0.21 V.
    assert np.ravel(slopes) == pytest.approx([1250.0] * 7 + [258 / 0.21])
    for name in ("ReRAM", "1T1R"):
        assert len(line(distribution, name)[0]) == 7
    assert any("258 µA × 0.8 kΩ = 0.206 V" in text for text in texts(plot.draw()))
    assert {"3.17 V", "3.38 V"} <= set(texts(plot.draw()))


def test_without_published_results_rows_are_shown_and_the_figure_has_no_published_line(tmp_path: Path) -> None:
    outcome = forming(variant(tmp_path, {"forming.voltage": (2.5, "V")}), cells=5)
    for row in outcome.rows:
        assert (row.ok, row.published) == (None, None), row.id
        assert row.simulated is not None
        assert row.reason
    (plot,) = outcome.plots
    assert not {"3.17 V", "3.38 V"} & set(texts(plot.draw()))
    assert all(item.get_label() != "published" for axes in plot.draw().axes for item in axes.get_lines())


def test_cells_beyond_the_sweep_do_not_form(tmp_path: Path) -> None:
    rows = {row.id: row for row in forming(variant(tmp_path, {"forming.voltage": (5.0, "V")}), cells=5).rows}
    assert rows["forming.forming_yield"].simulated == 0.0
    # By the rule of succession 1 of 7, over 5 cells.
    assert rows["forming.forming_yield"].standard_error == pytest.approx(100 * (1 / 7 * 6 / 7 / 5) ** 0.5)


def test_a_technology_that_knows_no_end_of_the_sweep(technology: Technology) -> None:
    data = {name: value for name, value in technology.data.items() if name not in ("forming_sweep_end", "forming_gate_voltage")}
    outcome = forming(technology.model_copy(update={"data": data}), cells=5)
    row = next(row for row in outcome.rows if row.id == "forming.forming_yield")
    assert (row.simulated, row.ok) == (None, None)
    assert "no end of the sweep" in row.reason
    assert outcome.plots[0].draw().axes
