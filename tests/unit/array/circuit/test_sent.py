"""What the lines of an array send on average, against the trains that the kernels really send."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
import pytest
import torch

import tolerances
from helpers import values
from ohmnia.array import PulseScheme
from ohmnia.array.circuit import sent_trains
from ohmnia.kernels import _reference


@pytest.mark.parametrize("update_management", [True, False])
@pytest.mark.parametrize("length_management", [True, False])
def test_trains_are_those_of_the_kernels(update_management: bool, length_management: bool) -> None:
    trains = PulseScheme(length=7, update_management=update_management, length_management=length_management).trains(0.01)
    x, d = values(1, 20, 6), values(2, 20, 4)
    sent = sent_trains(trains, 0.03, x, d)
    for b in range(20):
        k = 0.03 * float(x[b].abs().max()) * float(d[b].abs().max()) / 0.01
        plan = _reference._plan(trains, k, x[b].double().numpy(), d[b].double().numpy())
        assert int(sent.slots[b]) == plan.slots
        np.testing.assert_allclose(sent.inputs[b].abs().numpy(), plan.columns, rtol=1e-6)
        np.testing.assert_allclose(sent.outputs[b].abs().numpy(), plan.rows, rtol=1e-6)


def test_lines_of_one_sign_fire_together() -> None:
    trains = PulseScheme(length=1).trains(1.0)
    one = sent_trains(trains, 1.0, torch.ones(1, 8), torch.ones(1, 4))
    assert one.firing == (1.0, 1.0)
    both = sent_trains(trains, 1.0, torch.tensor([[1.0, -1.0] * 4]), torch.ones(1, 4))
    assert both.firing == (0.5, 1.0)


def test_of_four_firing_lines_three_see_three_and_one_sees_itself() -> None:
    sent = sent_trains(PulseScheme(length=1).trains(1.0), 1.0, torch.tensor([[1.0, 1.0, 1.0, -1.0]]), torch.ones(1, 2))
    assert sent.firing == (pytest.approx((3 * 0.75 + 0.25) / 4), 1.0)


def test_samples_count_by_their_coincidences() -> None:
    # Two samples with trains of one slot; the first has all 4 x 2 coincidences and the second one of them.
    x, d = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    sent = sent_trains(PulseScheme(length=1).trains(1.0), 1.0, x, d)
    assert sent.firing == (pytest.approx((8 * 1.0 + 1 * 0.25) / 9), pytest.approx((8 * 1.0 + 1 * 0.5) / 9))


def test_nothing_sent_is_nothing() -> None:
    sent = sent_trains(PulseScheme().trains(0.1), 1.0, torch.zeros(3, 4), torch.ones(3, 2))
    assert not sent.lines_fire
    assert sent.firing == (0.0, 0.0)
    assert float(sum(part.abs().sum() for part in sent.half_pulses())) == 0.0


@pytest.mark.parametrize("shared", ["none", "inputs", "outputs"])
def test_half_pulses_are_those_of_lines_that_fire_alone(shared: Literal["none", "inputs", "outputs"]) -> None:
    trains, draws = PulseScheme(length=2).trains(0.5), 20_000
    x, d = torch.tensor([[1.0, -0.5, 0.2]]), torch.tensor([[0.8, -0.6]])
    sent = sent_trains(trains, 0.9, x, d)
    rng = np.random.default_rng(0)
    slots = int(sent.slots[0])
    d_fires, x_fires = (rng.random((draws, slots, part.shape[1])) < part[0].abs().numpy() for part in (sent.outputs, sent.inputs))
    found = {1: np.zeros((draws, 2, 3)), -1: np.zeros((draws, 2, 3))}
    for sign_d, sign_x in itertools.product((1, -1), (1, -1)):
        row = (d_fires & (np.sign(d[0].numpy()) == sign_d))[..., :, None]
        column = (x_fires & (np.sign(x[0].numpy()) == sign_x))[..., None, :]
        direction = -sign_d * sign_x
        found[direction] += (row ^ column).sum(1)
        # The phase of the other plane has the other direction, and reaches this one by the shared line alone.
        if shared != "none":
            line = row if shared == "outputs" else column
            found[-direction] += np.broadcast_to(line, (draws, slots, 2, 3)).sum(1)
    for count, expected in zip((found[1], found[-1]), sent.half_pulses(shared), strict=True):
        bound = tolerances.of_mean(float(count.std(0).max()), draws)
        assert float(np.abs(count.mean(0) - expected.numpy()).max()) < bound
