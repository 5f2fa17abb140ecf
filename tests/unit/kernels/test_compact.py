"""The record of the compact cell, and segments that follow one another."""

from __future__ import annotations

import numpy as np

from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.kernels import CompactLaw, integrate, static
from ohmnia.technology import cell_model

MODEL = build(HoppingCell, cell_model(), "compact")
LAW = CompactLaw(*MODEL.kernel_coefficients())


def test_the_record_has_a_place_for_each_coefficient() -> None:
    assert len(MODEL.kernel_coefficients()) == len(CompactLaw._fields)
    assert LAW.ambient == 293.0 and LAW.series == 223.2217


def test_a_waveform_is_its_segments_one_after_another() -> None:
    seconds, starts, ends = np.array([1e-7, 1e-6, 1e-7]), np.array([[0.0], [1.3], [1.3]]), np.array([[1.3], [1.3], [0.0]])
    whole, parts = np.array([57.0]), np.array([57.0])
    integrate(LAW, whole, seconds, starts, ends)
    for k in range(3):
        integrate(LAW, parts, seconds[k : k + 1], starts[k : k + 1], ends[k : k + 1])
    np.testing.assert_allclose(whole, parts, rtol=1e-12)


def test_cells_that_ran_out_of_steps_are_counted() -> None:
    y = np.array([57.0, np.nan])
    one = np.ones((1, 2))
    assert integrate(LAW, y, np.array([1e-9]), one, one) == 1
    assert static(LAW, one[0], y)[0, 0] > 0
