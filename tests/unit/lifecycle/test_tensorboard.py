"""Records as TensorBoard sees them: the calls by a stand-in, and real event files where the package is there."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import ohmnia
from helpers import QUICK
from ohmnia._errors import StateError
from ohmnia.array import EDGES
from ohmnia.lifecycle import Run, tensorboard
from ohmnia.lifecycle.curves import LearningCurves
from ohmnia.lifecycle.tensorboard import TensorBoard
from ohmnia.nn import convert
from ohmnia.training import AGAD, AnalogOptimizer
from scenarios import small_scenario

INSTALLED = importlib.util.find_spec("tensorboard") is not None


def record(path: Path, board: TensorBoard | None = None) -> dict[str, Any]:
    model = nn.Sequential(nn.Linear(4, 3))
    chip = convert(model, ohmnia.technology("cmo-hfox"), config=QUICK, seed=0)
    AnalogOptimizer(chip, AGAD(), 0.1)
    return LearningCurves(chip, path, board=board).record(2, 10, loss=0.5, accuracy=float("nan"))


class StandIn:
    """Keeps the calls that SummaryWriter would get."""

    made: list[StandIn] = []

    def __init__(self, folder: str, purge_step: int | None) -> None:
        self.folder, self.purge_step = folder, purge_step
        self.scalars: dict[str, tuple[float, int]] = {}
        self.histograms: dict[str, dict[str, Any]] = {}
        self.flushed = self.closed = 0
        StandIn.made.append(self)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.scalars[tag] = value, step

    def add_histogram_raw(self, tag: str, **parts: Any) -> None:
        self.histograms[tag] = parts

    def flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.closed += 1


def test_scalars_and_histograms_are_those_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "summary_writer", lambda: StandIn)
    board = TensorBoard(tmp_path / "events", after=1)
    found, writer = record(tmp_path / "c", board)["layers"]["0"], StandIn.made[-1]
    board.close()
    assert (writer.folder, writer.purge_step, writer.flushed, writer.closed) == (str(tmp_path / "events"), 2, 1, 1)
    assert writer.scalars["loss"] == (0.5, 2)
    assert "accuracy" not in writer.scalars
    assert writer.scalars["0/fast/symmetry_error_rms"] == (found["fast"]["symmetry_error"]["rms"], 2)
    assert writer.scalars["0/slow/at_bound"] == (found["slow"]["at_bound"], 2)
    parts, weights = writer.histograms["0/slow/weights"], found["slow"]["weights"]
    assert parts["bucket_counts"] == weights["histogram"]
    assert parts["bucket_limits"] == list(EDGES[1:])
    assert parts["num"] == 12
    assert parts["sum"] == pytest.approx(12 * weights["mean"])
    assert parts["sum_squares"] == pytest.approx(12 * weights["rms"] ** 2)
    assert (parts["min"], parts["max"], parts["global_step"]) == (weights["least"], weights["most"], 2)


def test_a_new_training_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "summary_writer", lambda: StandIn)
    TensorBoard(tmp_path)
    assert StandIn.made[-1].purge_step is None


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(StateError, match=r"tensorboard, which is not installed. pip install 'ohmnia\[tensorboard\]'"):
        TensorBoard(tmp_path)
    with pytest.raises(StateError, match="not installed"):
        Run(small_scenario(), tmp_path / "run", tensorboard=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not INSTALLED, reason="the package tensorboard is not installed (pip install 'ohmnia[tensorboard]')")
def test_event_files_read_back(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        board = TensorBoard(tmp_path / "events")
        written = record(tmp_path / "c", board)["layers"]["0"]["slow"]
        board.close()
        events = EventAccumulator(str(tmp_path / "events")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(2, 0.5)]
    assert events.Scalars("0/slow/at_bound")[0].value == pytest.approx(written["at_bound"])
    histogram = events.Histograms("0/slow/weights")[0].histogram_value
    assert histogram.num == sum(written["weights"]["histogram"]) == 12
    assert sum(histogram.bucket) == 12
    assert histogram.sum == pytest.approx(12 * written["weights"]["mean"])
