"""Learning curves on disk: what a record says, that it changes nothing, and that a cut loses nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ohmnia
from helpers import QUICK, saturate, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import EDGES
from ohmnia.lifecycle.curves import LearningCurves, read_curves
from ohmnia.nn import convert
from ohmnia.training import AGAD, AnalogOptimizer

SAMPLES = 20


class Training:
    """A regression on two arrays, the first one in two blocks."""

    def __init__(self) -> None:
        model = nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 3))
        for k in (0, 2):
            model[k].load_state_dict(
                {"weight": 0.5 * values(k, *model[k].weight.shape), "bias": torch.zeros(model[k].out_features)}
            )
        config = QUICK.model_copy(update={"max_cols": 5})
        self.model = convert(model, ohmnia.technology("cmo-hfox"), config=config, seed=0)
        self.optimizer = AnalogOptimizer(self.model, AGAD(in_chop_prob=0.5), 1.0)

    def epoch(self, epoch: int) -> None:
        x = values(100 + epoch, SAMPLES, 6)
        self.optimizer.zero_grad()
        (self.model(x) - 1.0).square().mean().backward()
        self.optimizer.step()


def trained(path: Path, epochs: int = 4, cut: int | None = None) -> Training:
    """Train with curves; what is after the cut is recorded twice, as after a crash behind the last saved state."""
    training = Training()
    curves = LearningCurves(training.model, path)
    for epoch in range(1, epochs + 1):
        training.epoch(epoch)
        curves.record(epoch, SAMPLES, loss=1.0 / epoch)
        if epoch == cut:
            path.write_bytes(path.read_bytes() + json.dumps({"epoch": epoch + 1, "layers": {}}).encode() + b'\n{"epoch": 7, "la')
            curves = LearningCurves(training.model, path, after=epoch)
    return training


def test_pulses_are_those_of_the_arrays(tmp_path: Path) -> None:
    training = trained(tmp_path / "new" / "curves.jsonl")
    curves = read_curves(tmp_path / "new" / "curves.jsonl")
    for name in ("0", "2"):
        layer = training.model.get_submodule(name)
        for kind, activity in layer.synapse.activity().items():
            total = curves.series("layers", name, kind, "pulses")
            cells = sum(block.tiles[kind].conductance.numel() for block in layer.synapse.blocks)
            assert total[-1] == activity.pulses / cells
            each = curves.series("layers", name, kind, "pulses_per_sample")
            assert SAMPLES * sum(each) == pytest.approx(total[-1], rel=1e-12)
            assert curves.series("layers", name, kind, "cells") == [cells] * 4
    assert curves.series("layers", "0", "fast", "pulses")[-1] > 0
    assert curves.series("loss") == [1.0 / epoch for epoch in range(1, 5)]


def test_weights_are_those_of_the_arrays(tmp_path: Path) -> None:
    training = trained(tmp_path / "curves.jsonl")
    found = read_curves(tmp_path / "curves.jsonl").records[-1]["layers"]["0"]["slow"]["weights"]
    weights = torch.cat([block.slow.weights().flatten() for block in training.model[0].synapse.blocks]).double()
    assert found["mean"] == pytest.approx(float(weights.mean()), rel=1e-6)
    assert found["rms"] == pytest.approx(float(weights.square().mean().sqrt()), rel=1e-6)
    assert found["least"] == pytest.approx(float(weights.min()))
    assert found["most"] == pytest.approx(float(weights.max()))
    expected = torch.histogram(weights, torch.tensor(EDGES, dtype=torch.float64)).hist
    assert found["histogram"] == expected.long().tolist()
    assert sum(found["histogram"]) == 30


def test_errors_of_symmetry_points_are_in_steps(tmp_path: Path) -> None:
    """Every cell 2 steps above its symmetry point, and a reference 3 steps below."""
    training = Training()
    block = training.model[2].synapse.blocks[0]
    fast = block.tiles["fast"]
    points = fast.device.update.symmetry_points(fast.parameters).float()
    fast.conductance.copy_(points + 2.0 * fast.device.update.step_siemens)
    block.buffers["reference"].copy_(fast.mapping.weights(points) - 3.0 * fast.granularity)
    found = LearningCurves(training.model, tmp_path / "c").record(1, SAMPLES)["layers"]["2"]["fast"]
    assert found["symmetry_error"] == pytest.approx({"mean": 2.0, "rms": 2.0}, rel=1e-3)
    assert found["reference_error"] == pytest.approx({"mean": -3.0, "rms": 3.0}, rel=1e-3)


def test_the_share_at_a_bound_counts_every_block(tmp_path: Path) -> None:
    training = Training()
    block = max(training.model[0].synapse.blocks, key=lambda part: part.slow.cols)
    saturate(block.slow, 1.0)
    found = LearningCurves(training.model, tmp_path / "c").record(1, SAMPLES)["layers"]["0"]["slow"]["at_bound"]
    assert found == pytest.approx(block.slow.rows * block.slow.cols / 30)


def test_a_chip_that_is_only_programmed_has_no_figures_of_pulses(tmp_path: Path) -> None:
    model = convert(nn.Linear(4, 3), ohmnia.technology("pcm"), "inference")
    found = LearningCurves(model, tmp_path / "c").record(0, 0)["layers"][""]["slow"]
    assert found["pulses_per_sample"] is None
    assert "at_bound" not in found
    assert sum(found["weights"]["histogram"]) == 12


def test_recording_changes_no_bit_of_a_training(tmp_path: Path) -> None:
    seen, unseen = trained(tmp_path / "curves.jsonl"), Training()
    for epoch in range(1, 5):
        unseen.epoch(epoch)
    for k in (0, 2):
        for own, other in zip(seen.model[k].synapse.tiles(), unseen.model[k].synapse.tiles(), strict=True):
            assert torch.equal(own.conductance, other.conductance)
            assert own.uses.counts == other.uses.counts
            assert own.activity == other.activity


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_training_that_was_cut_off_leaves_the_same_file(tmp_path: Path, cut: int) -> None:
    trained(tmp_path / "whole")
    trained(tmp_path / "cut", cut=cut)
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_line_that_was_cut_off_is_left_out_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "curves.jsonl"
    trained(path, epochs=2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert read_curves(path).series("epoch") == [1]
    path.write_bytes(whole.replace(b'"loss"', b'"loss', 1))
    with pytest.raises(InvalidValueError, match="Cannot read learning curves"):
        read_curves(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no learning curves"),
        ('{"epoch": 1}\n', "holds no learning"),
        ('{"version": 9, "edges": []}\n', "newer than 1"),
    ],
)
def test_other_files_are_refused_and_left_alone(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "mine"
    path.write_text(text)
    with pytest.raises(InvalidValueError, match=why):
        LearningCurves(Training().model, path, after=1)
    with pytest.raises(InvalidValueError, match="is there already"):
        LearningCurves(Training().model, path)
    assert path.read_text() == text


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="no analog layer"):
        LearningCurves(nn.Linear(2, 2), tmp_path / "c")
    curves = LearningCurves(Training().model, tmp_path / "c")
    with pytest.raises(InvalidValueError, match="samples = -1"):
        curves.record(1, -1)
    with pytest.raises(InvalidValueError, match="'layers' is a part"):
        curves.record(1, 1, layers=3.0)
    curves.record(1, 1, loss=math.nan)
    read = read_curves(tmp_path / "c")
    assert read.series("loss") == [None]
    assert read.edges == list(EDGES)
    with pytest.raises(UnknownNameError, match="Did you mean 'loss'"):
        read.series("los")


def test_a_board_gets_every_record(tmp_path: Path) -> None:
    class Kept:
        def __init__(self) -> None:
            self.records: list[Any] = []

        def write(self, record: dict[str, Any]) -> None:
            self.records.append(record)

        def close(self) -> None:
            self.records.append("closed")

    board, training = Kept(), Training()
    curves = LearningCurves(training.model, tmp_path / "c", board=board)
    curves.record(1, 5, loss=2.0)
    curves.close()
    assert board.records == [*read_curves(tmp_path / "c").records, "closed"]
