"""What every update law keeps: steps, symmetry points, purity, one number for each cell."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

import tolerances
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream, normal_like

STREAM = Stream.root(11)
CELLS = 400


class UpdateLawContract:
    """A member inherits this and gives a fixture `law`."""

    @staticmethod
    def cells(law: AbstractUpdateLaw, number: int = CELLS) -> tuple[Tensor, Tensor]:
        """Parameters of many cells, and their symmetry points, float64."""
        parameters = law.sample((number,), STREAM).double()
        return parameters, law.symmetry_points(parameters)

    def test_one_row_of_finite_parameters_for_each_cell(self, law: AbstractUpdateLaw) -> None:
        parameters = law.sample((3, 4, 5), STREAM)
        assert parameters.shape[1:] == (3, 4, 5)
        assert torch.isfinite(parameters).all()
        assert law.symmetry_points(parameters).shape == (3, 4, 5)

    def test_cells_depend_on_the_stream_and_their_number_only(self, law: AbstractUpdateLaw) -> None:
        flat = law.sample((12,), STREAM)
        assert torch.equal(law.sample((3, 4), STREAM).flatten(1), flat)
        assert torch.equal(law.sample((40,), STREAM)[:, :12], flat)

    def test_steps_up_and_down_are_equal_at_the_symmetry_point(self, law: AbstractUpdateLaw) -> None:
        parameters, g = self.cells(law)
        zero = torch.zeros_like(g)
        up, down = law.pulse(g, 1, parameters, zero) - g, g - law.pulse(g, -1, parameters, zero)
        assert float(up.min()) > 0
        assert torch.allclose(up, down, rtol=1e-6, atol=0.0)

    def test_the_mean_symmetry_point_is_the_stated_one(self, law: AbstractUpdateLaw) -> None:
        _, g = self.cells(law, 20_000)
        tolerance = tolerances.of_mean(float(g.std()), len(g)) + 1e-6 * law.symmetry_point_siemens
        assert abs(float(g.mean()) - law.symmetry_point_siemens) < tolerance

    def test_the_stated_step_is_that_of_a_cell_like_all_others(self, law: AbstractUpdateLaw) -> None:
        spreads = {field.name: 0.0 for field in dataclasses.fields(law) if field.name.endswith("_spread")}
        even = dataclasses.replace(law, **spreads)
        parameters, g = self.cells(even, 1)
        step = even.pulse(g, 1, parameters, torch.zeros_like(g)) - g
        assert float(step) == pytest.approx(law.step_siemens, rel=1e-5)

    def test_set_raises_and_reset_lowers(self, law: AbstractUpdateLaw) -> None:
        parameters, g = self.cells(law)
        zero = torch.zeros_like(g)
        # Halfway to where a pulse leads is inside the bounds of any cell.
        for start in (g, *((g + law.pulse(g, way, parameters, zero)) / 2 for way in (1, -1))):
            assert (law.pulse(start, 1, parameters, zero) > start).all()
            assert (law.pulse(start, -1, parameters, zero) < start).all()

    def test_a_pulse_is_one_function_of_each_cell(self, law: AbstractUpdateLaw) -> None:
        parameters, g = self.cells(law, 24)
        xi = normal_like(STREAM.child("xi"), (24,))
        direction = torch.where(torch.arange(24) % 3 > 0, 1, -1)
        together = law.pulse(g, direction, parameters, xi)
        for k in range(24):
            alone = law.pulse(g[k : k + 1], int(direction[k]), parameters[:, k : k + 1], xi[k : k + 1])
            assert torch.equal(alone, together[k : k + 1])
        square = law.pulse(g.reshape(4, 6), direction.reshape(4, 6), parameters.reshape(-1, 4, 6), xi.reshape(4, 6))
        assert torch.equal(square.flatten(), together)

    def test_single_precision_agrees_to_rounding(self, law: AbstractUpdateLaw) -> None:
        parameters, g = self.cells(law)
        xi = normal_like(STREAM.child("xi"), (CELLS,))
        for direction in (1, -1):
            exact = law.pulse(g, direction, parameters, xi)
            single = law.pulse(g.float(), direction, parameters.float(), xi.float())
            # A few operations of 2**-24 each, on numbers of the size of the bounds.
            assert torch.allclose(single.double(), exact, rtol=2e-6, atol=0.0)

    def test_inputs_are_left_alone(self, law: AbstractUpdateLaw) -> None:
        parameters, g = self.cells(law)
        xi = normal_like(STREAM.child("xi"), (CELLS,))
        copies = [t.clone() for t in (g, parameters, xi)]
        law.pulse(g, 1, parameters, xi)
        law.symmetry_points(parameters)
        assert all(torch.equal(t, copy) for t, copy in zip((g, parameters, xi), copies, strict=True))

    def test_stronger_pulses_act_on_the_same_cells(self, law: AbstractUpdateLaw) -> None:
        parameters, _ = self.cells(law)
        before = parameters.clone()
        wide = law.widened(parameters, 1e-6, 200e-6, 0.7)
        assert torch.equal(parameters, before)
        assert wide.shape == parameters.shape
        g = law.symmetry_points(wide)
        zero = torch.zeros_like(g)
        up, down = law.pulse(g, 1, wide, zero) - g, g - law.pulse(g, -1, wide, zero)
        assert float(up.min()) > 0
        assert torch.allclose(up, down, rtol=1e-6, atol=0.0)

    def test_coefficients_for_the_kernels_are_plain_numbers(self, law: AbstractUpdateLaw) -> None:
        assert [type(value) for value in law.kernel_coefficients()] == [int, int, float, float]

    def test_tables_for_the_kernels_are_relative_steps(self, law: AbstractUpdateLaw) -> None:
        assert len(law.kernel_tables()) <= 1
        for tables in law.kernel_tables():
            assert (tables.dtype, tables.shape[0]) == (np.float32, 2)
            assert tables.max(1).tolist() == [1.0, 1.0]
            assert tables.min() >= 0

    def test_a_law_is_a_frozen_record(self, law: AbstractUpdateLaw) -> None:
        assert dataclasses.is_dataclass(law)
        assert hash(law) == hash(dataclasses.replace(law))
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(law, dataclasses.fields(law)[0].name, 0.0)


class MeanNumberOfStates:
    """For laws that are stated by their mean number of states, beside the contract itself."""

    def test_the_number_of_states_has_its_mean_where_it_is_published(self, law: AbstractUpdateLaw) -> None:
        parameters, g = UpdateLawContract.cells(law, 20_000)
        states = law.step_siemens / (law.pulse(g, 1, parameters, torch.zeros_like(g)) - g)
        assert abs(float(states.mean()) - 1.0) < tolerances.of_mean(float(states.std()), len(g)) + 1e-6
