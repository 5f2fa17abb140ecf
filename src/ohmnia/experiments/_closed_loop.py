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

f is the stationary density of a cell that gets a SET pulse below the target and a RESET pulse above it, of the open-loop
law between the closed loop's bounds. An error that is uniform in the range has the deviation above. Limits: a range that is
small against a step; a cell that has forgotten where it came from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device import Device
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.random import Stream

# Against 120 points and 150 rounds, iterations change by less than 1 %.
_POINTS, _CROWDING, _ROUNDS, _MOST_PULSES = 40, 5.0, 30, 2000


def predicted_sigma(target: Float[np.ndarray, " levels"], acceptance: float) -> Float[np.ndarray, " levels"]:
    """a G_t / sqrt(3)."""
    return acceptance * target / math.sqrt(3)


def predicted_iterations(
    device: Device, target_siemens: Float[Tensor, " levels"], acceptances: Sequence[float], cells: int, stream: Stream
) -> list[Float[np.ndarray, " levels"] | None]:
    """Mean pulses to each target at each acceptance range, over that many cells of the open loop.

    Returns
    -------
    list
        One for each range; None for another closed loop than that of identical pulses.
    """
    loop = device.programming
    if not isinstance(loop, IdenticalPulses):
        return [None] * len(acceptances)
    own = device.update.sample((cells,), stream)
    start, found = device.update.symmetry_points(own), []
    for target in target_siemens.double():
        goal = target.expand(cells)
        wide = loop.parameters(own, goal, device.update)
        landing = 2 * target * _density(device, goal, loop.bounds(goal), wide)
        approach = _approach(device, start, goal, wide)
        found.append([float((approach + 1 / (acceptance * landing).clamp(max=1.0)).mean()) for acceptance in acceptances])
    return list(np.array(found).T)


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


def _density(device: Device, goal: Tensor, bounds: tuple[Tensor, Tensor], wide: Tensor) -> Tensor:
    """f(0) of each cell, by iterating the density on a grid that is crowded around the target."""
    edges = torch.linspace(0, 1, _POINTS + 1, dtype=torch.float64).mul(_CROWDING).sinh() / math.sinh(_CROWDING)
    low, high = (bound[:, None] for bound in bounds)
    below, above = goal[:, None] - (goal[:, None] - low) * edges.flip(0), goal[:, None] + (high - goal[:, None]) * edges
    width = torch.cat([below.diff(), above.diff()], 1)
    g = torch.cat([below[:, :-1], above[:, :-1]], 1) + width / 2
    direction, cells = torch.sign(goal[:, None] - g), wide[..., None]
    mean = device.update.pulse(g, direction, cells, torch.zeros_like(g))
    # The step is linear in xi up to the bounds, which a small xi does not meet.
    sigma = 10 * (device.update.pulse(g, direction, cells, torch.full_like(g, 0.1)) - mean).abs()
    sigma = torch.maximum(sigma, width)[:, None, :]
    chance = torch.exp(-0.5 * ((g[:, :, None] - mean[:, None, :]) / sigma) ** 2) * width[:, :, None]
    chance = chance / chance.sum(1, keepdim=True)
    share = torch.full((*g.shape, 1), 1 / g.shape[1], dtype=torch.float64)
    for _ in range(_ROUNDS):
        share = chance @ share
    density = share[..., 0] / width
    return density[:, _POINTS - 1 : _POINTS + 1].mean(1)
