"""The Triton member against the contract: all of it on a GPU, and one case of each kind by Triton's interpreter on a CPU."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import torch

from contracts.kernel_cells import KernelCellsContract
from contracts.kernel_member import AGAD, GRANULARITY, RULES, KernelMemberContract, make_batch, make_cells
from contracts.kernel_read import KernelReadContract
from contracts.on_device import OnDevice, triton_device
from ohmnia._errors import InvalidValueError, StateError
from ohmnia.kernels import Keys, Trains, UpdateLaw, member

DEVICE = triton_device()

from ohmnia.kernels._cuda import Cuda  # noqa: E402


@pytest.mark.skipif(DEVICE == "cpu", reason="no GPU: the interpreter takes minutes, and runs single cases below")
class TestOnAGpu(KernelMemberContract, KernelCellsContract, KernelReadContract):
    own: Any = OnDevice(Cuda(), DEVICE)
    tables = False


TRAINS = Trains(GRANULARITY, 5, 1, 1)


class Interpreted(KernelMemberContract):
    """Single cases of the contract."""

    own: Any = OnDevice(Cuda(8), DEVICE)


CASES = [
    lambda contract: contract.test_pulsed_update(2, UpdateLaw(0, 1, 1.0, 1.0), 1, 1, 5),
    lambda contract: contract.test_pulsed_update(1, UpdateLaw(0, 0, 1.3, 0.7), 0, 1, 5),
    lambda contract: contract.test_every_coincidence(1, 0, 0, 40),
    lambda contract: contract.test_nothing_to_do_is_no_pulse(0.0, 1.0, 1.0, 0),
    lambda contract: contract.test_an_empty_mini_batch_is_no_pulse(),
    lambda contract: contract._compare_transfer(2, UpdateLaw(0, 1, 1.0, 1.0), TRAINS, 4, AGAD._replace(period=1, wait=1)),
    lambda contract: contract._compare_transfer(1, UpdateLaw(0, 1, 1.0, 1.0), TRAINS, 3, RULES["TTv1"]),
    lambda contract: contract._compare_transfer(1, UpdateLaw(0, 1, 1.0, 1.0), TRAINS, 8, RULES["without running means"]),
    lambda contract: contract.test_a_pair_is_fresh_where_both_cells_are((0, 1)),
    lambda contract: contract.test_without_variance_cells_have_no_read_noise(),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_case_of_each_kind(case: int) -> None:
    CASES[case](Interpreted())


def test_a_program_takes_any_number_of_columns() -> None:
    # Bits do not depend on how many columns a program owns.
    cells, (x, d) = [make_cells(1, 2, 1) for _ in range(2)], make_batch(0, 2)
    for block, own in zip((4, 16), cells, strict=True):
        kernel = OnDevice(Cuda(block), DEVICE)
        kernel.pulsed_update(own, UpdateLaw(0, 1, 1.0, 1.0), TRAINS, Keys((1, 2), (3, 4), (5, 6)), x, d, 0.4, 3)
    assert (cells[0].epoch_index == 3).any()
    assert cells[0].conductance.tobytes() == cells[1].conductance.tobytes()
    assert cells[0].epoch_index.tobytes() == cells[1].epoch_index.tobytes()


def test_another_law_is_refused() -> None:
    cells, (x, d) = make_cells(1, 1, 1), make_batch(0, 2)
    kernel: Any = OnDevice(Cuda(), DEVICE)
    with pytest.raises(InvalidValueError, match="soft bounds.*Tabulated laws run on the members 'cpu'"):
        kernel.pulsed_update(cells, UpdateLaw(1, 1, 1.0, 1.0), TRAINS, Keys((1, 2), (3, 4), (5, 6)), x, d, 0.4, 3)


def test_the_member_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    if DEVICE == "cpu":
        monkeypatch.setenv("TRITON_INTERPRET", "1")
    member.cache_clear()
    assert isinstance(member("cuda"), Cuda)
    member.cache_clear()
    monkeypatch.setenv("TRITON_INTERPRET", "0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(StateError, match="torch finds none"):
        member("cuda")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StateError, match=r"ohmnia\[gpu\]"):
        member("cuda")
