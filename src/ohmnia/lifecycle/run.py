"""The all-in-one run: learn, retain and infer, transfer, learn again. Resumable after any epoch, with the same bits.

The run's whole state is its models, the results so far and the position (stage, epoch); it is one file, replaced
atomically, so that Ctrl-C or a full disk leaves the last good one.
"""

from __future__ import annotations

import copy
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import nn

from ohmnia._errors import ChipFileError, StateError
from ohmnia._validation import validated
from ohmnia.device import Device, resolve
from ohmnia.lifecycle import characterise
from ohmnia.lifecycle.checkpoint import read_file, under_prefix, with_prefix, write_file
from ohmnia.lifecycle.chip import Chip
from ohmnia.lifecycle.curves import LearningCurves
from ohmnia.lifecycle.record import METRICS, RESULTS, SCENARIO, TIMING, Results, write_json, write_results
from ohmnia.lifecycle.scenario import Scenario, Training
from ohmnia.lifecycle.task import Task, digits, permuted, rotated
from ohmnia.lifecycle.tensorboard import TensorBoard, summary_writer
from ohmnia.lifecycle.trainer import accuracy, perceptron, scheduler, train_epoch
from ohmnia.nn import analog_layers, convert
from ohmnia.random import Stream
from ohmnia.technology import technology
from ohmnia.training import AnalogOptimizer

STAGES = ("float", "learn", "retain", "transfer", "relearn_float", "relearn", "characterise")
CHECKPOINT, CHIP = "checkpoint.safetensors", "chip.safetensors"
CURVES, EVENTS = "curves.jsonl", "tensorboard"
_FOLLOWED_CELLS = 12
_RETENTION_CELLS = 2000
_RESPONSE_CELLS = 32


@runtime_checkable
class Observer(Protocol):
    """Someone who watches a run; the run itself prints nothing."""

    def progress(self, stage: str, done: int, total: int, text: str) -> None:
        """A step of a stage is done."""
        ...


@final
class Silent:
    """An observer that does nothing."""

    def progress(self, stage: str, done: int, total: int, text: str) -> None:
        """Nothing."""


@dataclass(slots=True)
class _Position:
    stage: int = 0
    epoch: int = 0
    training: dict[str, Any] | None = None


@final
class Run:
    """One run in one folder.

    Parameters
    ----------
    scenario
        What to do.
    folder
        Where its files go; made if need be.
    observer
        Told of every step.
    tensorboard
        Also write the chip's learning curves (`curves.jsonl`) as event files for TensorBoard.

    Raises
    ------
    StateError
        TensorBoard is asked for and not installed.
    """

    def __init__(self, scenario: Scenario, folder: Path, observer: Observer | None = None, tensorboard: bool = False) -> None:
        self._lap = time.perf_counter()
        if tensorboard:
            summary_writer()
        self.tensorboard = tensorboard
        self.results, self.folder, self.observer = Results(scenario), folder, observer or Silent()
        self.scenario, self.stream = scenario, Stream.root(scenario.seed)
        self.technology = technology(scenario.technology)
        self.device: Device = resolve(self.technology)
        self.rule = scenario.learn.build_rule()
        self.task = digits(scenario.seed)
        self.float_model: nn.Module = perceptron(scenario.network.hidden, self.stream.child("weights"))
        self.float_again: nn.Module = copy.deepcopy(self.float_model)
        self.chip = Chip(self._convert(self.float_model))
        self._position = _Position()
        self._count_seconds("setup")

    @staticmethod
    def resume(folder: Path, observer: Observer | None = None, tensorboard: bool = False) -> Run:
        """Take up a run that was cut off.

        Raises
        ------
        ChipFileError
            The folder holds no resumable run.
        """
        path = folder / CHECKPOINT
        if not path.is_file():
            done = (folder / METRICS).is_file()
            why = "its run is complete" if done else "it holds no run that was begun"
            raise ChipFileError(f"{folder}: nothing to resume; {why}.")
        tensors, metadata = read_file(path, "run")
        run = Run(validated(Scenario, metadata["scenario"], str(path)), folder, observer, tensorboard)
        run.chip.restore(under_prefix("chip", tensors), metadata["chip"], str(path))
        run.float_model.load_state_dict(under_prefix("float", tensors))
        run.float_again.load_state_dict(under_prefix("float_again", tensors))
        setup = run.results.seconds["setup"]
        run.results = Results(run.scenario, metadata["metrics"], metadata["curves"], metadata["seconds"])
        run.results.seconds["setup"] += setup
        run._position = _Position(**metadata["position"])
        return run

    def execute(self) -> Results:
        """Run every stage that is still to be done, and write all results."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / SCENARIO, self.scenario.model_dump(mode="json"))
        for k in range(self._position.stage, len(STAGES)):
            getattr(self, f"_stage_{STAGES[k]}")()
            self._position = _Position(stage=k + 1)
            self._save(STAGES[k])
        self.chip.save(self.folder / CHIP)
        self._count_seconds("save")
        write_results(self.results, self.folder)
        return self.results

    def finish(self) -> None:
        """Remove the checkpoint, once everything that is made from the results stands."""
        (self.folder / CHECKPOINT).unlink(missing_ok=True)

    def _count_seconds(self, stage: str) -> None:
        now, seconds = time.perf_counter(), self.results.seconds
        seconds[stage], self._lap = seconds.get(stage, 0.0) + now - self._lap, now

    def _save(self, stage: str) -> None:
        self._count_seconds(stage)
        chip_tensors, chip_metadata = self.chip.state()
        tensors = with_prefix("chip", chip_tensors) | with_prefix("float", dict(self.float_model.state_dict()))
        tensors |= with_prefix("float_again", dict(self.float_again.state_dict()))
        metadata = {
            "scenario": self.scenario.model_dump(mode="json"),
            "chip": chip_metadata,
            "metrics": self.results.metrics,
            "curves": self.results.curves,
            "seconds": self.results.seconds,
            "position": dataclasses.asdict(self._position),
        }
        write_file(self.folder / CHECKPOINT, "run", tensors, metadata)

    def _convert(self, model: nn.Module, purpose: str = "training") -> nn.Module:
        config, scale = self.scenario.arrays, self.scenario.network.output_scale
        seed = self.stream.child("arrays", purpose).key0
        if purpose == "inference":
            changes = {"acceptance_range": self.scenario.transfer.acceptance_range or config.acceptance_range}
            return convert(model, self.technology, purpose, config=config.model_copy(update=changes), seed=seed)
        names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
        if isinstance(scale, tuple):
            if len(scale) != len(names):
                raise StateError(f"network.output_scale has {len(scale)} entries; the network has {len(names)} layers of arrays.")
            return convert(model, self.technology, config=config, output_scale=dict(zip(names, scale, strict=True)), seed=seed)
        return convert(model, self.technology, config=config, output_scale=scale, seed=seed)

    # --- stages -------------------------------------------------------------------------------------------------------

    def _fit(self, stage: str, model: nn.Module, optimizer: torch.optim.Optimizer, task: Task, training: Training) -> float:
        plan, position, curves = scheduler(optimizer, training), self._position, self.results.curves
        if position.training is not None:
            optimizer.load_state_dict({"state": {}, "param_groups": position.training["groups"]})
            plan.load_state_dict(position.training["scheduler"])
        order = self.stream.child("order", "again" if stage.startswith("relearn") else "first")
        recorded = self._curves(stage) if model is self.chip.model else None
        for epoch in range(position.epoch, training.epochs):
            loss = train_epoch(model, optimizer, task, training, order, epoch)
            plan.step()
            right = accuracy(model, task.x_test, task.y_test)
            curves.setdefault(f"{stage}.loss", []).append(loss)
            curves.setdefault(f"{stage}.accuracy", []).append(right)
            if recorded is not None:
                values = {f"{stage}.loss": loss, f"{stage}.accuracy": right}
                recorded.record(self._epochs_before(stage) + epoch + 1, len(task.x), **values)
                curves.setdefault(f"cells.{stage}", []).append(self._followed())
            position.epoch = epoch + 1
            position.training = {"groups": optimizer.state_dict()["param_groups"], "scheduler": plan.state_dict()}
            self._save(stage)
            self.observer.progress(stage, epoch + 1, training.epochs, f"accuracy {100 * right:.1f} %")
        if recorded is not None:
            recorded.close()
        return curves[f"{stage}.accuracy"][-1]

    def _epochs_before(self, stage: str) -> int:
        """Epochs that the chip has learned before a stage."""
        return self.scenario.learn.epochs if stage == "relearn" else 0

    def _curves(self, stage: str) -> LearningCurves:
        """The chip's learning curves, from the present position on."""
        after = self._epochs_before(stage) + self._position.epoch
        board = TensorBoard(self.folder / EVENTS, after) if self.tensorboard else None
        return LearningCurves(self.chip.model, self.folder / CURVES, after, board)

    def _followed(self) -> list[float]:
        """Conductances of some cells of the first layer's slow array, the same ones for the whole run."""
        tile = next(analog_layers(self.chip.model))[1].synapse.blocks[0].slow
        cells = tile.conductance.flatten()
        step = max(len(cells) // _FOLLOWED_CELLS, 1)
        return cells[step // 2 :: step][:_FOLLOWED_CELLS].double().tolist()

    def _stage_float(self) -> None:
        training = self.scenario.learn
        optimizer = torch.optim.SGD(self.float_model.parameters(), training.float_lr)
        self.results.metrics["fp_accuracy"] = self._fit("float", self.float_model, optimizer, self.task, training)
        self.float_again.load_state_dict(self.float_model.state_dict())

    def _stage_learn(self) -> None:
        training = self.scenario.learn
        optimizer = AnalogOptimizer(self.chip.model, self.rule, training.lr)
        self.results.metrics["learn_accuracy"] = self._fit("learn", self.chip.model, optimizer, self.task, training)
        cells = self.chip.devices()
        for name, activity in self.chip.activity().items():
            self.results.metrics[f"pulses_per_cell.{name}"] = activity.pulses / cells[name]

    def _age(self, chip: Chip, key: str) -> None:
        """Let a chip age; infer at each time, raw and compensated."""
        retain, metrics = self.scenario.retain, self.results.metrics
        chip.record_reference()
        raw, compensated = [], []
        for k, (name, age) in enumerate(zip(retain.times, retain.ages_seconds(), strict=True)):
            chip.advance(age - (retain.ages_seconds()[k - 1] if k else 0.0))
            raw.append(accuracy(chip.model, self.task.x_test, self.task.y_test))
            chip.calibrate()
            with chip.compensated():
                compensated.append(accuracy(chip.model, self.task.x_test, self.task.y_test))
            metrics[f"{key}_accuracy.{name}.raw"], metrics[f"{key}_accuracy.{name}.compensated"] = raw[-1], compensated[-1]
            if chip is self.chip:
                self.results.curves.setdefault("cells.retain", []).append(self._followed())
            self.observer.progress(f"{key} after", k + 1, len(retain.times), f"{name}: {100 * compensated[-1]:.1f} %")
        self.results.curves |= {"age": retain.ages_seconds(), f"{key}.raw": raw, f"{key}.compensated": compensated}

    def _stage_retain(self) -> None:
        self._age(self.chip, "infer")

    def _stage_transfer(self) -> None:
        chip = Chip(self._convert(self.float_model, "inference"))
        programmed = accuracy(chip.model, self.task.x_test, self.task.y_test)
        self.results.metrics["transfer_accuracy.programmed"] = programmed
        self._age(chip, "transfer")

    def _changed_task(self) -> Task:
        change = self.scenario.relearn
        if change.task == "rotate":
            return rotated(self.task, change.degrees)
        return permuted(self.task, self.stream.child("permute"))

    def _stage_relearn_float(self) -> None:
        training, metrics, task = self.scenario.relearn, self.results.metrics, self._changed_task()
        metrics["relearn_fp_before_accuracy"] = accuracy(self.float_model, task.x_test, task.y_test)
        optimizer = torch.optim.SGD(self.float_again.parameters(), training.float_lr)
        metrics["relearn_fp_accuracy"] = self._fit("relearn_float", self.float_again, optimizer, task, training)

    def _stage_relearn(self) -> None:
        training, metrics, task = self.scenario.relearn, self.results.metrics, self._changed_task()
        if self._position.epoch == 0:
            metrics["relearn_before_accuracy"] = accuracy(self.chip.model, task.x_test, task.y_test)
        optimizer = AnalogOptimizer(self.chip.model, self.rule, training.lr)
        metrics["relearn_accuracy"] = self._fit("relearn", self.chip.model, optimizer, task, training)

    def _stage_characterise(self) -> None:
        plan, metrics, curves = self.scenario.programming, self.results.metrics, self.results.curves
        stream = self.stream.child("characterise")
        for k, (key, acceptance) in enumerate((("ar0.2", 0.002), ("ar2", 0.02))):
            numbers = (plan.levels, plan.cells_per_level, plan.cells_at_50_microsiemens)
            found = characterise.programming(self.device, acceptance, *numbers, stream.child(key))
            metrics[f"programming_sigma_siemens.{key}"] = found.sigma_at_50_siemens
            metrics[f"programming_iterations.{key}"] = float(found.iterations.mean())
            metrics[f"programming_failed_fraction.{key}"] = found.failed_fraction
            curves["programming.target"] = found.target_siemens.tolist()
            curves[f"programming.sigma.{key}"] = found.sigma_siemens.tolist()
            curves[f"programming.iterations.{key}"] = found.iterations.tolist()
            self.observer.progress("characterise", k + 1, 3, f"programming, range {key[2:]} %")
        curves["pulse_response"] = characterise.pulse_response(self.device, _RESPONSE_CELLS, stream.child("pulses")).tolist()
        ages = self.scenario.retain.ages_seconds()
        curves["retention.change"] = characterise.retention(self.device, ages, _RETENTION_CELLS, stream.child("wait")).tolist()
        self.observer.progress("characterise", 3, 3, "pulses and retention")


def leftovers(folder: Path) -> list[Path]:
    """Files of an earlier run in a folder."""
    names = (SCENARIO, CHECKPOINT, CHIP, METRICS, TIMING, RESULTS, CURVES, EVENTS, "report.html", "figures")
    return [folder / name for name in names if (folder / name).exists()]
