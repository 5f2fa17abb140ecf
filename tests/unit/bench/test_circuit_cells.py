"""Figures of physical cells."""

from __future__ import annotations

import torch

from ohmnia.bench.circuit_cells import example_product
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")


def test_both_schemes_pulse_the_same_cells() -> None:
    half, gate = (example_product(MODEL, scheme, 5, 3) for scheme in ("half-voltage", "gate"))
    assert torch.equal(half.ups, gate.ups) and torch.equal(half.downs, gate.downs)
    assert int(half.ups.sum() + half.downs.sum()) > 0
