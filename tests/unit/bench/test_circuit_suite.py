"""Every figure of the circuit, in small sizes."""

from __future__ import annotations

from ohmnia.bench.circuit_figures import line
from ohmnia.bench.circuit_suite import circuit_figures


def test_every_figure_meets_its_target() -> None:
    figures = list(circuit_figures(quick=True))
    assert len(figures) >= 12
    assert len({figure.figure for figure in figures}) == len(figures)
    assert not [line(figure) for figure in figures if figure.ok is False]
