"""What the open loop predicts for the closed loop, against the closed loop itself."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

import tolerances
from ohmnia.device import Device, ProgramResult
from ohmnia.device.programming._abstract import AbstractProgrammingLaw
from ohmnia.experiments._closed_loop import predicted_iterations, predicted_sigma
from ohmnia.lifecycle.characterise import write_levels
from ohmnia.random import Stream

STREAM = Stream.root(11)
TARGETS = torch.tensor([9e-6, 25e-6, 43e-6, 70e-6, 88e-6], dtype=torch.float64)


def test_sigma_is_that_of_a_uniform_error() -> None:
    np.testing.assert_allclose(predicted_sigma(np.array([50e-6]), 0.02), 1e-6 / math.sqrt(3))


def test_iterations_of_a_narrow_range_are_those_of_the_closed_loop(device: Device) -> None:
    (predicted,) = predicted_iterations(device, TARGETS, [0.001], 200, STREAM.child("open"))
    assert predicted is not None
    found = write_levels(device, TARGETS, 800, 0.001, STREAM.child("closed"))
    ratio = predicted / found.pulses.mean(1).numpy()
    # Waiting times scatter by their mean over 800 cells, and by the cells' own steps, 20 %, over 200.
    error = math.hypot(1 / math.sqrt(800), 0.2 / math.sqrt(200))
    # A range that is not zero catches cells on their way: up to 5 % at 0.1 %.
    assert np.abs(ratio - 1).max() < tolerances.ERRORS * error + 0.05


def test_half_the_range_takes_twice_the_waiting(device: Device) -> None:
    narrow, middle, wide = predicted_iterations(device, TARGETS, [0.0005, 0.001, 0.002], 16, STREAM)
    assert narrow is not None
    assert middle is not None
    assert wide is not None
    np.testing.assert_allclose(narrow - middle, 2 * (middle - wide), rtol=1e-9)


def test_a_step_of_half_the_size_lands_twice_as_often(device: Device) -> None:
    finer = dataclasses.replace(device, update=dataclasses.replace(device.update, states=2 * 22.0))
    coarse, fine = (predicted_iterations(kind, TARGETS[2:3], [1e-5], 16, STREAM)[0] for kind in (device, finer))
    assert coarse is not None
    assert fine is not None
    # At 1e-5 the approach of a few pulses does not count; the law of the step bends a little within a step.
    assert float(coarse[0] / fine[0]) == pytest.approx(2.0, rel=0.1)


def test_another_kind_of_closed_loop_is_not_predicted(device: Device) -> None:
    class Other(AbstractProgrammingLaw):
        acceptance_range = 0.002

        def program(self, *arguments: object) -> ProgramResult:  # pyright: ignore[reportIncompatibleMethodOverride]
            raise AssertionError("never called")

    other = dataclasses.replace(device, programming=Other())
    assert predicted_iterations(other, TARGETS, [0.002, 0.02], 4, STREAM) == [None, None]
