"""A peer that is ohmnia itself: it agrees, unless its steps are made wrong."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from ohmnia.bench.cases import case, make_tile, start_weights, weight_change
from ohmnia.bench.inputs import update_inputs
from ohmnia.bench.moments import Samples
from ohmnia.bench.works import Case, ForwardSpec, Spec, StepSpec, UpdateSpec


def samples(spec: UpdateSpec, repeats: int, seed: int, step: float = 1.0) -> Samples:
    """Weight changes of tiles of the same cells, whose noise depends on the seed and whose steps are scaled."""
    cells, tile = make_tile(spec.device, spec.side), make_tile(spec.device, spec.side, seed=seed)
    tile.parameters.copy_(cells.parameters)
    tile.parameters[[0, 1, 4]] *= step
    start, (x, d) = start_weights(cells), update_inputs(spec.side, spec.batch, spec.span)
    changes = np.stack([weight_change(tile, start, spec).flatten().numpy() for _ in range(repeats)])
    return Samples(changes, -(d.T @ x).flatten().double().numpy())


@dataclass
class Mirror:
    """ohmnia as its own peer; what it is asked is written down."""

    step: float = 1.0
    name: str = "mirror 1.0"
    threads: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        self.asked: list[int] = []

    def case(self, spec: Spec) -> Case | None:
        return None if isinstance(spec, ForwardSpec) else case(spec)

    def use_threads(self, count: int) -> None:
        self.asked.append(count)

    def update_samples(self, spec: UpdateSpec, repeats: int) -> tuple[Samples, Samples]:
        small = dataclasses.replace(spec, side=spec.moments_side)
        return samples(small, repeats, seed=1), samples(small, repeats, seed=2, step=self.step)


TINY_UPDATE = UpdateSpec(0.3, side=12, batch=4, moments_side=12)
TINY_STEP = StepSpec("agad", preset=False, side=12, batch=3)
