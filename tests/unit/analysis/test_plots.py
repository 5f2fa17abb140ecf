"""The figures hold the numbers of the run, in the units of their labels, and leave matplotlib as it was."""

from __future__ import annotations

import itertools
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ohmnia._errors import InvalidValueError
from ohmnia.analysis import device_plots, plots
from ohmnia.analysis._style import DARK_PALETTE, PALETTE, house_style, render, spread_apart, time_ticks
from ohmnia.lifecycle import Results
from ohmnia.measured import Curve, curve

WEEK = 604800.0
WINDOW = (9e-6, 88.2e-6)


def line(axes: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Data of the one line whose label begins so."""
    found = [item for item in axes.get_lines() if str(item.get_label()).startswith(label)]
    assert len(found) == 1, [item.get_label() for item in axes.get_lines()]
    return np.asarray(found[0].get_xdata(), float), np.asarray(found[0].get_ydata(), float)


def texts(figure: Figure) -> list[str]:
    """Every text that is drawn."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def shaded_from(axes: Axes) -> list[float]:
    """Left ends of the full-height shaded spans."""
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_height() == 1.0]
    return [patch.get_x() for patch in spans]


@pytest.fixture
def levels() -> Curve:
    return curve("falcone2025-programming")


@pytest.fixture
def relaxed() -> Curve:
    return curve("falcone2025-retention")


def every_figure(results: Results, levels: Curve | None, relaxed: Curve | None) -> list[Figure]:
    return [
        plots.learning_curves(results),
        plots.accuracy_over_time(results, 360, WEEK),
        plots.life_of_cells(results, WINDOW, WEEK),
        device_plots.pulse_response(results, 43.15e-6),
        device_plots.programming(results, levels),
        device_plots.retention(results, relaxed),
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
    for panel in device_plots.retention(results, relaxed).axes:
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


def test_pulse_response_draws_mean_band_and_single_cells(results: Results) -> None:
    upper, lower = device_plots.pulse_response(results, 43.15e-6).axes
    trace = 1e6 * np.array(results.curves["pulse_response"])
    x, y = line(upper, "mean of 6 cells")
    assert x[0] == 1
    assert x[-1] == 2100
    assert y == pytest.approx(trace.mean(1))
    (band,) = upper.collections
    top = band.get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx((trace.mean(1) + trace.std(1)).max())
    assert line(lower, "cell 3")[1] == pytest.approx(trace[:, 2])
    levels = [np.asarray(item.get_ydata(), float) for item in lower.get_lines()]
    assert sum(len(level) == 2 and np.allclose(level, 43.15) for level in levels) == 1
    assert lower.get_xticks().tolist() == [0, 400, 800, 1200, 1600, 2100]
    assert [text.get_text() for text in upper.texts][:2] == ["400 up", "400 down"]


def test_programming_draws_the_simulated_line_and_35_published_points(results: Results, levels: Curve) -> None:
    axes = device_plots.programming(results, levels).axes
    for column, (key, mean, published) in enumerate((("ar0.2", 84.4, 89.0), ("ar2", 12.0, 11.0))):
        sigma, iterations = axes[column], axes[column + 2]
        x, y = line(sigma, "simulated")
        assert x == pytest.approx(1e6 * np.array(results.curves["programming.target"]))
        assert y == pytest.approx(1e6 * np.array(results.curves[f"programming.sigma.{key}"]))
        x, y = line(sigma, "published")
        assert len(x) == 35
        assert y == pytest.approx(1e6 * np.array(levels.columns[f"sigma_range_{key[2:]}"]))
        assert line(iterations, "simulated mean")[1] == pytest.approx([mean, mean])
        assert line(iterations, "published mean")[1] == pytest.approx([published, published])
        assert any(
            np.array_equal(item.get_ydata(), results.curves[f"programming.iterations.{key}"]) for item in iterations.get_lines()
        )
        assert iterations.get_xlabel() == "target conductance (µS)"


def test_retention_draws_mean_sigma_percentiles_and_published_points(results: Results, relaxed: Curve) -> None:
    mean, sigma = device_plots.retention(results, relaxed).axes
    change = 1e6 * np.array(results.curves["retention.change"])
    assert line(mean, "mean of 50 cells")[1] == pytest.approx(change.mean(1))
    assert line(sigma, "simulated")[1] == pytest.approx(change.std(1))
    x, y = line(mean, "published")
    assert x.tolist() == [1.0, 3600.0, 86400.0, 172800.0, WEEK]
    assert y == pytest.approx([-0.24, -0.53, -0.62, -1.36, -1.66])
    assert line(sigma, "published")[1] == pytest.approx([0.491, 0.532, 0.932, 0.94, 1.057])
    lows = [band.get_paths()[0].vertices[:, 1].min() for band in mean.collections]
    assert lows == pytest.approx([np.percentile(change, 5, axis=1).min(), np.percentile(change, 25, axis=1).min()])


def test_a_device_of_ones_own_is_drawn_without_published_points(results: Results) -> None:
    for figure in (device_plots.programming(results, None), device_plots.retention(results, None)):
        labels = [str(item.get_label()) for axes in figure.axes for item in axes.get_lines()]
        assert labels
        assert not any("published" in label for label in labels)
        assert all(shaded_from(axes) == [] for axes in figure.axes)


def test_a_missing_curve_is_refused_by_name(results: Results) -> None:
    del results.curves["retention.change"]
    with pytest.raises(InvalidValueError, match=r"retention\.change"):
        device_plots.retention(results, None)


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


def test_palettes_have_the_same_names_and_distinct_colours() -> None:
    assert PALETTE.keys() == DARK_PALETTE.keys()
    assert len(set(PALETTE.values())) == len(PALETTE)


def test_time_ticks_keep_their_distance() -> None:
    assert [name for _, name in time_ticks(1.0, 315576000.0, 0.23)] == ["1 s", "1 h", "1 mo", "10 y"]
    assert time_ticks(1800.0, 7200.0) == [(1800.0, "30 min"), (7200.0, "2 h")]


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5], [0.9, 0.1, 0.12, 0.11], [0.2, 0.25, 0.31, 0.8]])
def test_spread_labels_keep_gap_order_and_centre(values: list[float]) -> None:
    places = spread_apart(values, 0.1)
    assert np.argsort(places, kind="stable").tolist() == np.argsort(values, kind="stable").tolist()
    assert np.diff(np.sort(places)).min(initial=1.0) >= 0.1 - 1e-12
    assert np.mean(places) == pytest.approx(np.mean(values))


def test_figures_are_loaded_on_demand_and_without_pyplot() -> None:
    code = (
        "import sys, ohmnia, ohmnia.analysis; assert 'matplotlib' not in sys.modules; assert 'jinja2' not in sys.modules;"
        "import ohmnia.analysis.plots, ohmnia.analysis.device_plots; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
