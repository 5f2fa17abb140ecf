"""An array that learns a target matrix: who gets there, and what an offset of the reference does to whom."""

from __future__ import annotations

import pytest
import torch

import ohmnia
from ohmnia._errors import InvalidValueError
from ohmnia.experiments._programmed import (
    RULES,
    TARGET_SIGMA,
    Cells,
    Task,
    programming_errors,
    programming_task,
    toy_cells,
)
from ohmnia.experiments.training import update_quantity, with_update_quantity
from ohmnia.random import Stream
from ohmnia.technology import Technology

SIZE, SAMPLES = 6, 6000
STREAM = Stream.root(5)


@pytest.fixture(scope="module")
def toy() -> Technology:
    return ohmnia.technology("rasch2024-toy")


@pytest.fixture(scope="module")
def ideal(toy: Technology) -> Cells:
    """Cells that do not differ, with a little of the noise."""
    for name in ("step", "bound", "asymmetry"):
        toy = with_update_quantity(toy, name, update_quantity(toy, name).model_copy(update={"spread": None}))
    noise = update_quantity(toy, "cycle_noise").model_copy(update={"value": 0.01})
    device = ohmnia.resolve(with_update_quantity(toy, "cycle_noise", noise))
    return Cells(device, device)


@pytest.fixture(scope="module")
def task() -> Task:
    return programming_task(SIZE, SAMPLES, STREAM)


def test_the_task_is_a_matrix_and_what_it_makes_of_random_inputs(task: Task) -> None:
    assert torch.allclose(task.outputs, torch.einsum("ij,sj->si", task.target, task.inputs), atol=1e-5)
    wide = programming_task(60, 10, STREAM).target
    assert float(wide.std()) == pytest.approx(TARGET_SIGMA, rel=0.05)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_comes_near_the_target_on_good_cells(name: str, ideal: Cells, task: Task) -> None:
    error = programming_errors(RULES[name], (0.0,), ideal, task, [STREAM])
    # 40 states: a step is 0.05, and a weight of 0 would be wrong by 0.3.
    assert 0 < float(error) < TARGET_SIGMA / 4


def test_an_offset_moves_ttv2_most_and_agad_not_at_all(ideal: Cells, task: Task) -> None:
    found = {
        name: programming_errors(RULES[name], (0.0, 0.5), ideal, task, [STREAM, STREAM.child("other")])
        for name in ("TTv2", "c-TTv2", "AGAD")
    }
    assert torch.equal(found["AGAD"][0], found["AGAD"][1])
    rise = {name: float(errors[1].mean() - errors[0].mean()) for name, errors in found.items()}
    assert rise["TTv2"] > TARGET_SIGMA / 2
    assert rise["TTv2"] > 2 * rise["c-TTv2"]


def test_cells_have_the_states_that_were_asked_for(toy: Technology) -> None:
    cells = toy_cells(toy, 25.0, 0.2)
    for device, bounds in ((cells.fast, 0.3), (cells.slow, 0.0)):
        law = device.update
        assert (law.step, law.bound_spread, law.asymmetry_spread) == (0.08, bounds, 0.2)


def test_a_technology_without_that_spread_is_refused(toy: Technology) -> None:
    even = with_update_quantity(toy, "bound", update_quantity(toy, "bound").model_copy(update={"spread": None}))
    with pytest.raises(InvalidValueError, match="bound"):
        toy_cells(even, 20.0)


def test_the_same_streams_give_the_same_errors(ideal: Cells) -> None:
    short = programming_task(SIZE, 100, STREAM)
    first, second = (programming_errors(RULES["TTv2"], (0.2,), ideal, short, [STREAM]) for _ in range(2))
    assert torch.equal(first, second)
