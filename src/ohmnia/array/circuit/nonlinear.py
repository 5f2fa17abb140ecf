"""Arrays of non-linear cells: damped Newton on the nodal equations, a batch of terminal voltages at a time.

Wires are linear, so every iterate satisfies their equations exactly; what is left is the mismatch between the current that
the wires bring to a cell and the current that the cell's law gives at its node voltages. A step is halved until the
mismatch falls. Samples are independent.
"""

from __future__ import annotations

from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import ConvergenceError, InvalidValueError
from ohmnia._threads import one_thread
from ohmnia.array.circuit._linearised import Linear, Point, respond
from ohmnia.array.circuit.cells import AbstractCells, CellCurrents
from ohmnia.array.circuit.linear import check_lines
from ohmnia.array.circuit.wires import Wires

_HALVINGS = 30
_DECREASE = 1e-4


@final
class OperatingPoint(NamedTuple):
    """A solved array of non-linear cells.

    Attributes
    ----------
    rows_volts, columns_volts, cells_amperes
        At each crossing, (samples, rows, columns).
    row_amperes, column_amperes
        Into each row line, and out of each column line, through their terminals: (samples, rows), (samples, columns).
    converged
        Of each sample; the numbers of a sample that has not converged are NaN.
    iterations
        Newton steps that were made.
    residual
        Of each sample: largest mismatch between wires and cell law, as a fraction of the largest cell current.
    """

    rows_volts: Tensor
    columns_volts: Tensor
    cells_amperes: Tensor
    row_amperes: Tensor
    column_amperes: Tensor
    converged: Tensor
    iterations: int
    residual: Tensor


@torch.no_grad()
def solve_nonlinear(
    cells: AbstractCells,
    wires: Wires,
    rows_volts: Float[Tensor, "samples rows"],
    columns_volts: Float[Tensor, "samples columns"],
    *,
    tolerance: float = 1e-11,
    most_iterations: int = 50,
    on_failure: str = "raise",
) -> OperatingPoint:
    """Every node of an array of non-linear cells.

    Parameters
    ----------
    cells
        Their law and state.
    wires
        What surrounds them; row lines have the driver's resistance, column lines the sense amplifier's. Transistors are
        part of the cells, so `access_ohm` must be 0.
    rows_volts, columns_volts
        Behind the terminals of the lines; zeros are a virtual ground.
    tolerance
        Largest mismatch, a fraction of the largest cell current.
    most_iterations
        Newton steps.
    on_failure
        "raise", or "mark": samples that have not converged are NaN and marked.

    Raises
    ------
    ConvergenceError
        A sample that has not converged; the text says what helps.
    InvalidValueError
        Wires with a linear transistor, or a topology without a solution.
    """
    if wires.access_ohm:
        raise InvalidValueError("wires.access_ohm must be 0 with non-linear cells; wrap them in TransistorCells instead.")
    if on_failure not in ("raise", "mark"):
        raise InvalidValueError(f"on_failure = '{on_failure}' is not known; valid: 'raise', 'mark'.")
    lines = wires.lines()
    check_lines(lines)
    v, c = rows_volts.double(), columns_volts.double()
    shape = (len(v), v.shape[1], c.shape[1])
    point = Point(v[:, :, None].expand(shape), c[:, None, :].expand(shape), v.new_zeros(shape))
    now, iterations = cells.currents(point.rows, point.columns), 0
    with one_thread():
        while iterations < most_iterations and float(_residual(now, point).max()) > tolerance:
            # i = now + slopes (moved - point), written as i = s + a R - b C.
            source = now.amperes - now.by_row * point.rows - now.by_column * point.columns
            target = respond(Linear(source, now.by_row, -now.by_column), lines, v, c)
            point, now = _damped(cells, point, target, now)
            iterations += 1
    return _result(point, _residual(now, point), tolerance, iterations, on_failure)


def _mismatch(now: CellCurrents, point: Point) -> Tensor:
    return (now.amperes - point.amperes).flatten(1)


def _residual(now: CellCurrents, point: Point) -> Tensor:
    # Far below any current that is measured, so that an array without voltage counts as solved.
    largest = now.amperes.flatten(1).abs().amax(1).clamp(min=1e-18)
    return _mismatch(now, point).abs().amax(1).nan_to_num(torch.inf) / largest


def _damped(cells: AbstractCells, point: Point, target: Point, now: CellCurrents) -> tuple[Point, CellCurrents]:
    """The longest of the steps 1, 1/2, 1/4, … that lowers each sample's mismatch."""
    before = _mismatch(now, point).norm(dim=1)
    step = torch.ones_like(before)
    for _ in range(_HALVINGS):
        share = step[:, None, None]
        moved = Point(*(old + share * (new - old) for old, new in zip(point, target, strict=True)))
        after = cells.currents(moved.rows, moved.columns)
        good = _mismatch(after, moved).norm(dim=1) <= (1.0 - _DECREASE * step) * before
        # At the floor of rounding no step lowers it further.
        good |= _residual(after, moved) < 1e-13
        if bool(good.all()):
            break
        step = torch.where(good, step, step / 2)
    return moved, after


def _result(point: Point, residual: Tensor, tolerance: float, iterations: int, on_failure: str) -> OperatingPoint:
    converged = residual <= tolerance
    failed = int((~converged).sum())
    if failed and on_failure == "raise":
        raise ConvergenceError(
            f"{failed} of {len(residual)} operating points have not converged after {iterations} Newton steps: the largest "
            f"mismatch is {float(residual.max()):.2g} of the largest cell current, the tolerance {tolerance:.2g}. Apply the "
            "voltages in smaller batches or steps, raise most_iterations, or loosen the tolerance; on_failure = 'mark' keeps "
            "the samples that have converged."
        )
    keep = torch.where(converged, 1.0, torch.nan)[:, None, None]
    rows, columns, amperes = (part * keep for part in point)
    return OperatingPoint(rows, columns, amperes, amperes.sum(2), amperes.sum(1), converged, iterations, residual)
