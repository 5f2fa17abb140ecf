"""The digits and the changed task."""

from __future__ import annotations

import pytest
import torch

from ohmnia import InvalidValueError
from ohmnia.lifecycle.task import Task, digits, permuted, rotated
from ohmnia.random import Stream


@pytest.fixture(scope="module")
def task() -> Task:
    return digits(0)


def test_split_is_stratified_and_follows_the_seed(task: Task) -> None:
    assert (task.x.shape, task.x_test.shape) == ((1437, 64), (360, 64))
    counts, held_out = torch.bincount(task.y), torch.bincount(task.y_test)
    # Every class gives its fifth to the held-out part, to within one image.
    assert (held_out - (counts + held_out) * 360 / 1797).abs().max() <= 1
    assert torch.equal(digits(0).x, task.x)
    assert not torch.equal(digits(1).y_test, task.y_test)
    assert float(task.x.min()) == 0.0
    assert float(task.x.max()) == 1.0


def test_no_image_is_on_both_sides(task: Task) -> None:
    seen = {tuple(row) for row in task.x.tolist()}
    assert sum(tuple(row) in seen for row in task.x_test.tolist()) <= 1


def test_rotation_turns_and_turns_back(task: Task) -> None:
    assert torch.allclose(rotated(task, 0.0).x, task.x, atol=1e-6)
    quarter = rotated(task, 90.0).x[0].reshape(8, 8)
    assert torch.allclose(quarter, torch.rot90(task.x[0].reshape(8, 8), 1), atol=1e-5) or torch.allclose(
        quarter, torch.rot90(task.x[0].reshape(8, 8), -1), atol=1e-5
    )
    turned = rotated(task, 25.0)
    assert turned.y is task.y
    assert float((turned.x - task.x).abs().mean()) > 0.05


def test_permutation_renames_every_class_one_to_one(task: Task) -> None:
    changed = permuted(task, Stream.root(1))
    pairs = set(zip(task.y.tolist(), changed.y.tolist(), strict=True))
    assert len(pairs) == 10
    assert len({new for _, new in pairs}) == 10
    assert all(old != new for old, new in pairs)
    assert {(a, b) for a, b in zip(task.y_test.tolist(), changed.y_test.tolist(), strict=True)} == pairs


def test_nan_is_refused(task: Task) -> None:
    bad = task.x.clone()
    bad[3, 5] = float("nan")
    with pytest.raises(InvalidValueError, match="x holds NaN"):
        Task(bad, task.y, task.x_test, task.y_test)


def test_the_first_images_alone(task: Task) -> None:
    few = task.first(5)
    assert torch.equal(few.x, task.x[:5])
    assert torch.equal(few.y, task.y[:5])
    assert torch.equal(few.x_test, task.x_test)
    for wrong in (0, 1438):
        with pytest.raises(InvalidValueError, match=f"images = {wrong} .*1 to 1437"):
            task.first(wrong)
