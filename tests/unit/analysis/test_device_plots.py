"""Figures of the device: its pulses, its closed loop, its retention."""

from __future__ import annotations

import numpy as np
import pytest

from figures import line, shaded_from
from ohmnia.analysis import device_plots
from ohmnia.lifecycle import Results
from ohmnia.measured import Curve
from ohmnia.technology import Technology

WEEK = 604800.0


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


def test_programming_draws_the_simulated_line_and_35_published_points(
    results: Results, levels: Curve, technology: Technology
) -> None:
    axes = device_plots.programming(results, levels, technology).axes
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


def test_retention_draws_mean_sigma_percentiles_and_published_points(
    results: Results, relaxed: Curve, technology: Technology
) -> None:
    mean, sigma = device_plots.retention(results, relaxed, technology).axes
    change = 1e6 * np.array(results.curves["retention.change"])
    assert line(mean, "mean of 50 cells")[1] == pytest.approx(change.mean(1))
    assert line(sigma, "simulated")[1] == pytest.approx(change.std(1))
    x, y = line(mean, "published")
    assert x.tolist() == [1.0, 3600.0, 86400.0, 172800.0, WEEK]
    assert y == pytest.approx([-0.24, -0.53, -0.62, -1.36, -1.66])
    assert line(sigma, "published")[1] == pytest.approx([0.491, 0.532, 0.932, 0.94, 1.057])
    lows = [band.get_paths()[0].vertices[:, 1].min() for band in mean.collections]
    assert lows == pytest.approx([np.percentile(change, 5, axis=1).min(), np.percentile(change, 25, axis=1).min()])


def test_a_device_of_ones_own_is_drawn_without_published_points(results: Results, technology: Technology) -> None:
    for figure in (device_plots.programming(results, None, technology), device_plots.retention(results, None, technology)):
        labels = [str(item.get_label()) for axes in figure.axes for item in axes.get_lines()]
        assert labels
        assert not any("published" in label for label in labels)
        assert all(shaded_from(axes) == [] for axes in figure.axes)
