"""Figures of products: axes of the paper, every curve, published points, the same bytes every time."""

from __future__ import annotations

import pytest
import torch

from ohmnia._units import DAY, YEAR
from ohmnia.analysis._style import render
from ohmnia.experiments import _product_figures as figures
from ohmnia.experiments._products import Products
from ohmnia.experiments._verdict import Estimate

AGES = (0.0, 1.0, 3600.0, DAY, 10 * YEAR)


@pytest.fixture
def found() -> Products:
    torch.manual_seed(0)
    inputs = torch.rand(2, 20, 8) * 2 - 1
    expected = torch.randn(2, 20, 8) * 2
    measured = torch.stack([expected + 0.1 * k for k in range(1, 6)])
    return Products(AGES, inputs, expected, measured)


def test_accuracy_has_the_papers_axes_inset_and_published_points(found: Products) -> None:
    figure = figures.accuracy(found, {"plain": (found, "none"), "corrected": (found, "lines")}, {1.0: 0.06, 10 * YEAR: 0.2})
    left, right = figure.axes[:2]
    assert left.get_xlim() == left.get_ylim() == (-5.0, 5.0)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["10 y", "1 h", "1 s", "Prog."]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["published", "plain", "corrected"]
    (inset,) = left.child_axes
    assert inset.get_xscale() == "log"
    published = inset.lines[-1]
    assert list(published.get_ydata()) == [0.06, 0.2]
    assert render(figure, "png")


def test_wires_has_one_curve_a_scheme_and_a_line_for_each_cell_error() -> None:
    values = [Estimate(0.1, 0.01), Estimate(0.2, None)]
    names = ("a", "b", "c", "d")
    figure = figures.wires((0.1, 1.0), dict.fromkeys(names, values), {"after 1 s": 0.07, "after 10 y": 0.2}, 0.35)
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [f"wires alone, {name}" for name in names]
    assert {text.get_text() for text in axes.texts} == {"cells and converters, after 1 s", "cells and converters, after 10 y"}


def test_comparison_shows_time_and_level(found: Products) -> None:
    level = torch.linspace(1e-6, 9e-6, 3)
    curves = {"one": (found, "none"), "two": (found, "scale")}
    figure, again = (figures.comparison(curves, {"one": (level, level / 10)}) for _ in range(2))
    left, right = figure.axes
    assert left.get_yscale() == right.get_yscale() == "log"
    assert list(right.lines[0].get_xdata()) == pytest.approx([1.0, 5.0, 9.0])
    assert render(figure, "svg") == render(again, "svg")
