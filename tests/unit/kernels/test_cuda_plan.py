"""The plan of a mini-batch in Triton: packed trains, and choppers with their column reads, against the compiled plan."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from contracts.kernel_member import AGAD, COLS, GRANULARITY, ROWS, make_batch, make_state
from contracts.on_device import triton_device
from ohmnia.kernels import Keys, Trains, TransferKeys, TransferSettings, TransferState
from ohmnia.random import Stream, words

DEVICE = triton_device()

from ohmnia.kernels import _cuda  # noqa: E402
from ohmnia.kernels._cuda_plan import SLOTS_A_WORD  # noqa: E402

KEYS = Keys((1, 2**32 - 2), (3, 4), (5, 6))


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array).to(DEVICE) for array in arrays]


def unpacked(packed: torch.Tensor, samples: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Slots (samples, length, lines) and directions (samples, lines)."""
    values = packed.cpu().numpy().reshape(samples, -1, packed.shape[1]).astype(np.int64)
    slots = [values[:, slot // SLOTS_A_WORD] >> slot % SLOTS_A_WORD & 1 for slot in range(length)]
    assert (values >> 31 == values[:, :1] >> 31).all()
    return np.stack(slots, 1), values[:, 0] >> 31


@pytest.mark.parametrize("length", [5, 40])
def test_trains_are_the_words_below_their_thresholds(length: int) -> None:
    x, d = make_batch(0, 2)
    own = tensors(x, d)
    plan = _cuda._empty(*own, length)
    rate = _cuda.numbers(own[0].device, 0.4, GRANULARITY)
    _cuda._make_trains(plan, Trains(GRANULARITY, length, 1, 0), KEYS, *own, rate, None, None)
    for packed, vectors, key in ((plan.col_words, x, KEYS.columns), (plan.row_words, d, KEYS.rows)):
        slots, directions = unpacked(packed, 2, length)
        np.testing.assert_array_equal(directions, vectors > 0)
        for b in range(2):
            k = 0.4 * np.float64(np.abs(x[b]).max()) * np.float64(np.abs(d[b]).max()) / GRANULARITY
            size = np.abs(vectors[b].astype(np.float64))
            probability = size / size.max() * np.sqrt(min(k / length, 1.0))
            lines, counters = torch.arange(len(size))[None, :], b * length + torch.arange(length)[:, None]
            drawn = words(Stream(*key), lines, counters).numpy()
            np.testing.assert_array_equal(slots[b], drawn < np.floor(probability * 2.0**32 + 0.5))


def plan_of(settings: TransferSettings, samples: int) -> tuple[TransferState, dict[str, np.ndarray]]:
    x, d = make_batch(1, samples)
    state = TransferState(*tensors(*make_state()))
    keys = TransferKeys(KEYS, (7, 1), (8, 1), (9, 1), (10, 1))
    plan = _cuda._plan_transfer(state, settings, Trains(GRANULARITY, 5, 1, 1), keys, *tensors(x, d))
    names = ("sample", "read", "flags", "beta", "signs", "gains")
    return state, {name: getattr(plan, name).cpu().numpy() for name in names}


def test_reads_follow_the_columns_in_turn() -> None:
    samples = 2 * COLS + 3
    state, plan = plan_of(AGAD._replace(every=2, period=1, wait=1), samples)
    assert plan["sample"].shape == (2, COLS)
    np.testing.assert_array_equal(plan["sample"][0], 2 * np.arange(COLS) + 1)
    np.testing.assert_array_equal(plan["sample"][1], [11] + [samples] * (COLS - 1))
    np.testing.assert_array_equal(plan["read"][:, 0], [0, COLS])
    # The first read does not reach H yet; every read flips, and renews the reference.
    np.testing.assert_array_equal(plan["flags"][0], [2] * COLS)
    assert plan["flags"][1, 0] == 3
    np.testing.assert_array_equal(plan["signs"][:, 0], [1, -1, 1])
    np.testing.assert_allclose(plan["beta"][:, 0], [1.0, 0.5])
    reads = np.array([2] + [1] * (COLS - 1))
    np.testing.assert_array_equal(state.reads.cpu(), reads)
    np.testing.assert_array_equal(state.chopper.cpu(), np.where(reads % 2, -1, 1))
    assert state.scalars[:2].tolist() == [samples, 6 % COLS]


def test_gains_follow_the_running_means() -> None:
    x, d = make_batch(1, 4)
    state, plan = plan_of(AGAD._replace(gain=3.0, gain_power=0.5, rate_memory=2.0), 4)
    means, expected = np.zeros(2), []
    for b in range(4):
        means += (np.array([np.abs(x[b]).max(), np.abs(d[b]).max()], np.float64) - means) / min(b + 1, 2.0)
        expected.append(3.0 * np.sqrt(means.prod()))
    np.testing.assert_allclose(plan["gains"], expected, rtol=1e-13)
    np.testing.assert_allclose(state.scalars[2:].cpu(), means, rtol=1e-13)
    assert d.shape[1] == ROWS
