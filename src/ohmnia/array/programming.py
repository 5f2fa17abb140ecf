"""Writing an array by closed-loop program-verify, pulse by pulse or by a draw of where the loop would end."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia.array.mapping import Mapping
from ohmnia.device import AbstractClosedLoop, AbstractUpdateLaw, ProgramResult
from ohmnia.kernels import PULSE_UNIT, Acceptance, Cells, ClosedLoop, Member, Targets, UpdateLaw
from ohmnia.random import Stream

MODES = ("pulses", "sampled")


def check_write(weights: Tensor, rows: int, cols: int, mode: str) -> None:
    """Refuse weights of another height than a tile's, and modes that do not exist.

    Raises
    ------
    InvalidValueError, UnknownNameError
        Either of them.
    """
    if len(weights) != rows:
        raise InvalidValueError(f"weights have {len(weights)} rows; a tile of {rows} x {cols} needs {rows}.")
    if mode not in MODES:
        raise unknown_name("programming mode", mode, MODES)


def check_sampled(weights: Float[Tensor, "rows cols"], mapping: Mapping, wired: bool) -> None:
    """Refuse what a sampled write cannot do: weights outside the window, and cells between wires.

    Raises
    ------
    InvalidValueError
        Either of them.
    """
    mapping.check(weights)
    if wired:
        raise InvalidValueError("A sampled write takes every cell's full step, which wires do not leave. Use mode = 'pulses'.")


def closed_loop(law: AbstractClosedLoop, acceptance: float) -> ClosedLoop:
    """A closed loop as the kernels take it."""
    limits, low, high = (np.array(row, dtype=np.float64) for row in law.target_rows)
    step_factor, max_pulses = law.kernel_coefficients()
    return ClosedLoop(limits, low, high, step_factor, max_pulses, acceptance)


def write(
    cells: Cells,
    target: Float[Tensor, "planes rows cols"],
    law: UpdateLaw,
    loop: ClosedLoop,
    stream: Stream,
    epoch: int,
    member: Member,
) -> ProgramResult:
    """Pulse and verify every cell until it lies within the loop's acceptance of its target (siemens).

    Returns
    -------
    ProgramResult
        Per cell, planes x rows x cols flattened; `cells` holds the same conductances.
    """
    goal = target.double().contiguous().numpy()
    pulses, failed = member.program(cells, law, loop, goal, (stream.key0, stream.key1), epoch)
    count = torch.from_numpy(pulses).flatten().long()
    reached = torch.from_numpy(cells.conductance.copy()).flatten()
    return ProgramResult(reached, count, count + 1, torch.from_numpy(failed).flatten())


def sampled_law(law: AbstractClosedLoop, mapping: Mapping, update: AbstractUpdateLaw, acceptance: float) -> Acceptance:
    """Where a closed loop leaves a cell, as the kernels take it.

    Raises
    ------
    InvalidValueError
        A range that is no fraction, or a loop whose result a table cannot show; see `device.programming.acceptance`.
    """
    solved = law.acceptance_law(acceptance, update, (mapping.g_min_siemens, mapping.g_max_siemens))
    return Acceptance(
        closed_loop(law, acceptance),
        solved.first_siemens,
        solved.step_siemens,
        solved.quantiles.float().contiguous().numpy(),
        (solved.pulses * PULSE_UNIT).round().to(torch.int32).contiguous().numpy(),
    )


def write_sampled(
    cells: Cells,
    weights: Float[Tensor, "rows cols"],
    mapping: Mapping,
    law: Acceptance,
    stream: Stream,
    epoch: int,
    member: Member,
) -> int:
    """Put every cell where the closed loop would leave it; returns the expected number of pulses."""
    base, slope, least = mapping.targets
    targets = Targets(np.array(base, dtype=np.float32), np.array(slope, dtype=np.float32), least)
    values = weights.detach().float().contiguous().numpy()
    _, pulses = member.program_sampled(cells, values, targets, law, (stream.key0, stream.key1), epoch)
    return round(pulses / PULSE_UNIT)
