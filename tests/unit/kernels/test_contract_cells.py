"""The records of the verbs on single cells, and what a device hands out for them."""

from __future__ import annotations

import pytest
import torch

from ohmnia.array.programming import closed_loop
from ohmnia.device import AbstractClosedLoop, Device
from ohmnia.kernels import Acceptance, ClosedLoop, Member, Targets
from ohmnia.kernels._contract_cells import CellVerbs


def test_the_verbs_on_cells_are_part_of_the_contract() -> None:
    assert CellVerbs in Member.__mro__


@pytest.mark.parametrize("record", [Acceptance, ClosedLoop, Targets])
def test_records_are_frozen(record: type) -> None:
    made = record(*range(len(record._fields)))
    with pytest.raises(AttributeError):
        setattr(made, record._fields[0], 1)


def test_a_law_hands_out_what_the_kernels_take(device: Device) -> None:
    assert isinstance(device.programming, AbstractClosedLoop)
    loop = closed_loop(device.programming, 0.02)
    assert len(loop.low) == len(loop.high) == len(loop.limits) + 1
    for target in (9e-6, *loop.limits, *(loop.limits * (1 + 1e-9)), 88e-6):
        row = int((loop.limits < target).sum())
        own = device.programming.bounds(torch.tensor([target], dtype=torch.float64))
        assert (loop.low[row], loop.high[row]) == tuple(bound.item() for bound in own)
    assert type(loop.max_pulses) is int
