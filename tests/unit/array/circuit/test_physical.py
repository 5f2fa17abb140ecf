"""Physical cells: pulses, trains and sweeps as one state, reads that move nothing, and what is refused."""

from __future__ import annotations

import pytest
import torch

from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array.circuit import PhysicalCells, Wires, solve_nonlinear
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")


def test_a_read_moves_nothing() -> None:
    cells = PhysicalCells(MODEL, torch.tensor([[7e24, 2e25]]))
    before = cells.log_density.clone()
    assert cells.conductance().shape == (1, 2)
    assert torch.equal(cells.log_density, before)


def test_a_pulse_in_two_halves_is_one_pulse() -> None:
    one, two = PhysicalCells(MODEL, 7e24, (1,)), PhysicalCells(MODEL, 7e24, (1,))
    one.pulse(1.35, 2e-6)
    two.pulse(1.35, 1e-6)
    two.pulse(1.35, 1e-6)
    torch.testing.assert_close(one.log_density, two.log_density, rtol=0, atol=1e-6)


def test_each_cell_gets_its_own_voltage() -> None:
    cells, volts = PhysicalCells(MODEL, 1.64e25, (2, 2)), torch.tensor([[1.35, 0.0], [-1.3, 0.675]])
    cells.hold(volts, 2.5e-6)
    moved = cells.density / 1.64e25
    assert moved[0, 0] > 1.1 and moved[1, 0] < 0.9 and float(moved[0, 1]) == pytest.approx(1.0, abs=1e-12)
    # Half a pulse moves a cell by 1e-8.
    assert 1.0 < float(moved[1, 1]) < 1.0 + 1e-7


def test_edges_add_a_little() -> None:
    sharp, soft = PhysicalCells(MODEL, 7e24, (1,)), PhysicalCells(MODEL, 7e24, (1,))
    sharp.pulse(1.35, 1e-6)
    soft.pulse(1.35, 1e-6, edge_seconds=1e-7)
    assert 1.0 < float(soft.conductance() / sharp.conductance()) < 1.009


def test_a_sweep_is_a_pinched_loop() -> None:
    loop = PhysicalCells(MODEL, 7e24, (1,)).sweep((0.0, 1.3, 0.0, -1.5, 0.0), 100.0, 0.05)
    volts = [*(0.05 * k for k in range(27)), *(1.3 - 0.05 * k for k in range(1, 27))]
    volts += [*(-0.05 * k for k in range(1, 31)), *(-1.5 + 0.05 * k for k in range(1, 31))]
    assert loop.volts.tolist() == pytest.approx(volts, abs=1e-12)
    up, back = loop.amperes[4, 0], loop.amperes[48, 0]
    assert loop.volts[48] == pytest.approx(loop.volts[4])
    assert back > 2 * up
    assert not loop.amperes[0].any() and not loop.amperes[52].any()


def test_cells_in_an_array_carry_their_own_current() -> None:
    cells = PhysicalCells(MODEL, torch.tensor([[7e24, 1.64e25, 3.77e25], [3.77e25, 7e24, 1.64e25]]))
    found = solve_nonlinear(
        cells, Wires(row_ohm=5.0, column_ohm=5.0), torch.tensor([[0.2, 1.35], [-1.3, 0.6]]), torch.zeros(2, 3)
    )
    exact = MODEL.static(found.rows_volts - found.columns_volts, cells.density.expand(2, 2, 3)).amperes
    torch.testing.assert_close(found.cells_amperes, exact, rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("bad", [0.0, 1e22, 3e26])
def test_a_density_outside_the_model(bad: float) -> None:
    with pytest.raises(InvalidValueError, match="1e.23 to 2e.26"):
        PhysicalCells(MODEL, bad, (2,))


def test_a_voltage_that_leaves_the_model_leaves_the_state() -> None:
    cells = PhysicalCells(MODEL, 3.77e25, (1,))
    with pytest.raises(StateError, match="put a resistance in series"):
        cells.hold(1.6, 1.0)
    assert float(cells.density) == pytest.approx(3.77e25)


def test_time_runs_forward() -> None:
    with pytest.raises(InvalidValueError, match="seconds"):
        PhysicalCells(MODEL, 7e24, (1,)).hold(1.0, 0.0)
