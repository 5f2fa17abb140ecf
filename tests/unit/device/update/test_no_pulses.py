"""A technology without pulses: written, read and aged, but every pulse is refused with the fix."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import ohmnia
from helpers import values
from ohmnia._errors import StateError
from ohmnia.array import Periphery, PulseScheme, Tile, mapping
from ohmnia.device.update.no_pulses import NoPulses
from ohmnia.random import Stream

LAW = NoPulses("bare", 2e-6)


def test_cells_have_no_parameters_and_start_where_they_are_told() -> None:
    parameters = LAW.sample((2, 3), Stream.root(0))
    assert parameters.shape == (0, 2, 3)
    assert torch.equal(LAW.symmetry_points(parameters), torch.full((2, 3), 2e-6, dtype=torch.float64))


@pytest.mark.parametrize(
    "call",
    [
        lambda: LAW.symmetry_point_siemens,
        lambda: LAW.step_siemens,
        lambda: LAW.kernel_coefficients(),
        lambda: LAW.pulse(torch.zeros(1), 1, torch.zeros(0, 1), torch.zeros(1)),
        lambda: LAW.widened(torch.zeros(0, 1), 1e-6, 2e-6, 1.0),
        lambda: LAW.weakened(torch.zeros(0, 1), torch.ones(1)),
    ],
)
def test_what_needs_a_pulse_is_refused_with_the_fix(call: Callable[[], object]) -> None:
    with pytest.raises(StateError, match=r"'bare' has no update law.*mid-window.*\[laws.update\]"):
        call()


@pytest.mark.parametrize("name", ["wan-2022", "pcm"])
def test_an_array_of_such_cells_is_written_read_and_aged_but_does_not_learn(name: str) -> None:
    device = ohmnia.resolve(ohmnia.technology(name))
    with pytest.raises(StateError, match="symmetry point"):
        mapping(device, "one-device", "symmetry-point")
    for kind in ("one-device", "differential"):
        tile = Tile((8, 6), device, mapping(device, kind, "mid-window"), Periphery(), Stream.root(1))
        assert torch.equal(tile.conductance, torch.full_like(tile.conductance, device.g_min_siemens))
        tile.program(values(0, 8, 6))
        tile.advance(3600.0)
        assert torch.isfinite(tile.mvm(values(1, 2, 6))).all()
        with pytest.raises(StateError, match="no update law"):
            tile.update(values(2, 1, 6), values(3, 1, 8), 0.1, PulseScheme())
