"""A chip: every array of a model, on one clock, with one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from ohmnia._errors import ChipFileError, InvalidValueError, StateError
from ohmnia._units import DAY, HOUR, MINUTE, MONTH, YEAR
from ohmnia._validation import validated
from ohmnia.array import Activity, Block, Compensation
from ohmnia.device import resolve
from ohmnia.lifecycle.architecture import build, describe
from ohmnia.lifecycle.checkpoint import read_file, under_prefix, with_prefix, write_file
from ohmnia.nn import AnalogLinear, analog_layers
from ohmnia.random import uniform
from ohmnia.technology import Technology

_VECTORS = 64
_REFERENCE = "calibration"


@final
class Chip:
    """All state of a model on arrays: it learns, waits, infers, is saved, and learns again.

    Parameters
    ----------
    model
        A network with analog layers.

    Raises
    ------
    InvalidValueError
        The model has no analog layer.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layers: dict[str, AnalogLinear] = dict(analog_layers(model))
        self.training_state: dict[str, Any] = {}
        self._optimizer_state: dict[str, Tensor] = {}
        if not self.layers:
            raise InvalidValueError("The model has no analog layer; make one with ohmnia.nn.convert(model, technology).")

    def _blocks(self) -> Iterator[Block]:
        for layer in self.layers.values():
            yield from layer.synapse.blocks

    @property
    def clock_seconds(self) -> float:
        """Age of the chip."""
        return next(self._blocks()).slow.clock_seconds

    def advance(
        self,
        seconds: float = 0.0,
        *,
        minutes: float = 0.0,
        hours: float = 0.0,
        days: float = 0.0,
        months: float = 0.0,
        years: float = 0.0,
    ) -> None:
        """Let time pass on every array (1 month = 30 days, 1 year = 365.25 days).

        Raises
        ------
        InvalidValueError
            A negative or infinite time.
        """
        wait = seconds + minutes * MINUTE + hours * HOUR + days * DAY + months * MONTH + years * YEAR
        for layer in self.layers.values():
            layer.synapse.advance(wait)

    def activity(self) -> dict[str, Activity]:
        """Counts by tile name, over all layers."""
        totals: dict[str, Activity] = {}
        for layer in self.layers.values():
            for name, counts in layer.synapse.activity().items():
                totals.setdefault(name, Activity()).add(counts)
        return totals

    def devices(self) -> dict[str, int]:
        """Number of cells by tile name."""
        totals: dict[str, int] = {}
        for block in self._blocks():
            for name, tile in block.tiles.items():
                totals[name] = totals.get(name, 0) + tile.conductance.numel()
        return totals

    # --- digital drift compensation -----------------------------------------------------------------------------------

    def record_reference(self) -> None:
        """Read 64 random vectors through every array right after the last write, and keep the outputs digitally."""
        for block in self._blocks():
            block.buffers[_REFERENCE] = block.mvm(_vectors(block), "evaluate")

    def calibrate(self) -> None:
        """Read the same vectors again, and fit for each output line y_then = scale * y_now + offset * sum(x).

        Raises
        ------
        StateError
            No reference was recorded, or a write has followed it.
        """
        for name, layer in self.layers.items():
            for block in layer.synapse.blocks:
                if _REFERENCE not in block.buffers:
                    raise StateError(f"Layer '{name}' has no reference; call chip.record_reference() right after the last write.")
                vectors = _vectors(block)
                block.compensation = Compensation.fitted(block.mvm(vectors, "evaluate"), vectors, block.buffers[_REFERENCE])

    @contextmanager
    def compensated(self) -> Iterator[None]:
        """Evaluate with the last calibration switched on; learning and everything outside stay uncompensated."""
        for layer in self.layers.values():
            layer.synapse.compensated = True
        try:
            yield
        finally:
            for layer in self.layers.values():
                layer.synapse.compensated = False

    # --- files --------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that makes the chip what it is, as tensors and as plain data."""
        tensors: dict[str, Tensor] = {}
        layers: dict[str, Any] = {}
        for name, layer in self.layers.items():
            parts, metadata = layer.synapse.state()
            tensors |= with_prefix(f"analog.{name}", parts)
            layers[name] = {"shape": list(layer.synapse.shape), "state": metadata}
        digital = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        tensors |= with_prefix("digital", {name: value.detach() for name, value in digital.items()})
        tensors |= with_prefix("optimizer", self._optimizer_state)
        technologies = [layer.synapse.device.technology for layer in self.layers.values()]
        return tensors, {
            "layers": layers,
            "architecture": describe(self.model),
            "technologies": {technology.id: technology.model_dump(mode="json") for technology in technologies},
            "training": self.training_state,
        }

    def restore(self, tensors: dict[str, Tensor], metadata: dict[str, Any], where: str = "chip state") -> None:
        """Take over a saved state; everything is checked before anything is changed.

        Raises
        ------
        ChipFileError
            The state belongs to another network.
        """
        saved, own = metadata["layers"], {name: list(layer.synapse.shape) for name, layer in self.layers.items()}
        if {name: entry["shape"] for name, entry in saved.items()} != own:
            found = {name: tuple(entry["shape"]) for name, entry in saved.items()}
            raise ChipFileError(f"{where}: holds the layers {found}; the model has {own}. Nothing was loaded.")
        digital, parts = dict(self.model.named_parameters()) | dict(self.model.named_buffers()), under_prefix("digital", tensors)
        if {name: value.shape for name, value in digital.items()} != {name: value.shape for name, value in parts.items()}:
            raise ChipFileError(
                f"{where}: its digital parameters are {sorted(parts)}; the model's, {sorted(digital)}. Nothing was loaded."
            )
        for name, layer in self.layers.items():
            layer.synapse.restore(under_prefix(f"analog.{name}", tensors), saved[name]["state"])
        with torch.no_grad():
            for name, value in digital.items():
                value.copy_(parts[name])
        self.training_state, self._optimizer_state = metadata["training"], under_prefix("optimizer", tensors)

    def save(
        self,
        path: str | Path,
        *,
        optimizer: torch.optim.Optimizer | None = None,
        scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
        epoch: int | None = None,
    ) -> None:
        """Write the chip to a file, atomically: arrays, clocks, streams, buffers of the rule, digital parameters.

        Parameters
        ----------
        path
            Where.
        optimizer, scheduler, epoch
            State of the training, to be taken up again by `resume`; the optimizer's own tensors (momentum) are saved too.

        Raises
        ------
        StateError
            Update requests are still waiting.
        """
        for name, layer in self.layers.items():
            if layer.synapse.requests:
                raise StateError(
                    f"Layer '{name}' has update requests that no step has taken; call optimizer.step() or zero_grad() first."
                )
        saved = {"param_groups": None, "state": {}} if optimizer is None else optimizer.state_dict()
        entries = {f"{index}.{key}": value for index, own in saved["state"].items() for key, value in own.items()}
        self._optimizer_state = {name: value.clone() for name, value in entries.items() if isinstance(value, Tensor)}
        self.training_state = {
            "groups": saved["param_groups"],
            "state": {name: value for name, value in entries.items() if not isinstance(value, Tensor)},
            "scheduler": None if scheduler is None else scheduler.state_dict(),
            "epoch": epoch,
        }
        write_file(Path(path), "chip", *self.state())

    def resume(
        self, optimizer: torch.optim.Optimizer, scheduler: torch.optim.lr_scheduler.LRScheduler | None = None
    ) -> int | None:
        """Give an optimizer and a scheduler the state that was saved; returns the epoch.

        Raises
        ------
        StateError
            Nothing was saved for them.
        """
        groups, saved = self.training_state.get("groups"), self.training_state.get("scheduler")
        if groups is None or (scheduler is not None and saved is None):
            raise StateError("The chip was saved without its optimizer or scheduler; pass them to chip.save(...).")
        state: dict[int, dict[str, Any]] = {}
        for name, value in (self.training_state.get("state", {}) | self._optimizer_state).items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = value.clone() if isinstance(value, Tensor) else value
        optimizer.load_state_dict({"state": state, "param_groups": groups})
        if scheduler is not None and saved is not None:
            scheduler.load_state_dict(saved)
        return self.training_state.get("epoch")


def load_chip(path: str | Path, model: nn.Module | None = None) -> Chip:
    """Read a chip from a file.

    Parameters
    ----------
    path
        Written by `Chip.save`.
    model
        The network to load into, converted with the same layout. Not needed for a `Sequential` of layers that ohmnia and
        torch know.

    Raises
    ------
    ChipFileError
        No chip file, truncated, newer, or of another network; nothing is half-loaded.
    """
    tensors, metadata = read_file(Path(path), "chip")
    if model is None:
        if metadata["architecture"] is None:
            raise ChipFileError(f"{path}: the network is no plain Sequential; pass it as load_chip(path, model=...).")
        devices = {
            name: resolve(validated(Technology, data, f"{path}, technology")) for name, data in metadata["technologies"].items()
        }
        model = build(metadata["architecture"], devices)
    chip = Chip(model)
    chip.restore(tensors, metadata, str(path))
    return chip


def _vectors(block: Block) -> Tensor:
    """The calibration vectors of a block, uniform in [0, 1), from a stream of their own."""
    count = _VECTORS * block.shape[1]
    return uniform(block.stream.child("calibration"), torch.arange(count)).reshape(_VECTORS, -1).float()
