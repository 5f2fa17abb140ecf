"""What the lines of an array send on average, against the trains that the kernels really send."""

from __future__ import annotations

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


def test_nothing_sent_is_nothing() -> None:
    sent = sent_trains(PulseScheme().trains(0.1), 1.0, torch.zeros(3, 4), torch.ones(3, 2))
    assert not sent.lines_fire
    assert sent.firing == (0.0, 0.0)
    assert float(sum(part.abs().sum() for part in sent.half_pulses)) == 0.0


def test_half_pulses_are_those_of_lines_that_fire_alone() -> None:
    trains, draws = PulseScheme(length=2).trains(0.5), 20_000
    x, d = torch.tensor([[1.0, -0.5, 0.2]]), torch.tensor([[0.8, -0.6]])
    sent = sent_trains(trains, 0.9, x, d)
    rng = np.random.default_rng(0)
    slots = int(sent.slots[0])
    fires = [rng.random((draws, slots, part.shape[1])) < part[0].abs().numpy() for part in (sent.outputs, sent.inputs)]
    up = -np.outer(d[0], x[0]) > 0
    row, column = fires[0][..., :, None], fires[1][..., None, :]
    for selected, expected in zip((up, ~up), sent.half_pulses, strict=True):
        # In the phases of this direction the two lines of a selected weight fire together, those of another apart.
        count = np.where(selected, row ^ column, row.astype(int) + column).sum(1)
        bound = tolerances.of_mean(float(count.std(0).max()), draws)
        assert float(np.abs(count.mean(0) - expected.numpy()).max()) < bound
