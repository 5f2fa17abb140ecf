"""What wires alone take from a 64 x 64 array, against independent figures (exact solves of another code; 10 %: few draws)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ohmnia.array.circuit import Wires, effective_matrix, effective_pairs

LOW, HIGH = 9e-6, 88.2e-6
MIDDLE, HALF = (HIGH + LOW) / 2, (HIGH - LOW) / 2
SIZE, SEEDS = 64, 4


def segments(ohm: float) -> Wires:
    return Wires(row_ohm=ohm, column_ohm=ohm)


def draws(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    shapes = ((SIZE, SIZE), (500, SIZE), (500, SIZE))
    weights, inputs, others = (torch.from_numpy(rng.uniform(-1, 1, shape)) for shape in shapes)
    return weights, inputs, others


def rms(value: Tensor) -> float:
    return float(value.square().mean().sqrt())


@pytest.mark.parametrize(("ohm", "loss"), [(0.35, 0.045), (1.0, 0.117), (2.0, 0.21)])
def test_current_loss(ohm: float, loss: float) -> None:
    rng = np.random.default_rng(0)
    conductance = torch.from_numpy(rng.uniform(9e-6, 88e-6, (8, SIZE, SIZE)))
    effective = effective_matrix(conductance, segments(ohm))
    assert 1 - float(effective.sum() / conductance.sum()) == pytest.approx(loss, rel=0.03)


def digital(weights: Tensor, inputs: Tensor, wires: Wires) -> Tensor:
    currents = inputs @ effective_matrix(MIDDLE + HALF * weights, wires)
    return (currents - MIDDLE * inputs.sum(1, keepdim=True)) / HALF


def column(weights: Tensor, inputs: Tensor, wires: Wires) -> Tensor:
    cells = torch.cat([MIDDLE + HALF * weights, torch.full((SIZE, 1), MIDDLE, dtype=torch.float64)], 1)
    currents = inputs @ effective_matrix(cells, wires)
    return (currents[:, :-1] - currents[:, -1:]) / HALF


def pairs(weights: Tensor, inputs: Tensor, wires: Wires) -> Tensor:
    plus, minus = (LOW + 2 * HALF * part.clamp(min=0) for part in (weights, -weights))
    return inputs @ effective_pairs(plus, minus, wires) / (2 * HALF)


@pytest.mark.parametrize(
    ("reference", "errors"),
    [(digital, (0.288, 0.787, 1.352)), (column, (0.153, 0.408, 0.704)), (pairs, (0.081, 0.220, 0.407))],
)
def test_error_of_a_product(reference, errors: tuple[float, ...]) -> None:
    for ohm, expected in zip((0.35, 1.0, 2.0), errors, strict=True):
        found = [rms(reference(w, x, segments(ohm)) - x @ w) for w, x, _ in map(draws, range(SEEDS))]
        assert np.mean(found) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("ohm", "expected"), [(0.35, 0.063), (1.0, 0.175), (2.0, 0.324)])
def test_error_after_scale_and_sum_for_each_output(ohm: float, expected: float) -> None:
    found = []
    for weights, inputs, others in map(draws, range(SEEDS)):
        terms = [
            torch.stack([digital(weights, x, segments(ohm)), x.sum(1, keepdim=True).expand(-1, SIZE)]) for x in (inputs, others)
        ]
        fit = torch.linalg.lstsq(terms[1].permute(2, 1, 0), (others @ weights).T[..., None]).solution
        found.append(rms((terms[0].permute(2, 1, 0) @ fit)[..., 0].T - inputs @ weights))
    assert np.mean(found) == pytest.approx(expected, rel=0.1)
