"""The Triton verbs on single cells: single cases of the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contracts.kernel_cells import KEY, LOOP, KernelCellsContract
from contracts.kernel_member import make_cells
from contracts.on_device import OnDevice, triton_device
from ohmnia._errors import InvalidValueError
from ohmnia.kernels import UpdateLaw

DEVICE = triton_device()

from ohmnia.kernels._cuda import Cuda  # noqa: E402


class Interpreted(KernelCellsContract):
    """Single cases of the contract."""

    own: Any = OnDevice(Cuda(), DEVICE)


CASES = [
    lambda contract: contract.test_program(2, UpdateLaw(0, 1, 1.0, 1.0), 0.05, 2000),
    lambda contract: contract.test_program(1, UpdateLaw(0, 0, 1.3, 0.7), 0.05, 2000),
    lambda contract: contract.test_program(1, UpdateLaw(0, 1, 1.0, 1.0), 0.01, 3),
    lambda contract: contract.test_program(1, UpdateLaw(0, 0, 1.0, 1.0), 0.01, 0),
    lambda contract: contract.test_program_sampled(2),
    lambda contract: contract.test_advance(2, 45e-6),
    lambda contract: contract.test_read_cells(1),
    lambda contract: contract.test_one_epoch_is_enough(),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_case_of_each_kind(case: int) -> None:
    CASES[case](Interpreted())


def test_another_law_is_refused() -> None:
    cells = make_cells(1, 1, 1)
    with pytest.raises(InvalidValueError, match="soft bounds.*Tabulated laws run on the members 'cpu'"):
        Interpreted.own.program(cells, UpdateLaw(1, 1, 1.0, 1.0), LOOP, np.full(cells.conductance.shape, 5e-5), KEY, 1)
