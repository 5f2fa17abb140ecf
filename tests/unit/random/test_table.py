"""Normals from the table: the law that the docstring states, and independence between draws."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import tolerances
from ohmnia.random import TABLE_SHIFT, Stream, normal_table, table_normal, words

SIDE = 512
ROOT = Stream.root(2025)
BOTH = (torch.arange(SIDE)[:, None], torch.arange(SIDE)[None, :])


def moment(values: Tensor, power: int) -> float:
    return float((values.double() ** power).mean())


def test_the_law_is_exactly_that_of_the_docstring() -> None:
    table = normal_table()
    assert (table.dtype, len(table), TABLE_SHIFT) == (torch.float32, 4096, 20)
    assert [moment(table, power) for power in (1, 3)] == pytest.approx([0.0, 0.0], abs=1e-15)
    assert moment(table, 2) == pytest.approx(1.0, abs=1e-7)
    assert moment(table, 4) - 3.0 == pytest.approx(-0.0025, abs=5e-5)
    assert moment(table, 6) == pytest.approx(14.90, abs=5e-3)
    for limit, ratio in ((2.0, 0.998), (3.0, 1.085)):
        share = float((table.abs() > limit).double().mean())
        assert share / math.erfc(limit / math.sqrt(2.0)) == pytest.approx(ratio, abs=5e-4)
    assert float(table.max()) == pytest.approx(3.74, abs=5e-3)


def test_every_value_lies_in_its_bin_of_equal_probability() -> None:
    table = normal_table().double()
    assert (table.diff() > 0).all()
    bins = (torch.special.ndtr(table) * 4096).floor()
    assert torch.equal(bins, torch.arange(4096, dtype=torch.float64))
    assert torch.equal(table, -table.flip(0))


def test_a_draw_is_the_entry_of_its_words_top_bits() -> None:
    word = words(ROOT, *BOTH)
    assert torch.equal(table_normal(ROOT, *BOTH), normal_table()[word >> 20].double())
    assert table_normal(ROOT, 3, 4).shape == ()


def test_moments_of_draws_to_fourth_order() -> None:
    for key in range(4):
        z = table_normal(ROOT.at(key), *BOTH)
        for power, mean, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 2.9975, 96.0)):
            assert abs(moment(z, power) - mean) < tolerances.of_mean(math.sqrt(variance), z.numel())
        share = float((z.abs() > 3.0).double().mean())
        assert abs(share - 12 / 4096) < tolerances.of_share(12 / 4096, z.numel())


PAIRS = {
    "cells": (ROOT, BOTH[0] + 1, BOTH[1]),
    "cells of the next row": (ROOT, BOTH[0] + SIDE, BOTH[1]),
    "pulses": (ROOT, BOTH[0], BOTH[1] + 1),
    "samples": (ROOT, BOTH[0], BOTH[1] + 31),
    "diagonal": (ROOT, BOTH[0] + 1, BOTH[1] + 1),
    "uses": (ROOT.at(1), *BOTH),
    "seeds": (Stream.root(2026), *BOTH),
}


@pytest.mark.parametrize("name", PAIRS)
def test_draws_of_neighbours_are_independent(name: str) -> None:
    own = ROOT.at(0) if name == "uses" else ROOT
    y, z = table_normal(own, *BOTH).flatten(), table_normal(*PAIRS[name]).flatten()
    limit = tolerances.of_correlation(y.numel())
    for left, right in ((y, z), (y**2, z**2), (y.abs(), z.abs()), (y, z.abs()), (y.abs(), z)):
        assert abs(float(torch.corrcoef(torch.stack([left, right]))[0, 1])) < limit


def test_the_sum_over_pulses_of_a_cell_is_normal_too() -> None:
    # Many pulses of one cell: variance n, and no correlation with the sums of the neighbours.
    sums = table_normal(ROOT, *BOTH).sum(1) / math.sqrt(SIDE)
    assert abs(float(sums.square().mean()) - 1.0) < tolerances.of_mean(math.sqrt(2.0), SIDE)
    assert abs(float((sums[1:] * sums[:-1]).mean())) < tolerances.of_mean(1.0, SIDE - 1)
