"""Writing an array by closed-loop program-verify, pulse by pulse or by a draw of where the loop would end."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array.mapping import Mapping
from ohmnia.device import Device, ProgramResult
from ohmnia.kernels import PULSE_UNIT, Acceptance, Cells, ClosedLoop, Member, Targets, UpdateLaw
from ohmnia.random import Stream

MODES = ("pulses", "sampled")


def write(
    cells: Cells,
    target: Float[Tensor, "planes rows cols"],
    device: Device,
    acceptance: float,
    stream: Stream,
    epoch: int,
    member: Member,
) -> ProgramResult:
    """Pulse and verify every cell until it lies within `acceptance` (a fraction) of its target (siemens).

    Returns
    -------
    ProgramResult
        Per cell, planes x rows x cols flattened; `cells` holds the same conductances.
    """
    law = UpdateLaw(*device.update.kernel_coefficients())
    loop = ClosedLoop(*device.programming.kernel_coefficients(), acceptance)
    goal = target.double().contiguous().numpy()
    pulses, failed = member.program(cells, law, loop, goal, (stream.key0, stream.key1), epoch)
    count = torch.from_numpy(pulses).flatten().long()
    return ProgramResult(
        torch.from_numpy(cells.conductance.copy()).flatten(), count, count + 1, torch.from_numpy(failed).flatten()
    )


def sampled_law(mapping: Mapping, device: Device, acceptance: float) -> Acceptance:
    """Where the device's closed loop leaves a cell, as the kernels take it.

    Raises
    ------
    InvalidValueError
        A range that is no fraction, or a loop whose result a table cannot show; see `device.programming.acceptance`.
    """
    window = mapping.g_min_siemens, mapping.g_max_siemens
    law = device.programming.acceptance_law(acceptance, device.update, window)
    return Acceptance(
        ClosedLoop(*device.programming.kernel_coefficients(), acceptance),
        law.first_siemens,
        law.step_siemens,
        law.quantiles.float().contiguous().numpy(),
        (law.pulses * PULSE_UNIT).round().to(torch.int32).contiguous().numpy(),
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
