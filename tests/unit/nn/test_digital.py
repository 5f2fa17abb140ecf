"""torch layers of given parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers import values
from ohmnia.nn._digital import filled


def test_it_holds_what_is_given_and_draws_nothing() -> None:
    before = torch.get_rng_state()
    weight = values(0, 3, 2)
    layer = filled(nn.Linear, {"in_features": 2, "out_features": 3, "bias": False}, {"weight": weight, "bias": None})
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(layer.weight.detach(), weight)
    assert layer.weight.data_ptr() != weight.data_ptr()
    assert layer.weight.requires_grad


def test_missing_parameters_are_refused() -> None:
    with pytest.raises(RuntimeError, match="Missing key.*bias"):
        filled(nn.Linear, {"in_features": 2, "out_features": 3}, {"weight": values(0, 3, 2), "bias": None})
