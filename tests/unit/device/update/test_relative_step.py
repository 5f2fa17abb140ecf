"""What laws with bounds share: powers and tables of the distance ahead are two forms of one relative step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.device.update.relative_step import check_noise, pulse, relative_step, symmetry_points
from ohmnia.random import Stream, normal_like

STREAM = Stream.root(5)
LINE = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
CURVE = torch.tensor([[0.0, 0.4, 1.0, 0.7], [0.1, 0.2, 0.7, 1.0]])
# Full steps up and down, bounds, noise.
ROW = torch.tensor([6e-6, 9e-6, 10e-6, 95e-6, 0.4], dtype=torch.float64)


def test_a_table_is_read_in_straight_lines_and_cut_at_the_far_bound() -> None:
    reach = torch.tensor([0.0, 0.1, 1 / 3, 0.5, 0.99, 1.0, 1.5], dtype=torch.float64)
    for up, row in ((True, 0), (False, 1)):
        own = relative_step(reach, torch.tensor(up), (1.0, 1.0), CURVE)
        expected = np.interp(reach.numpy(), np.linspace(0, 1, 4), CURVE[row].double().numpy())
        assert own.numpy() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("multiplicative", [True, False])
def test_a_straight_line_to_the_bound_is_the_plain_soft_bound(multiplicative: bool) -> None:
    g = torch.linspace(10e-6, 95e-6, 50, dtype=torch.float64)
    parameters, xi = ROW[:, None].expand(5, 50).clone(), normal_like(STREAM, (50,))
    parameters[4] = 0.4 if multiplicative else 1e-6
    for direction in (1, -1):
        power = pulse(g, direction, parameters, xi, multiplicative, (1.0, 1.0))
        table = pulse(g, direction, parameters, xi, multiplicative, (1.0, 1.0), LINE)
        assert torch.allclose(power, table, rtol=1e-15, atol=0.0)


def test_no_conductance_is_no_step() -> None:
    g = torch.tensor([float("nan"), 40e-6], dtype=torch.float64)
    moved = pulse(g, 1, ROW[:, None].expand(5, 2), torch.zeros(2), True, (1.0, 1.0), CURVE)
    assert torch.isnan(moved).tolist() == [True, False]


def test_symmetry_points_of_lines_have_a_closed_form() -> None:
    # s_up (1 - u) = s_down u.
    share = 6 / (6 + 9)
    for tables in (None, LINE):
        point = symmetry_points(ROW, (1.0, 1.0), tables)
        assert float(point) == pytest.approx(10e-6 + share * 85e-6, rel=1e-12)


def test_an_impossible_noise_is_refused() -> None:
    check_noise(0.0, "additive", 1.0)
    with pytest.raises(InvalidValueError, match="noise_to_signal"):
        check_noise(-0.1, "additive", None)
    with pytest.raises(InvalidValueError, match="half_voltage_ratio"):
        check_noise(0.1, "additive", 0.0)
    with pytest.raises(UnknownNameError, match="multiplicative"):
        check_noise(0.1, "multiplicativ", None)
