"""The Triton kernel of pulses: what a cell's walk through its own pulses does not depend on."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.kernel_member import AGAD, GRANULARITY, ROWS, WEIGHTS, KernelMemberContract, make_batch, make_cells, make_state
from contracts.on_device import OnDevice, triton_device
from ohmnia.kernels import Converter, Keys, ReadPath, Trains, Transfer, TransferKeys, UpdateLaw

DEVICE = triton_device()

from ohmnia.kernels._cuda import Cuda  # noqa: E402

LAW, KEYS = UpdateLaw(0, 1, 1.0, 1.0), Keys((1, 2), (3, 4), (5, 6))


@pytest.mark.parametrize("samples", [1, 33])
def test_samples_beyond_one_mask_of_words_are_pulsed_too(samples: int) -> None:
    # 33 samples of one word each are two masks of 32 words.
    x, d = make_batch(2, samples)
    x[:-1], d[:-1] = 0.0, 0.0
    cells, alone = make_cells(1, 1, 1), make_cells(1, 1, 1)
    kernel = OnDevice(Cuda(8), DEVICE)
    counts = kernel.pulsed_update(cells, LAW, Trains(GRANULARITY, 5, 1, 1), KEYS, x, d, 0.6, 3)
    KernelMemberContract.judge.pulsed_update(alone, LAW, Trains(GRANULARITY, 5, 1, 1), KEYS, x, d, 0.6, 3)
    assert counts[0] > 0
    np.testing.assert_array_equal(cells.epoch_index, alone.epoch_index)
    np.testing.assert_allclose(cells.conductance, alone.conductance, rtol=2e-6)


def test_a_column_is_read_between_its_pulses() -> None:
    # The column that is read after sample 0 must not see the pulses of sample 1.
    results = []
    for samples in (1, 2):
        tiles, state = (make_cells(1, 1, 1), make_cells(2, 1, 1)), make_state()
        x, d = (part[:samples] for part in make_batch(0, 2))
        path = ReadPath(WEIGHTS[1], np.zeros((ROWS, samples), np.float32), Converter(12.0, 0.0, 0.02))
        keys = TransferKeys(KEYS, (7, 1), (8, 1), (9, 1), (10, 1))
        call = (LAW, Trains(GRANULARITY, 5, 1, 1), keys, path, state, AGAD._replace(wait=0), x, d, (0, 0))
        OnDevice(Cuda(8), DEVICE).transfer_update([Transfer(*tiles, *call)])
        results.append((tiles, state))
    np.testing.assert_array_equal(results[0][1].mean[:, 0], results[1][1].mean[:, 0])
    assert results[0][1].mean[:, 0].any()
    assert (results[0][0][0].conductance != results[1][0][0].conductance).any()
