"""Writing: the loop through a kernel is the device's own loop, and the sampled law is what the kernels take."""

from __future__ import annotations

import pytest
import torch

from helpers import make_tile, scatter, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import mapping
from ohmnia.array.programming import check_sampled, check_write, closed_loop, sampled_law, write, write_sampled
from ohmnia.device import AbstractClosedLoop, Device
from ohmnia.kernels import PULSE_UNIT
from ohmnia.random import Stream

STREAM = Stream.root(12)
KINDS = ["one-device", "differential"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("acceptance", [0.002, 0.05])
def test_the_kernel_s_loop_is_the_device_s_own(device: Device, kind: str, acceptance: float) -> None:
    tile = scatter(make_tile(device, (10, 12), kind=kind))
    target = tile.mapping.conductances(values(1, 10, 12, low=-0.9, high=0.9))
    law = device.programming
    assert isinstance(law, AbstractClosedLoop)
    expected = law.program(
        tile.conductance.flatten(), target.flatten(), tile.parameters.flatten(1), acceptance, device.update, STREAM
    )
    result = write(tile.cells, target, tile.law, closed_loop(law, acceptance), STREAM, 0, tile.kernel)
    assert torch.equal(result.pulses, expected.pulses)
    assert torch.equal(result.reads, expected.reads)
    assert torch.equal(result.failed, expected.failed)
    torch.testing.assert_close(result.conductance, expected.conductance, rtol=2e-6, atol=0)
    assert torch.equal(result.conductance, tile.conductance.flatten())


def test_the_sampled_law_spans_the_window(device: Device) -> None:
    tile = make_tile(device)
    law = sampled_law(device.programming, tile.mapping, device.update, 0.02)
    assert law.loop.acceptance == 0.02
    assert law.first == tile.mapping.g_min_siemens
    assert law.first + law.step * (len(law.quantiles) - 1) == pytest.approx(tile.mapping.g_max_siemens)
    solved = device.programming.acceptance_law(0.02, device.update, (law.first, tile.mapping.g_max_siemens))
    assert (law.pulses / PULSE_UNIT).flatten().tolist() == pytest.approx(solved.pulses.flatten().tolist(), abs=0.5 / PULSE_UNIT)


def test_the_expected_pulses_are_those_of_the_cells_that_are_written(device: Device) -> None:
    tile = make_tile(device, (10, 12))
    law = sampled_law(device.programming, tile.mapping, device.update, 0.02)
    weights = values(1, 10, 12, low=-0.9, high=0.9)
    first = write_sampled(tile.cells, weights, tile.mapping, law, STREAM, 0, tile.kernel)
    assert law.pulses.min() / PULSE_UNIT < first / 120 < law.pulses.max() / PULSE_UNIT
    assert write_sampled(tile.cells, weights, tile.mapping, law, STREAM, 0, tile.kernel) == 0


def test_writes_that_do_not_fit_are_refused() -> None:
    check_write(torch.zeros(4, 6), 4, 6, "pulses")
    with pytest.raises(InvalidValueError, match="4 x 6 needs 4"):
        check_write(torch.zeros(3, 6), 4, 6, "pulses")
    with pytest.raises(UnknownNameError, match="pulses"):
        check_write(torch.zeros(4, 6), 4, 6, "pulse")


def test_sampled_writes_that_cannot_be_are_refused(device: Device) -> None:
    layout = mapping(device, "differential", "mid-window")
    check_sampled(torch.ones(4, 6), layout, False)
    with pytest.raises(InvalidValueError, match="tile weight"):
        check_sampled(1.1 * torch.ones(4, 6), layout, False)
    with pytest.raises(InvalidValueError, match="Use mode = 'pulses'"):
        check_sampled(torch.ones(4, 6), layout, True)
