"""Long trainings in short: each case builds, and a training that was cut off ends where one that was not ends."""

from __future__ import annotations

import importlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ohmnia._errors import InvalidValueError, OhmniaError
from ohmnia.kernels import set_threads, threads
from ohmnia.lifecycle import read_curves
from ohmnia.lifecycle.task import Task
from ohmnia.random import Stream, uniform

FOLDER = Path(__file__).parents[1] / "studies"


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of studies, from which a test imports."""
    before = threads(), torch.get_num_threads()
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    set_threads(before[0])
    torch.set_num_threads(before[1])
    for name in ("mnist", "mnist_life", "text", "trainings"):
        sys.modules.pop(name, None)


@pytest.fixture
def study(studies: None) -> ModuleType:
    return importlib.import_module("mnist")


@pytest.fixture
def text(studies: None) -> ModuleType:
    return importlib.import_module("text")


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


def cut_off(monkeypatch: pytest.MonkeyPatch, again: Callable[[pytest.MonkeyPatch], object]) -> None:
    """Run, and stop behind the second save."""
    saved = sys.modules["trainings"].Saved
    save = saved.save

    def stop(self: Any, progress: Any) -> None:
        save(self, progress)
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(saved, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            again(once)


def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(
    study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    whole = run(study, monkeypatch, tmp_path / "whole")
    cut = tmp_path / "cut"
    cut_off(monkeypatch, lambda once: run(study, once, cut))
    again = run(study, monkeypatch, cut)
    assert again["curves"] == whole["curves"]
    assert again["pulses_per_cell_and_sample"] == whole["pulses_per_cell_and_sample"]
    assert len(whole["curves"]["loss"]) == 3
    with pytest.raises(SystemExit, match="another training"):
        run(study, monkeypatch, cut, "--seed", "4")


def test_a_trained_chip_ages_and_learns_turned_digits(study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    life = importlib.import_module("mnist_life")
    monkeypatch.setattr(life, "mnist", Few)
    monkeypatch.setattr(study, "mnist", Few)
    own = ["--epochs", "1", "--work", str(tmp_path), "--out", str(tmp_path)]
    chip, again = ["published", "--lr", "0.2", "--scale", "0.5"], ["--again", "2", "--float-lr", "0.5"]
    monkeypatch.setattr(sys, "argv", ["mnist_life.py", *chip, *own, *again])
    with pytest.raises(SystemExit, match="no finished training"):
        life.main()
    for first in (chip, ["float", "--lr", "0.5"]):
        with monkeypatch.context() as once:
            once.setattr(sys, "argv", ["mnist.py", *first, *own])
            study.main()
    life.main()
    result = json.loads((tmp_path / "life" / "published-s0.json").read_text())
    assert list(result["ages"])[-1] == "10y"
    assert [len(result["curves"][name]) for name in ("again", "again_float")] == [3, 3]


def test_every_case_builds(study: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in sys.modules["trainings"].CASES:
        monkeypatch.setattr(sys, "argv", ["mnist.py", case, "--lr", "0.1"])
        model, optimizer = study.build(study.read_options())
        assert len(optimizer.param_groups) == 2
        assert model[0].synapse.shape == (256, 784)


def test_options_of_arrays_are_refused_in_floating_point(study: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mnist.py", "float", "--lr", "0.1", "--scale", "0.5", "--rule", "slow_unit=4"])
    with pytest.raises(InvalidValueError, match="--scale, --rule: for training on arrays"):
        study.build(study.read_options())


def test_every_network_learns_from_a_few_images(study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes = {"perceptron": 235_146, "lenet-5": 80_202}
    assert sizes.keys() == study.NETWORKS.keys()
    for name, size in sizes.items():
        assert sum(part.numel() for part in study.network(name, Stream.root(0)).parameters()) == size
        result = run(study, monkeypatch, tmp_path, "--network", name, "--images", "3", "--name", name, "--scale", "0.5", epochs=1)
        assert (result["network"], result["images"], len(result["curves"]["loss"])) == (name, 3, 1)


def learn(text: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, case: str, *more: str) -> dict[str, Any]:
    """Three short pieces of a text that repeats itself; the second epoch begins within them."""
    (folder / "a.txt").write_bytes(bytes(97 + k % 11 for k in range(2400)))
    options = {"--characters": 1500, "--piece": 600, "--steps": 10, "--streams": 3, "--name": "short"}
    options |= {"--text": folder / "a.txt", "--work": folder, "--out": folder}
    own = [str(word) for pair in options.items() for word in pair]
    monkeypatch.setattr(sys, "argv", ["text.py", case, "--lr", "0.05" if case == "float-adam" else "2", *own, *more])
    text.main()
    return json.loads((folder / "short.json").read_text())


@pytest.mark.parametrize("case", ["published", "float-adam"])
def test_a_text_that_was_cut_off_goes_on_with_the_same_bits(
    text: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole = learn(text, monkeypatch, tmp_path / "whole", case)
    cut_off(monkeypatch, lambda once: learn(text, once, tmp_path / "cut", case))
    again = learn(text, monkeypatch, tmp_path / "cut", case)
    assert again["curves"] == whole["curves"]
    assert again["cross_entropy"] == whole["cross_entropy"]
    assert whole["curves"]["characters"] == [600, 1200, 1800]
    assert whole["perplexity"] == pytest.approx(math.exp(whole["cross_entropy"]))
    files = [tmp_path / name / "short.curves.jsonl" for name in ("whole", "cut")]
    assert [path.is_file() for path in files] == 2 * [case == "published"]
    if case == "published":
        assert files[0].read_bytes() == files[1].read_bytes()
        assert [record["loss"] for record in read_curves(files[0]).records] == pytest.approx(whole["curves"]["loss"], abs=1e-5)


def test_a_text_that_repeats_itself_is_learned_and_choices_see_no_test(
    text: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = learn(text, monkeypatch, tmp_path, "float-adam", "--characters", "9000", "--choose")
    assert result["judged_characters"] == 108
    # Parts of 2 characters are judged: the first of each comes after nothing (a guess among 11), the second is sure.
    assert result["perplexity"] < math.sqrt(11.0)
    assert result["pulses_per_cell_and_character"] == {}


def test_lessons_follow_the_text_and_begin_anew(text: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["text.py", "float", "--lr", "1", "--steps", "4", "--streams", "2", "--piece", "24", "--scale", "1"]
    )
    options, tokens = text.read_options(), torch.arange(27)
    steps = [step for piece in range(2) for step in text.lessons(tokens, options, piece)]
    assert [anew for anew, _, _ in steps] == [True, False, False, True, False, False]
    assert [int(x[0, 1]) for _, x, _ in steps] == [13, 17, 21, 13, 17, 21]
    assert all(torch.equal(y, x + 1) for _, x, y in steps)
    options.digital_lr = 1.0
    with pytest.raises(InvalidValueError, match="--scale, --digital-lr: for training on arrays"):
        text.build(options, 5)
    options.steps = 40
    with pytest.raises(InvalidValueError, match="longer than the text"):
        next(text.lessons(tokens, options, 0))


def test_scales_are_for_all_arrays_or_by_name(text: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["text.py", "published", "--lr", "1", "--scale", "head=3", "--scale", "2"])
    model, _ = text.build(text.read_options(), 5)
    assert (model.head.synapse.output_scale, model.lstm.ih_l0.synapse.output_scale) == (3.0, 2.0)
    assert model.lstm.ih_l0.synapse.shape == (256, 5)


def test_a_hyper_parameter_of_the_trains_is_given_by_its_path(text: ModuleType) -> None:
    rule = text.rule("published", ["scheme.length=31", "fast_rate=4.0", "scaling=granularity"])
    assert (rule.scheme.length, rule.fast_rate, rule.scaling) == (31, 4.0, "granularity")


@pytest.mark.parametrize(
    ("change", "text"),
    [("slow_unti=2", "slow_unti.*slow_unit"), ("slow_unit=0", "slow_unit"), ("slow_unit", "NAME=VALUE")],
)
def test_a_wrong_hyper_parameter_is_one_line(
    study: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str, text: str
) -> None:
    with pytest.raises(OhmniaError, match=text):
        run(study, monkeypatch, tmp_path, "--rule", change)
