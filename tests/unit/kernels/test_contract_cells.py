"""The records of the verbs on single cells, and what a device hands out for them."""

from __future__ import annotations

import pytest

from ohmnia.device import Device
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
    loop = ClosedLoop(*device.programming.kernel_coefficients(), device.programming.acceptance_range)
    assert (loop.low, loop.high) == (device.programming.g_low_siemens, device.programming.g_high_siemens)
    assert (loop.step_factor, loop.max_pulses) == (device.programming.step_factor, device.programming.max_pulses)
    assert type(loop.max_pulses) is int
