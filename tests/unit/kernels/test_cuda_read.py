"""The Triton read path: single cases of the contract, and rounds of which only some vectors have need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contracts.kernel_read import CONVERTERS, KernelReadContract
from contracts.on_device import OnDevice, triton_device

DEVICE = triton_device()

from ohmnia.kernels import Converter, Converters  # noqa: E402
from ohmnia.kernels._cuda import Cuda  # noqa: E402


class Interpreted(KernelReadContract):
    """Single cases of the contract."""

    own: Any = OnDevice(Cuda(), DEVICE)


CASES = [
    lambda contract: contract.test_drive(1 / 63, 2.0),
    lambda contract: contract.test_drive(0.0, 1.0),
    lambda contract: contract.test_convert(CONVERTERS[2], 0.3),
    lambda contract: contract.test_convert(CONVERTERS[1], None),
    lambda contract: contract.test_read(CONVERTERS[2], True, 1 / 63, 4),
    lambda contract: contract.test_read(CONVERTERS[0], False, 0.0, 0),
    lambda contract: contract.test_read_takes_weights_of_any_strides(True),
    lambda contract: contract.test_read_takes_weights_of_any_strides(False),
    lambda contract: contract.test_read_of_no_vector(),
    lambda contract: contract.test_read_refuses_what_is_not_finite(np.nan, (0, 0)),
    lambda contract: contract.test_read_refuses_what_is_not_finite(-np.inf, (5, 8)),
    lambda contract: contract.test_read_leaves_its_inputs_alone(),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_case_of_each_kind(case: int) -> None:
    CASES[case](Interpreted())


def test_only_vectors_that_saturate_are_read_again() -> None:
    # Two blocks of vectors; one vector of the second block needs one more round, without noise.
    x = np.full((20, 4), 0.1, np.float32)
    x[17, 1:] = 0.0
    weights = np.array([[2.0, -1.0, -0.5, 0.0], [0.1, 0.1, 0.1, 0.1]], np.float32)
    path = Converters(0.0, Converter(1.5, 0.0, 0.0), 3)
    reading = Interpreted.own.read(x, weights, None, path, (1, 2))
    assert (reading.saturated, reading.vectors, reading.finite) == (0, 21, True)
    np.testing.assert_allclose(reading.outputs, x @ weights.T, rtol=1e-6, atol=1e-7)
