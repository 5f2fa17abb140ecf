"""What every programming law keeps (cells that do not see each other, refusals), and every closed loop (range, counts)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.device import Device, ProgramResult
from ohmnia.device.programming._abstract import AbstractProgrammingLaw
from ohmnia.random import Stream, uniform

CELLS = 300
ACCEPTANCE = 0.02
STREAM = Stream.root(5)


class WritingLawContract:
    """A member inherits this and gives a fixture `law`; the open-loop law comes from `device`.

    `acceptance` is what its `program` is asked for.
    """

    acceptance: float | None = ACCEPTANCE

    @staticmethod
    def targets(device: Device, number: int = CELLS) -> Tensor:
        """Random conductances in the window."""
        span = device.g_max_siemens - device.g_min_siemens
        return device.g_min_siemens + span * uniform(STREAM.child("targets"), torch.arange(number))

    def write(
        self,
        law: AbstractProgrammingLaw,
        device: Device,
        target: Tensor,
        acceptance: float | None = None,
        start: Tensor | None = None,
    ) -> tuple[Tensor, ProgramResult]:
        """Program cells that stand at their symmetry points, or at `start`; returns where they stood, and the result."""
        parameters = device.update.sample(tuple(target.shape), STREAM.child("cells"))
        start = device.update.symmetry_points(parameters) if start is None else start
        acceptance = self.acceptance if acceptance is None else acceptance
        return start, law.program(start, target, parameters, acceptance, device.update, STREAM.child("write"))

    def test_same_stream_same_bits_another_stream_others(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        parameters = device.update.sample((CELLS,), STREAM)
        start = device.update.symmetry_points(parameters)
        runs = [law.program(start, target, parameters, self.acceptance, device.update, Stream.root(s)) for s in (1, 1, 2)]
        assert torch.equal(runs[0].conductance, runs[1].conductance)
        assert torch.equal(runs[0].pulses, runs[1].pulses)
        assert not torch.equal(runs[0].conductance, runs[2].conductance)

    def test_a_cell_does_not_see_the_others_of_its_batch(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        _, result = self.write(law, device, target)
        others = target.flip(0).clone()
        others[::3] = target[::3]
        _, changed = self.write(law, device, others)
        assert torch.equal(changed.conductance[::3], result.conductance[::3])
        assert torch.equal(changed.pulses[::3], result.pulses[::3])
        _, fewer = self.write(law, device, target[:100])
        assert torch.equal(fewer.conductance, result.conductance[:100])

    def test_inputs_are_left_alone(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        parameters = device.update.sample((CELLS,), STREAM)
        start = device.update.symmetry_points(parameters)
        copies = [t.clone() for t in (start, target, parameters)]
        law.program(start, target, parameters, self.acceptance, device.update, STREAM)
        assert all(torch.equal(t, copy) for t, copy in zip((start, target, parameters), copies, strict=True))

    def test_the_kind_of_number_is_kept(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        start, double = self.write(law, device, target)
        _, single = self.write(law, device, target, start=start.float())
        assert double.conductance.dtype == torch.float64
        assert single.conductance.dtype == torch.float32

    def test_no_cells_no_work(self, law: AbstractProgrammingLaw, device: Device) -> None:
        _, result = self.write(law, device, torch.zeros(0, dtype=torch.float64))
        assert result.conductance.shape == result.pulses.shape == result.reads.shape == result.failed.shape == (0,)

    @pytest.mark.parametrize("wrong", [0.0, -1e-6, 1.0, float("nan"), float("inf")])
    def test_a_target_that_no_pulse_reaches_is_refused(self, law: AbstractProgrammingLaw, device: Device, wrong: float) -> None:
        target = self.targets(device)
        target[7] = wrong
        with pytest.raises(InvalidValueError, match=r"target conductance = .* out of range; valid: .* uS"):
            self.write(law, device, target)


class ProgrammingLawContract(WritingLawContract):
    """The same for a closed loop."""

    def test_cells_end_inside_the_range_or_are_reported(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        for acceptance in (0.05, 0.02, 0.005):
            _, result = self.write(law, device, target, acceptance)
            inside = (result.conductance - target).abs() <= acceptance * target
            assert torch.equal(inside, ~result.failed)
            assert inside.double().mean() > 0.99

    def test_every_pulse_is_read_and_so_is_the_start(self, law: AbstractProgrammingLaw, device: Device) -> None:
        _, result = self.write(law, device, self.targets(device))
        assert torch.equal(result.reads, result.pulses + 1)
        assert result.pulses.dtype == torch.int64
        assert result.pulses.sum() > CELLS

    def test_a_cell_that_is_already_there_gets_no_pulse(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        offset = torch.linspace(-1.5, 1.5, CELLS, dtype=torch.float64) * ACCEPTANCE
        start, result = self.write(law, device, target, start=target * (1 + offset))
        there = offset.abs() <= ACCEPTANCE
        assert there.any()
        assert not there.all()
        assert torch.equal(result.pulses == 0, there)
        assert torch.equal(result.conductance[there], start[there])

    def test_a_tighter_range_takes_more_pulses(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device)
        pulses = [self.write(law, device, target, acceptance)[1].pulses.double().mean() for acceptance in (0.1, 0.03, 0.01)]
        assert pulses[0] < pulses[1] < pulses[2]

    def test_double_parameters_are_left_alone_too(self, law: AbstractProgrammingLaw, device: Device) -> None:
        parameters = device.update.sample((10,), STREAM).double()
        before = parameters.clone()
        law.program(
            device.update.symmetry_points(parameters), self.targets(device, 10), parameters, ACCEPTANCE, device.update, STREAM
        )
        assert torch.equal(parameters, before)

    @pytest.mark.parametrize("acceptance", [0.0, -0.02, 0.51, 2.0, float("nan"), float("inf")])
    def test_a_range_that_is_no_fraction_is_refused(self, law: AbstractProgrammingLaw, device: Device, acceptance: float) -> None:
        with pytest.raises(InvalidValueError, match=r"acceptance range = .* out of range; valid: 0 < range <= 0\.5"):
            self.write(law, device, self.targets(device), acceptance)

    def test_without_a_range_the_laws_own_is_kept(self, law: AbstractProgrammingLaw, device: Device) -> None:
        target = self.targets(device, 20)
        parameters = device.update.sample((20,), STREAM)
        start = device.update.symmetry_points(parameters)
        ranges = (None, law.acceptance_range)
        own, asked = (law.program(start, target, parameters, each, device.update, STREAM) for each in ranges)
        assert torch.equal(own.conductance, asked.conductance)
