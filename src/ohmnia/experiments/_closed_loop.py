r"""What the open loop says about the closed loop, without a closed-loop simulation.

    sigma = a G_t / sqrt(3),   iterations = approach + 1 / p,   p = 2 a G_t f(0)

======== ================================================================================= =====
symbol   meaning                                                                           unit
======== ================================================================================= =====
a, G_t   acceptance range as a fraction of the target, target                              1, S
approach mean pulses from the cell's symmetry point to the target, steps without noise     1
f(0)     density at the target of a cell that is pulsed towards it for ever                1/S
p        chance of a pulse to end inside the range                                         1
======== ================================================================================= =====

f is the stationary density of x -> x + s_up (1 + n_up xi) for x < 0 and x -> x - s_down (1 + n_down xi) for x > 0, with the
steps and the noises of a cell at the target. An error that is uniform in the range has the deviation above. Limits: a range
that is small against a step, and steps that hardly change within one step.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device import Device
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.random import Stream

_POINTS, _REACH, _ROUNDS, _MOST_PULSES = 161, 4.0, 40, 2000


def predicted_sigma(target: Float[np.ndarray, " levels"], acceptance: float) -> Float[np.ndarray, " levels"]:
    """a G_t / sqrt(3)."""
    return acceptance * target / math.sqrt(3)


def predicted_iterations(
    device: Device, target_siemens: Float[Tensor, " levels"], acceptance: float, cells: int, stream: Stream
) -> Float[np.ndarray, " levels"] | None:
    """Mean pulses to each target, over that many cells of the open loop; None for another closed loop than identical pulses."""
    loop = device.programming
    if not isinstance(loop, IdenticalPulses):
        return None
    own = device.update.sample((cells,), stream)
    start = device.update.symmetry_points(own)
    found = []
    for target in target_siemens.double():
        goal = target.expand(cells)
        wide = loop.parameters(own, goal, device.update)
        chance = 2 * acceptance * target * _density(device, goal, wide)
        found.append(float((_approach(device, start, goal, wide) + 1 / chance.clamp(max=1.0)).mean()))
    return np.array(found)


def _steps(device: Device, g: Tensor, wide: Tensor, direction: int) -> tuple[Tensor, Tensor]:
    """Mean step of a pulse at `g`, and its standard deviation."""
    zero, one = torch.zeros_like(g), torch.full_like(g, 0.1)
    mean = device.update.pulse(g, direction, wide, zero)
    return (mean - g).abs(), (device.update.pulse(g, direction, wide, one) - mean).abs() / 0.1


def _approach(device: Device, start: Tensor, goal: Tensor, wide: Tensor) -> Tensor:
    """Pulses without noise that carry each cell to its target."""
    g, pulses = start.double().clone(), torch.zeros_like(goal)
    direction = torch.sign(goal - g)
    for _ in range(_MOST_PULSES):
        short = (goal - g) * direction > 0
        if not short.any():
            break
        g = torch.where(short, device.update.pulse(g, direction, wide, torch.zeros_like(g)), g)
        pulses += short
    # The pulse that crosses the target is the first of those that may land.
    return (pulses - 1).clamp(min=0)


def _density(device: Device, goal: Tensor, wide: Tensor) -> Tensor:
    """f(0) of each cell, by iterating the density on a grid."""
    (up, noise_up), (down, noise_down) = (_steps(device, goal, wide, sign) for sign in (1, -1))
    unit = torch.maximum(torch.maximum(up, down), torch.maximum(noise_up, noise_down))[:, None, None]
    x = torch.linspace(-_REACH, _REACH, _POINTS, dtype=torch.float64)
    width = float(x[1] - x[0])
    from_, to = x[None, None, :], x[None, :, None]
    mean = torch.where(from_ < 0, up[:, None, None] / unit, -down[:, None, None] / unit)
    sigma = torch.where(from_ < 0, noise_up[:, None, None] / unit, noise_down[:, None, None] / unit).clamp(min=width)
    kernel = torch.exp(-0.5 * ((to - from_ - mean) / sigma) ** 2) / sigma
    kernel = kernel / kernel.sum(1, keepdim=True)
    density = torch.full((len(goal), _POINTS, 1), 1 / _POINTS, dtype=torch.float64)
    for _ in range(_ROUNDS):
        density = kernel @ density
    return density[:, _POINTS // 2, 0] / width / unit[:, 0, 0]
