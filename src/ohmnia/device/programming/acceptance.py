r"""Where a closed loop of identical pulses leaves a cell: the absorption law of a Markov chain, solved and not simulated.

    F(e | g) = R(e | g) + int p(g' | g) F(e | g') dg'
    N(g)     = 1        + int p(g' | g) N(g') dg'

outside the acceptance range, where p is the density of one pulse towards the target, with an atom at either bound. The
integral is a sum over Gauss-Legendre nodes on both sides of the range (Nystrom), so that F at all nodes is one linear
system for each cell; the law is the mean over cells that stand for the technology's spread.

======== ============================================================================== =====
symbol   meaning                                                                        unit
======== ============================================================================== =====
g        conductance, outside the range                                                 S
e        final error, (G / target - 1) / acceptance, in [-1, 1]                         1
F        probability that a cell at g ends at an error of at most e                     1
R        probability that the next pulse does                                           1
N        mean number of pulses from g                                                   1
======== ============================================================================== =====

Limits: pulses must be normal between the bounds (linear in xi) and wide enough for the nodes, which `solve` checks; a final
error does not depend on the cell's own parameters, as it does a little, at wide ranges near the ends of the window.

References
----------
The law is that of `identical_pulses` (Falcone et al. 2025, Fig. 3); the method is the textbook one for integral equations of
the second kind.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.device.programming._abstract import AbstractClosedLoop, AcceptanceLaw
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream

TARGETS, STARTS, POINTS = 16, 8, 64
_NODES, _EDGES = 48, 32
_STRATA, _CANDIDATES = 8, 4096
_MASS_TOLERANCE = 0.1
_SMALL = 1e-3


def representative_cells(update: AbstractUpdateLaw) -> Float[Tensor, "parameters cells"]:
    """Open-loop parameters of 64 cells that stand for a technology: medians of strata in the ratio and the size of steps."""
    cells = update.sample((_CANDIDATES,), Stream.root(0).child("representative"))
    ratio = torch.argsort(cells[0] / cells[1], stable=True)
    strata = cells[:, ratio].reshape(len(cells), _STRATA, -1)
    size = torch.argsort(strata[0], dim=1, stable=True).expand_as(strata)
    ordered = torch.gather(strata, 2, size).reshape(len(cells), _STRATA, _STRATA, -1)
    return ordered[..., ordered.shape[-1] // 2].reshape(len(cells), -1)


def solve(loop: AbstractClosedLoop, acceptance: float, update: AbstractUpdateLaw, window: tuple[float, float]) -> AcceptanceLaw:
    """The acceptance law for targets all over a window.

    Parameters
    ----------
    loop
        The closed loop.
    acceptance
        A fraction of the target.
    update
        Law of a pulse.
    window
        Smallest and largest target, siemens.

    Raises
    ------
    InvalidValueError
        The range reaches a bound, or steps are too narrow for the nodes.
    """
    targets = torch.linspace(*window, TARGETS, dtype=torch.float64)
    quantiles = torch.empty(TARGETS, 2 * STARTS, POINTS + 1, dtype=torch.float64)
    pulses = torch.empty(TARGETS, 2 * STARTS, dtype=torch.float64)
    cells = representative_cells(update)
    limits, lows, highs = loop.target_rows
    for k, target in enumerate(targets.tolist()):
        low, high = lows[bisect_left(limits, target)], highs[bisect_left(limits, target)]
        chain = _Chain(target, acceptance, (low, high), (min(lows), max(highs)))
        chain.check()
        law = _absorption(chain, loop.parameters(cells, targets[k].expand(cells.shape[1:]), update), update)
        pulses[k] = law[:, -1]
        for start in range(2 * STARTS):
            quantiles[k, start] = _quantiles(law[start, :-1])
    return AcceptanceLaw(window[0], float(targets[1] - targets[0]), quantiles, pulses)


class _Chain(NamedTuple):
    """One target: its range, the bounds of its pulses, and the bounds of all pulses, between which a cell may start."""

    target: float
    acceptance: float
    bounds: tuple[float, float]
    reach: tuple[float, float]

    @property
    def edges(self) -> tuple[float, float]:
        """Ends of the range."""
        return self.target * (1.0 - self.acceptance), self.target * (1.0 + self.acceptance)

    def check(self) -> None:
        """Refuse a range that reaches a bound."""
        if not self.bounds[0] < self.edges[0] < self.edges[1] < self.bounds[1]:
            raise InvalidValueError(
                f"An acceptance range of {self.acceptance:g} around {self.target * 1e6:.4g} uS reaches a bound of the closed "
                f"loop ({self.bounds[0] * 1e6:g} to {self.bounds[1] * 1e6:g} uS). Program with mode = 'pulses', or to a "
                "narrower range."
            )


def _quantiles(distribution: Tensor) -> Tensor:
    probabilities = np.linspace(0.0, 1.0, POINTS + 1)
    edges = np.linspace(-1.0, 1.0, _EDGES + 1)
    return torch.from_numpy(np.interp(probabilities, (distribution / distribution[-1]).numpy(), edges))


def _nodes(edge: float, bound: float) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes and weights between the range and a bound."""
    x, weight = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(_NODES))
    return (edge + bound) / 2 + abs(bound - edge) / 2 * x, abs(bound - edge) / 2 * weight


def _absorption(chain: _Chain, parameters: Tensor, update: AbstractUpdateLaw) -> Tensor:
    """F at the edges of e and N, from every start, mean over the cells: (2 * STARTS, edges + 1)."""
    (low, high), (below, above), target = chain.bounds, chain.edges, chain.target
    (left, left_weight), (right, right_weight) = _nodes(below, low), _nodes(above, high)
    nodes, weights = torch.cat([left, right]), torch.cat([left_weight, right_weight])
    way = (torch.arange(STARTS, dtype=torch.float64) / (STARTS - 1)) ** 2
    starts = torch.cat([below - way * (below - chain.reach[0]), above + way * (chain.reach[1] - above)])
    atoms = torch.tensor(chain.bounds, dtype=torch.float64)
    mean, sigma = _pulse_moments(torch.cat([nodes, atoms, starts]), target, parameters, update)
    density = torch.exp(-(((nodes - mean) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi)) * weights
    ends = torch.cat([torch.special.ndtr((low - mean) / sigma), torch.special.ndtr((mean - high) / sigma)], -1)
    edges = target * (1.0 + chain.acceptance * torch.linspace(-1.0, 1.0, _EDGES + 1, dtype=torch.float64))
    within = torch.special.ndtr((edges - mean) / sigma)
    move, enter = torch.cat([density, ends], -1), within - within[..., :1]
    mass = move.sum(-1, keepdim=True) + enter[..., -1:]
    if not float((mass - 1.0).abs().max()) < _MASS_TOLERANCE:
        raise InvalidValueError(
            f"The steps near {target * 1e6:.4g} uS are too narrow to be sampled by a table (a pulse keeps "
            f"{float(mass.min()):.3g} to {float(mass.max()):.3g} of its probability; valid: 0.9 to 1.1). "
            "Program with mode = 'pulses'."
        )
    move, known = move / mass, torch.cat([enter / mass, torch.ones_like(mass)], -1)
    count = len(nodes) + 2
    inner = torch.linalg.solve(torch.eye(count, dtype=torch.float64) - move[:, :count], known[:, :count])
    return (known[:, count:] + move[:, count:] @ inner).mean(0)


def _pulse_moments(g: Tensor, target: float, parameters: Tensor, update: AbstractUpdateLaw) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the conductance after a pulse towards the target, (cells, conductances, 1)."""
    shape = (parameters.shape[1], len(g))
    own, at = parameters[:, :, None].expand(-1, *shape), g.expand(shape)
    direction, zero = torch.sign(target - at), torch.zeros(shape, dtype=torch.float64)
    mean = update.pulse(at, direction, own, zero)
    # A small normal stays away from the bounds, where a large one is cut.
    sigma = (update.pulse(at, direction, own, zero + _SMALL) - mean).abs() / _SMALL
    return mean[..., None], sigma.clamp(min=1e-12)[..., None]
