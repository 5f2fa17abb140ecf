"""MNIST: files, their order, and splits that keep the test images unseen."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch

from ohmnia import InvalidValueError
from ohmnia.lifecycle.mnist import Mnist, mnist, read_idx


def write(folder: Path, part: str, count: int, first: int) -> None:
    """Images whose first pixel counts on from `first`, labels that are its last digit."""
    images, numbers = torch.zeros(count, 784, dtype=torch.uint8), torch.arange(first, first + count)
    images[:, 0] = numbers % 251
    for kind, number, width, values in (("images", 3, 16, images), ("labels", 1, 8, (numbers % 10).to(torch.uint8))):
        path = folder / f"{part}-{kind}-idx{number}-ubyte.gz"
        path.write_bytes(gzip.compress(bytes(width) + values.numpy().tobytes(), 1))


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mnist:
    folder = tmp_path / "mnist"
    folder.mkdir()
    write(folder, "train", 60000, 0)
    write(folder, "t10k", 10000, 60000)
    monkeypatch.setenv("OHMNIA_DATA", str(tmp_path))
    return mnist()


def test_splits_share_what_is_learned_and_nothing_else(whole: Mnist) -> None:
    choices, results = whole.for_choices(), whole.for_results()
    assert torch.equal(choices.x, results.x)
    first = [(task.x_test[0, 0] * 255).round().int().item() for task in (choices, results)]
    assert first == [55000 % 251, 60000 % 251]
    assert (len(choices.x), len(choices.x_test), len(results.x_test)) == (55000, 5000, 10000)
    assert choices.y_test[:3].tolist() == [0, 1, 2]


def test_a_short_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "train", 30, 0)
    assert read_idx(tmp_path, "train", "labels", 30).flatten().tolist() == [k % 10 for k in range(30)]
    with pytest.raises(InvalidValueError, match="holds 30 images; 31 are needed"):
        read_idx(tmp_path, "train", "images", 31)


def test_without_files_and_connection_the_error_says_how_to_get_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_connection(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.delenv("OHMNIA_DATA", raising=False)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", no_connection)
    with pytest.raises(InvalidValueError, match=r"no route.*OHMNIA_DATA"):
        mnist()
