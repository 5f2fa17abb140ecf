"""Single pulses: the law that the reference takes from `device`, in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from contracts.kernel_member import TABLES
from ohmnia.device.update.relative_step import pulse
from ohmnia.kernels._cells import count, find_hits, pulses, sort_hits, tabulated
from ohmnia.kernels._contract_records import NO_TABLES
from ohmnia.random import Stream, normal_table, table_normal

TABLE, U64 = normal_table().numpy(), np.uint64


@pytest.mark.parametrize("multiplicative", [True, False])
@pytest.mark.parametrize("exponents", [(1.0, 1.0), (1.3, 0.7), (0.0, 0.0), "tables"])
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("start", [-0.4, 0.1, 0.9, 1.6])
def test_pulses_follow_the_law(multiplicative: bool, exponents: Any, up: bool, start: float) -> None:
    # Step up and down, bounds, noise; the outer starts are beyond the bounds, where a pulse comes back or stays.
    row = np.array([0.1, 0.07, -0.3, 1.5, 0.4 if multiplicative else 0.03], np.float32)
    conductance, linear = np.array([0.0, start], np.float32), exponents == (1.0, 1.0)
    exponents, tables = ((1.0, 1.0), TABLES) if exponents == "tables" else (exponents, NO_TABLES)
    parameters = np.repeat(row, 2)
    pulses(conductance, parameters, 1, up, 6, 5, 11, 12, (multiplicative, linear, *exponents, tables), TABLE)
    expected = torch.tensor(float(np.float32(start)), dtype=torch.float64)
    for n in range(5):
        xi = table_normal(Stream(11, 12), 1, 6 + n)
        expected = pulse(
            expected, 1 if up else -1, torch.from_numpy(row).double(), xi, multiplicative, exponents, torch.from_numpy(tables)
        )
    assert conductance[1] == pytest.approx(float(expected), rel=2e-6)
    assert conductance[0] == 0.0


@pytest.mark.parametrize("reach", [0.0, 0.1, 0.25, 0.8, 1.0, 1.7, float("nan")])
def test_a_table_is_read_between_its_points_and_never_beside_it(reach: float) -> None:
    for row in (0, 1):
        # NaN stands for the far end, so that no index is made of it.
        expected = np.interp(1.0 if np.isnan(reach) else reach, np.linspace(0, 1, 5), TABLES[row])
        assert tabulated(TABLES, row, reach) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("parts", [1, 3])
def test_counts_and_hits_are_those_of_the_words(parts: int) -> None:
    rng = np.random.default_rng(parts)
    row, words = (rng.integers(0, 2**32, size, dtype=np.uint32) for size in (parts, (parts, 70)))
    row &= rng.integers(0, 2**32, parts, dtype=np.uint32) & np.uint32(0x11111111)
    both = np.bitwise_count(words & row[:, None]).sum(0)
    counts = np.zeros(70, np.uint32)
    most, total = count(row, words.ravel(), U64(0), U64(70), U64(70), counts)
    assert (most, total) == (both.max(), both.sum())
    assert counts.tolist() == both.tolist()
    listed, signs = np.arange(70, dtype=np.int32)[::-1].copy(), np.where(np.arange(70) % 3, 1.0, -1.0).astype(np.float32)
    hits = np.zeros(80, np.uint32), np.zeros(80, np.float32), np.zeros(80, np.uint32)
    packed = words[:, ::-1].copy().ravel()
    arguments = row, packed, U64(0), U64(70), U64(70), listed, U64(0), signs, U64(0), U64(1000), np.float32(-1.0)
    found = int(find_hits(*arguments, U64(5), hits))
    expected = np.flatnonzero(both)[::-1]
    assert hits[0][5:found].tolist() == (1000 + expected).tolist()
    assert hits[1][5:found].tolist() == (-signs[expected]).tolist()
    assert hits[2][5:found].tolist() == both[expected].tolist()


@pytest.mark.parametrize("most", [1, 2, 40])
def test_sorted_hits_fall_and_keep_their_direction(most: int) -> None:
    counts = np.random.default_rng(most).integers(1, most + 1, 500, dtype=np.uint32)
    hits = np.arange(500, dtype=np.uint32) * 7, np.where(np.arange(500) % 2, 1.0, -1.0).astype(np.float32), counts
    ordered, live = (np.zeros(500, np.uint32), np.zeros(500, np.float32)), np.zeros(2 * most + 3, np.uint64)
    assert sort_hits(U64(500), hits, ordered, live) == (most, counts.sum())
    assert live[:most].tolist() == [(counts > n).sum() for n in range(most)]
    own = ordered[0] // 7
    assert sorted(own.tolist()) == list(range(500))
    assert (np.diff(counts[own].astype(int)) <= 0).all()
    assert ordered[1].tolist() == hits[1][own].tolist()
