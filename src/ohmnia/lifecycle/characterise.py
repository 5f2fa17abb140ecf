"""What the device does by itself: pulse response, closed-loop programming, retention. For the report and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._units import MICRO
from ohmnia.device import Device, RestingCells
from ohmnia.random import Stream, normal

RAMP_PULSES = 400
ALTERNATING_PULSES = 500


@final
@dataclass(frozen=True, slots=True)
class ProgrammingStatistics:
    """Closed-loop programming at one acceptance range.

    Parameters
    ----------
    target_siemens, sigma_siemens, iterations
        Per level: target, standard deviation of the error, mean pulses.
    failed_fraction
        Cells that never came into the range, of all.
    sigma_at_50_siemens
        Standard deviation at 50 uS.
    """

    target_siemens: Float[Tensor, " levels"]
    sigma_siemens: Float[Tensor, " levels"]
    iterations: Float[Tensor, " levels"]
    failed_fraction: float
    sigma_at_50_siemens: float


def pulse_response(device: Device, cells: int, stream: Stream) -> Float[Tensor, "pulses cells"]:
    """Conductance after each pulse of the published sequence: 400 up, 400 down, twice, then 500 alternating."""
    parameters = device.update.sample((cells,), stream.child("cells"))
    g = device.update.symmetry_points(parameters)
    directions = ([1] * RAMP_PULSES + [-1] * RAMP_PULSES) * 2 + [1, -1] * (ALTERNATING_PULSES // 2)
    trace = torch.empty(len(directions), cells, dtype=torch.float64)
    index, noise = torch.arange(cells), stream.child("pulses")
    for k, direction in enumerate(directions):
        g = device.update.pulse(g, direction, parameters.double(), normal(noise, index, k))
        trace[k] = g
    return trace


def _write(device: Device, targets: Tensor, acceptance: float, stream: Stream) -> tuple[Tensor, Tensor, Tensor]:
    parameters = device.update.sample((len(targets),), stream.child("cells"))
    start = device.update.symmetry_points(parameters)
    result = device.programming.program(start, targets, parameters, acceptance, device.update, stream.child("write"))
    return result.conductance - targets, result.pulses, result.failed


def programming(
    device: Device, acceptance: float, levels: int, cells: int, cells_at_50: int, stream: Stream
) -> ProgrammingStatistics:
    """Program `cells` fresh cells to each of `levels` levels over the window, and `cells_at_50` cells to 50 uS.

    Parameters
    ----------
    acceptance
        Acceptance range as a fraction of the target.
    """
    targets = torch.linspace(device.g_min_siemens, device.g_max_siemens, levels, dtype=torch.float64)
    error, pulses, failed = _write(device, targets.repeat_interleave(cells), acceptance, stream.child("levels"))
    middle = torch.full((cells_at_50,), 50 * MICRO, dtype=torch.float64)
    error_at_50, _, failed_at_50 = _write(device, middle, acceptance, stream.child("50 uS"))
    return ProgrammingStatistics(
        targets,
        error.reshape(levels, cells).std(1),
        pulses.double().reshape(levels, cells).mean(1),
        float(torch.cat([failed, failed_at_50]).double().mean()),
        float(error_at_50.std()),
    )


def retention(device: Device, ages_seconds: list[float], cells: int, stream: Stream) -> Float[Tensor, "ages cells"]:
    """Change of conductance of cells in mid-window at each of the rising ages, one coherent trajectory for each cell."""
    written = torch.full((cells,), (device.g_min_siemens + device.g_max_siemens) / 2, dtype=torch.float64)
    index, g, age = torch.arange(cells), written, 0.0
    own = normal(stream.child("own"), index)
    trace = torch.empty(len(ages_seconds), cells, dtype=torch.float64)
    for k, later in enumerate(ages_seconds):
        resting = RestingCells(g, written, torch.full_like(g, age), own, normal(stream.at(k), index))
        g = device.retention.relaxed(resting, later - age)
        trace[k], age = g - written, later
    return trace
