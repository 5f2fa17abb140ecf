"""Differential pairs: each layout against the nodal analysis of the array that it stands for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nodal
from ohmnia.array.circuit import Wires, effective_pairs


@pytest.mark.parametrize("drive", ["rows", "columns"])
@pytest.mark.parametrize("pairs", ["interleaved-columns", "interleaved-rows", "separate"])
def test_layout_is_the_array_it_stands_for(pairs: str, drive: str) -> None:
    rng = np.random.default_rng(0)
    plus, minus = rng.uniform(9e-6, 88e-6, (2, 4, 5))
    wires = Wires(row_ohm=50.0, column_ohm=80.0, drive_ohm=10.0, pairs=pairs)  # type: ignore[arg-type]
    if pairs == "separate":
        exact = nodal.effective(plus, wires, drive) - nodal.effective(minus, wires, drive)
    else:
        wide = pairs == "interleaved-columns"
        array = np.empty((4, 10) if wide else (8, 5))
        picks = [(slice(None), slice(k, None, 2)) if wide else (slice(k, None, 2), slice(None)) for k in range(2)]
        array[picks[0]], array[picks[1]] = plus, minus
        whole = nodal.effective(array, wires, drive)
        exact = whole[picks[0]] - whole[picks[1]]
    found = effective_pairs(torch.from_numpy(plus), torch.from_numpy(minus), wires, drive)
    assert np.abs(found.numpy() - exact).max() < 1e-9 * np.abs(exact).max()
