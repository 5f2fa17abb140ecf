"""Inputs of the benchmark."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch

from ohmnia import InvalidValueError
from ohmnia.bench.inputs import digits, initial_weights, step_inputs, update_inputs
from tolerances import of_mean, of_sigma


def test_update_inputs_fill_their_ranges() -> None:
    x, d = update_inputs(100, 50, 0.1)
    assert x.shape == d.shape == (50, 100)
    assert float(x.min()) >= 0 and float(x.max()) <= 0.1 and float(d.abs().max()) <= 0.1
    assert float(x.mean()) == pytest.approx(0.05, abs=of_mean(0.1 / 12**0.5, 5000))
    assert float(d.mean()) == pytest.approx(0.0, abs=of_mean(0.2 / 12**0.5, 5000))
    assert torch.equal(x, update_inputs(100, 50, 0.1)[0])


def test_step_inputs_are_normal() -> None:
    x, d = step_inputs(100, 50)
    assert float(x.std()) == pytest.approx(0.3, abs=of_sigma(0.3, 5000))
    assert float(d.std()) == pytest.approx(0.01, abs=of_sigma(0.01, 5000))


def test_initial_weights_follow_the_fan_in() -> None:
    weights = initial_weights(30, 64)
    assert weights.shape == (30, 64)
    assert float(weights.abs().max()) <= 1 / 8


def write_mnist(folder: Path, samples: int) -> None:
    (folder / "mnist").mkdir()
    images = bytes(16) + bytes(range(256)) * (samples * 784 // 256 + 1)
    (folder / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(images[: 16 + samples * 784]))
    (folder / "mnist" / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes(k % 10 for k in range(samples))))


def test_mnist_is_read_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path, 5)
    monkeypatch.setenv("OHMNIA_DATA", str(tmp_path))
    data = digits(3)
    assert data.source == "MNIST"
    assert data.x.shape == (3, 784) and data.y.tolist() == [0, 1, 2]
    assert data.x.flatten()[:256].tolist() == pytest.approx([k / 255 for k in range(256)])


def test_without_data_the_images_are_synthetic_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OHMNIA_DATA", raising=False)
    data = digits(20)
    assert "synthetic" in data.source
    assert data.x.shape == (20, 784) and set(data.y.tolist()) == set(range(10))
    assert float(data.x.min()) >= 0 and float(data.x.max()) <= 1


def test_a_folder_without_mnist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMNIA_DATA", str(tmp_path))
    with pytest.raises(InvalidValueError, match=r"train-images.*OHMNIA_DATA"):
        digits(3)
