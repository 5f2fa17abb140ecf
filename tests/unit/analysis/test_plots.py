"""The figures hold the numbers of the run, in the units of their labels, and leave matplotlib as it was."""

from __future__ import annotations

import itertools
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from figures import line, shaded_from, texts
from ohmnia._errors import InvalidValueError
from ohmnia.analysis import device_plots, plots
from ohmnia.analysis._style import house_style, render
from ohmnia.lifecycle import Results
from ohmnia.measured import Curve
from ohmnia.technology import technology

WEEK = 604800.0
WINDOW = (9e-6, 88.2e-6)


def every_figure(results: Results, levels: Curve | None, relaxed: Curve | None) -> list[Figure]:
    return [
        plots.learning_curves(results),
        plots.accuracy_over_time(results, 360, WEEK),
        plots.life_of_cells(results, WINDOW, WEEK),
        device_plots.pulse_response(results, 43.15e-6),
        device_plots.programming(results, levels, technology("cmo-hfox")),
        device_plots.retention(results, relaxed, technology("cmo-hfox")),
    ]


def test_learning_draws_chip_and_software_in_percent(results: Results) -> None:
    first, again, loss, loss_again = plots.learning_curves(results).axes
    x, y = line(first, "chip")
    assert x.tolist() == [1, 2, 3, 4]
    assert y == pytest.approx(100 * np.array(results.curves["learn.accuracy"]))
    assert line(first, "floating point")[1] == pytest.approx(100 * np.array(results.curves["float.accuracy"]))
    x, y = line(again, "chip")
    assert x.tolist() == [0, 1, 2, 3]
    assert y == pytest.approx([51.0, *(100 * np.array(results.curves["relearn.accuracy"]))])
    assert line(again, "floating point")[1][0] == pytest.approx(52.0)
    drawn = [np.asarray(item.get_ydata(), float).tolist() for item in loss.get_lines()]
    assert drawn == [results.curves["learn.loss"], results.curves["float.loss"]]
    assert loss_again.get_yscale() == "log"
    assert first.get_ylabel() == "held-out accuracy (%)"
    assert "25°" in again.get_title(loc="left")


def test_learning_names_a_task_of_renamed_classes(results: Results) -> None:
    change = results.scenario.relearn.model_copy(update={"task": "permute"})
    results.scenario = results.scenario.model_copy(update={"relearn": change})
    assert "classes renamed" in plots.learning_curves(results).axes[1].get_title(loc="left")


def test_accuracy_over_time_draws_four_curves_and_the_software_line(results: Results) -> None:
    figure = plots.accuracy_over_time(results, 360, WEEK)
    (axes,) = figure.axes
    for key, name in (("infer", "learned"), ("transfer", "transferred")):
        for kind in ("raw", "compensated"):
            x, y = line(axes, f"{name}, {kind}")
            assert y == pytest.approx(100 * np.array(results.curves[f"{key}.{kind}"]))
            # Drawn a little apart, by less than 1 % of the axis.
            low, high = np.log(axes.get_xlim())
            assert np.abs(np.log(x) - np.log(results.curves["age"])).max() < 0.01 * (high - low)
    assert line(axes, "floating point")[1] == pytest.approx([97.0, 97.0])
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1 s", "1 min", "1 h", "1 d", "1 mo", "1 y", "10 y"]
    assert "94.5 learned, compensated" in texts(figure)
    assert "97.0 ± 0.9 floating point" in texts(figure)


def test_accuracy_axis_holds_every_point(results: Results) -> None:
    results.curves["infer.raw"] = [0.99, 0.2, 0.5]
    low, high = plots.accuracy_over_time(results, 360, None).axes[0].get_ylim()
    assert low < 20.0
    assert high >= 99.0


def test_what_was_never_measured_is_marked(results: Results, relaxed: Curve) -> None:
    (axes,) = plots.accuracy_over_time(results, 360, WEEK).axes
    assert shaded_from(axes) == [WEEK]
    assert "extrapolated" in texts(plots.accuracy_over_time(results, 360, WEEK))
    assert shaded_from(plots.accuracy_over_time(results, 360, None).axes[0]) == []
    assert shaded_from(plots.accuracy_over_time(results, 360, 1e12).axes[0]) == []
    for panel in device_plots.retention(results, relaxed, technology("cmo-hfox")).axes:
        assert shaded_from(panel) == [WEEK]


def test_life_is_one_state_in_three_panels(results: Results) -> None:
    figure = plots.life_of_cells(results, WINDOW, WEEK)
    learn, wait, again = figure.axes
    assert learn.get_shared_y_axes().joined(learn, again)
    panels = [[item for item in panel.get_lines() if len(np.asarray(item.get_xdata())) > 2] for panel in figure.axes]
    assert [len(lines) for lines in panels] == [12, 12, 12]
    for before, after in itertools.pairwise(panels):
        for left, right in zip(before, after, strict=True):
            assert np.asarray(left.get_ydata())[-1] == np.asarray(right.get_ydata())[0]
    ends = sorted(float(np.asarray(item.get_ydata())[-1]) for item in panels[2])
    assert ends == pytest.approx(sorted(1e6 * np.array(results.curves["cells.relearn"])[-1]))
    assert wait.get_xscale() == "log"
    assert learn.get_ylabel() == "conductance (µS)"
    assert "10 years" in wait.get_title(loc="left")


def test_life_highlights_cells_that_span_the_range(results: Results) -> None:
    last = np.array(results.curves["cells.learn"])[-1]
    shown = [text for text in texts(plots.life_of_cells(results, WINDOW, WEEK)) if text.startswith("cell ")]
    assert len(shown) == 4
    assert {f"cell {last.argmin() + 1}", f"cell {last.argmax() + 1}"} <= set(shown)


def test_life_of_a_single_cell_and_a_single_time(results: Results) -> None:
    for name in ("cells.learn", "cells.retain", "cells.relearn"):
        results.curves[name] = np.array(results.curves[name])[:, :1].tolist()
    results.curves["cells.retain"], results.curves["age"] = results.curves["cells.retain"][:1], [7200.0]
    figure = plots.life_of_cells(results, WINDOW, None)
    assert [tick.get_text() for tick in figure.axes[1].get_xticklabels()] == ["0", "2 h"]
    assert render(figure, "png")


def test_life_refuses_different_cells(results: Results) -> None:
    results.curves["cells.retain"] = np.array(results.curves["cells.retain"])[:, :5].tolist()
    with pytest.raises(InvalidValueError, match="same cells"):
        plots.life_of_cells(results, WINDOW, WEEK)


def test_a_missing_curve_is_refused_by_name(results: Results) -> None:
    del results.curves["retention.change"]
    with pytest.raises(InvalidValueError, match=r"retention\.change"):
        device_plots.retention(results, None, technology("cmo-hfox"))


def test_the_same_figure_gives_the_same_bytes_whatever_the_settings(results: Results, levels: Curve, relaxed: Curve) -> None:
    first = [render(figure, "svg") for figure in every_figure(results, levels, relaxed)]
    with mpl.rc_context({"font.size": 30.0, "lines.linewidth": 9.0, "svg.hashsalt": "other"}):
        second = [render(figure, "svg") for figure in every_figure(results, levels, relaxed)]
    assert first == second
    assert b"<dc:date>" not in first[0]


def test_drawing_leaves_the_settings_of_matplotlib_alone(results: Results) -> None:
    with mpl.rc_context({"font.size": 17.0}):
        before = dict(mpl.rcParams)
        render(plots.accuracy_over_time(results, 360, WEEK), "png")
        assert dict(mpl.rcParams) == before


def test_no_text_leaves_a_figure(results: Results, levels: Curve, relaxed: Curve) -> None:
    for figure in every_figure(results, levels, relaxed):
        with house_style():
            figure.draw_without_rendering()
        width, height = figure.get_size_inches() * figure.dpi
        for axes in figure.axes:
            for text in axes.texts:
                box = text.get_window_extent()
                assert -1 <= box.x0 < box.x1 <= width + 1, text.get_text()
                assert -1 <= box.y0 < box.y1 <= height + 1, text.get_text()


def test_figures_are_loaded_on_demand_and_without_pyplot() -> None:
    code = (
        "import sys, ohmnia, ohmnia.analysis; assert 'matplotlib' not in sys.modules; assert 'jinja2' not in sys.modules;"
        "import ohmnia.analysis.plots, ohmnia.analysis.device_plots; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
