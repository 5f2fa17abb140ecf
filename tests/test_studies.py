"""Long trainings in short: each case builds, and a training that was cut off ends where one that was not ends."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ohmnia.kernels import set_threads, threads
from ohmnia.lifecycle.task import Task
from ohmnia.random import Stream, uniform

FOLDER = Path(__file__).parents[1] / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    before = threads(), torch.get_num_threads()
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("mnist")
    set_threads(before[0])
    torch.set_num_threads(before[1])
    for name in ("mnist", "trainings"):
        sys.modules.pop(name, None)


class Few:
    """Some images in place of MNIST."""

    def for_results(self) -> Task:
        """The same ones for learning and judging."""
        x = uniform(Stream.root(1), torch.arange(40 * 784)).reshape(40, 784).float()
        return Task(x, torch.arange(40) % 10, x, torch.arange(40) % 10)


def run(study: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str, epochs: int = 3) -> dict[str, Any]:
    own = [
        "mnist.py",
        "published",
        "--epochs",
        str(epochs),
        "--lr",
        "0.5",
        "--name",
        "short",
        "--work",
        str(folder),
        "--out",
        str(folder),
    ]
    monkeypatch.setattr(study, "mnist", Few)
    monkeypatch.setattr(sys, "argv", [*own, *more])
    study.main()
    return json.loads((folder / f"{study.read_options().name}.json").read_text())


def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(
    study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    whole = run(study, monkeypatch, tmp_path / "whole")
    save, cut = study.Saved.save, tmp_path / "cut"

    def stop(self: Any, progress: Any) -> None:
        save(self, progress)
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(study.Saved, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            run(study, once, cut)
    again = run(study, monkeypatch, cut)
    assert again["curves"] == whole["curves"]
    assert again["pulses_per_cell_and_sample"] == whole["pulses_per_cell_and_sample"]
    assert len(whole["curves"]["loss"]) == 3
    with pytest.raises(SystemExit, match="another training"):
        run(study, monkeypatch, cut, "--seed", "4")


def test_every_case_builds(study: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in study.CASES:
        monkeypatch.setattr(sys, "argv", ["mnist.py", case, "--lr", "0.1"])
        model, optimizer = study.build(study.read_options())
        assert len(optimizer.param_groups) == 2
        assert model[0].synapse.shape == (256, 784)


def test_every_network_learns_from_a_few_images(study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes = {"perceptron": 235_146, "lenet-5": 80_202}
    assert sizes.keys() == study.NETWORKS.keys()
    for name, size in sizes.items():
        assert sum(part.numel() for part in study.network(name, Stream.root(0)).parameters()) == size
        result = run(study, monkeypatch, tmp_path, "--network", name, "--images", "3", "--name", name, "--scale", "0.5", epochs=1)
        assert (result["network"], result["images"], len(result["curves"]["loss"])) == (name, 3, 1)
