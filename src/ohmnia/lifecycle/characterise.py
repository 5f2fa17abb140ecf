"""What the device does by itself: pulse response, closed-loop programming, retention. For the report and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ohmnia._errors import require
from ohmnia._units import MICRO
from ohmnia.device import Device, RestingCells
from ohmnia.random import Stream, normal


@final
@dataclass(frozen=True, slots=True)
class PulseSequence:
    """Potentiation and depression in turn, then single pulses of alternating sign; SET comes first in both.

    Parameters
    ----------
    ramp, cycles, alternating
        Pulses of a ramp, pairs of ramps, alternating pulses.
    """

    ramp: int = 400
    cycles: int = 2
    alternating: int = 500

    def __post_init__(self) -> None:
        require(self.ramp >= 2, "pulses of a ramp", self.ramp, "2 or more")
        require(self.cycles >= 1, "cycles", self.cycles, "1 or more")
        require(self.alternating >= 8, "alternating pulses", self.alternating, "8 or more")

    @property
    def ramps(self) -> int:
        """Pulses before the alternating ones."""
        return 2 * self.cycles * self.ramp

    @property
    def pulses(self) -> int:
        """In all."""
        return self.ramps + self.alternating

    def directions(self) -> list[int]:
        """+1 (SET) or -1 (RESET) of every pulse."""
        ramps = ([1] * self.ramp + [-1] * self.ramp) * self.cycles
        return ramps + [1 if k % 2 == 0 else -1 for k in range(self.alternating)]


# Falcone et al. (2025), Fig. 5: 4 x 400 pulses, then 500.
PUBLISHED_SEQUENCE = PulseSequence()


@final
@dataclass(frozen=True, slots=True)
class WrittenLevels:
    """Cells that a closed loop brought to their levels.

    Parameters
    ----------
    target_siemens
        The levels.
    error_siemens, pulses
        Of each cell.
    failed
        Cells that stayed outside the acceptance range.
    """

    target_siemens: Float[Tensor, " levels"]
    error_siemens: Float[Tensor, "levels cells"]
    pulses: Float[Tensor, "levels cells"]
    failed: Bool[Tensor, "levels cells"]


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


def pulse_response(
    device: Device, cells: int, stream: Stream, sequence: PulseSequence = PUBLISHED_SEQUENCE
) -> Float[Tensor, "pulses cells"]:
    """Conductance (siemens) of fresh cells after each open-loop pulse of a sequence."""
    parameters = device.update.sample((cells,), stream.child("cells"))
    g = device.update.symmetry_points(parameters)
    trace = torch.empty(sequence.pulses, cells, dtype=torch.float64)
    index, noise = torch.arange(cells), stream.child("pulses")
    for k, direction in enumerate(sequence.directions()):
        g = device.update.pulse(g, direction, parameters.double(), normal(noise, index, k))
        trace[k] = g
    return trace


def write_levels(
    device: Device, target_siemens: Float[Tensor, " levels"], cells: int, acceptance: float, stream: Stream
) -> WrittenLevels:
    """Program `cells` fresh cells to each level, pulse by pulse.

    Parameters
    ----------
    acceptance
        Acceptance range as a fraction of the target.
    """
    goal = target_siemens.double().repeat_interleave(cells)
    parameters = device.update.sample((len(goal),), stream.child("cells"))
    start = device.update.symmetry_points(parameters)
    done = device.programming.program(start, goal, parameters, acceptance, device.update, stream.child("write"))
    error, pulses, failed = (part.reshape(-1, cells) for part in (done.conductance - goal, done.pulses.double(), done.failed))
    return WrittenLevels(target_siemens.double(), error, pulses, failed)


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
    found = write_levels(device, targets, cells, acceptance, stream.child("levels"))
    at_50 = write_levels(device, torch.tensor([50 * MICRO]), cells_at_50, acceptance, stream.child("50 uS"))
    failed = torch.cat([found.failed.flatten(), at_50.failed.flatten()])
    return ProgrammingStatistics(
        targets,
        found.error_siemens.std(1),
        found.pulses.mean(1),
        float(failed.double().mean()),
        float(at_50.error_siemens.std()),
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
