"""Every figure of the array circuit, in the order in which it is measured."""

from __future__ import annotations

from collections.abc import Iterator

from ohmnia.bench.circuit_arrays import array_figures
from ohmnia.bench.circuit_cells import cell_figures
from ohmnia.bench.circuit_figures import Figure


def circuit_figures(quick: bool = False) -> Iterator[Figure]:
    """Measure one figure after another.

    Parameters
    ----------
    quick
        Small sizes, in a moment; the timings are then left out.
    """
    yield from array_figures(quick)
    yield from cell_figures(quick)
