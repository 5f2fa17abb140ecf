"""Switching time at a constant voltage, by quadrature.

    t = integral of d ln C / (d ln C / dt)

with the rate of `hopping_cell`, since the state alone sets the rate when the voltage stays.
"""

from __future__ import annotations

import math

import torch

from ohmnia._errors import InvalidValueError
from ohmnia.device.compact.hopping_cell import HoppingCell

_NODES = 2001


def switching_seconds(model: HoppingCell, volts: float, density_from: float, density_to: float) -> float:
    """Time that a cell takes from one density to another at a constant voltage.

    Parameters
    ----------
    model
        The cell.
    volts
        Above 0 to raise the density (SET), below 0 to lower it (RESET).
    density_from, density_to
        C (1/m^3).

    Raises
    ------
    InvalidValueError
        A voltage whose sign moves the density away from its goal.
    """
    if volts == 0 or (density_to > density_from) != (volts > 0):
        raise InvalidValueError(
            f"volts = {volts:g} does not take C from {density_from:.3g} to {density_to:.3g} / m^3; a positive voltage raises C."
        )
    start, end = math.log(density_from), math.log(density_to)
    nodes = torch.linspace(start, end, _NODES, dtype=torch.float64)
    time = 1.0 / model.static(torch.full_like(nodes, volts), nodes.exp()).log_rate
    weights = torch.ones_like(nodes)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return float((weights * time).sum() * (end - start) / (3 * (_NODES - 1)))
