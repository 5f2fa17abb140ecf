"""Learning curves on disk: one JSON line a record, with what the numbers of a training say and what its arrays do.

The first line says how to read the others: `version`, `edges` (the bins of the weights, in tile weights) and `units`. A record
holds `epoch`, `samples` (since the record before), the values that were given, and for each layer and kind of array

======================= ==========================================================================
`cells`                 number of cells
`pulses`                open-loop pulses so far, of a mean cell
`pulses_per_sample`     the same since the record before, in each sample: the endurance that learning takes
`at_bound`              share of the weights at a bound (`ohmnia.array.saturated_share`)
`weights`               mean, root mean square, least, most and histogram, tile weights
`symmetry_error`        all arrays but the slow one: mean and root mean square of the cells' distance from their own symmetry
                        points, in mean steps
`reference_error`       where a rule keeps a reference of the fast array: its distance from the symmetry points, likewise
======================= ==========================================================================

A number that does not exist, or is not finite, is null. No record holds a time: one seed gives one file.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import Tensor, nn

from ohmnia._errors import InvalidValueError, require, unknown_name
from ohmnia._threads import one_thread
from ohmnia.array import EDGES, SLOW, Block, Tile, histogram, saturated_share, steps_from_symmetry
from ohmnia.lifecycle.checkpoint import write_bytes
from ohmnia.nn import analog_layers

VERSION = 1
FAST, REFERENCE = "fast", "reference"
_UNITS = {
    "pulses": "1",
    "pulses_per_sample": "1",
    "at_bound": "1",
    "weights": "tile weight",
    "symmetry_error": "step",
    "reference_error": "step",
}


@runtime_checkable
class Board(Protocol):
    """Someone who shows records while they are made, e.g. `ohmnia.lifecycle.tensorboard.TensorBoard`."""

    def write(self, record: dict[str, Any]) -> None:
        """Take over one record."""
        ...

    def close(self) -> None:
        """No record follows."""
        ...


@final
class LearningCurves:
    """Appends records of a training to a file; what is written stays, whatever stops the training.

    Parameters
    ----------
    model
        A network with analog layers, as it is at the start or after it was restored.
    path
        The file; made with its folder.
    after
        The epoch after which the training goes on: earlier records are kept, later ones dropped (0: all). None: the file
        must not exist yet.
    board
        Gets every record too.

    Raises
    ------
    InvalidValueError
        No analog layer; a file that is there already, without `after`; a file of something else.
    """

    def __init__(self, model: nn.Module, path: Path | str, after: float | None = None, board: Board | None = None) -> None:
        self.path, self.board, self._layers = Path(path), board, dict(analog_layers(model))
        if not self._layers:
            raise InvalidValueError("The model has no analog layer; make one with ohmnia.nn.convert(model, technology).")
        kept: list[dict[str, Any]] = []
        if self.path.exists():
            if after is None:
                fix = "Give after=EPOCH to go on behind that epoch (0: anew), or another path."
                raise InvalidValueError(f"{self.path} is there already. {fix}")
            kept = [record for record in read_curves(self.path).records if record["epoch"] <= after] if after > 0 else []
        head = {"version": VERSION, "edges": list(EDGES), "units": _UNITS}
        write_bytes(self.path, b"".join(_line(record) for record in (head, *kept)))
        self._pulses = {place: tile.activity.pulses for place, tile in self._tiles()}
        self._symmetry: dict[Tile, Tensor] = {}

    def record(self, epoch: float, samples: int, **values: float) -> dict[str, Any]:
        """Append one record; nothing of the arrays, nor of their random streams, changes.

        Parameters
        ----------
        epoch
            Where the training is, in epochs, steps or whatever grows.
        samples
            Samples learned since the last record.
        values
            Loss, accuracy and the like.

        Raises
        ------
        InvalidValueError
            A negative number of samples; a value with the name of a part of every record.
        """
        require(samples >= 0, "samples", samples, "0 or more")
        if "layers" in values:
            raise InvalidValueError("'layers' is a part of every record; give the value another name.")
        with torch.no_grad(), one_thread():
            layers = {name: self._layer(name, samples) for name in self._layers}
        record = _finite({"epoch": epoch, "samples": samples, **values, "layers": layers})
        self._pulses = {place: tile.activity.pulses for place, tile in self._tiles()}
        with self.path.open("ab") as file:
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())
        if self.board is not None:
            self.board.write(record)
        return record

    def close(self) -> None:
        """Close the board, if there is one; the file needs no closing."""
        if self.board is not None:
            self.board.close()

    def _tiles(self) -> Iterator[tuple[tuple[str, int, str], Tile]]:
        for name, layer in self._layers.items():
            for k, block in enumerate(layer.synapse.blocks):
                for kind, tile in block.tiles.items():
                    yield (name, k, kind), tile

    def _layer(self, name: str, samples: int) -> dict[str, Any]:
        blocks = self._layers[name].synapse.blocks
        found: dict[str, Any] = {}
        for kind in blocks[0].tiles:
            pulses = sum(block.tiles[kind].activity.pulses for block in blocks)
            before = sum(self._pulses.get((name, k, kind), 0) for k in range(len(blocks)))
            cells = sum(block.tiles[kind].conductance.numel() for block in blocks)
            found[kind] = {
                "cells": cells,
                "pulses": pulses / cells,
                "pulses_per_sample": (pulses - before) / cells / samples if samples else None,
                **self._condition(blocks, kind),
            }
        return found

    def _condition(self, blocks: list[Block], kind: str) -> dict[str, Any]:
        tiles = [block.tiles[kind] for block in blocks]
        sizes = [tile.rows * tile.cols for tile in tiles]
        weights = [tile.mapping.weights(tile.conductance) for tile in tiles]
        moments = _mean_and_rms(weights)
        least, most = min(float(part.min()) for part in weights), max(float(part.max()) for part in weights)
        counts = sum((histogram(part) for part in weights), torch.zeros(len(EDGES) - 1, dtype=torch.int64))
        found: dict[str, Any] = {"weights": {**moments, "least": least, "most": most, "histogram": counts.tolist()}}
        if not tiles[0].device.update.bidirectional:
            return found
        shares = [size * saturated_share(tile) for size, tile in zip(sizes, tiles, strict=True)]
        found["at_bound"] = sum(shares) / sum(sizes)
        if kind != SLOW:
            found["symmetry_error"] = _mean_and_rms([steps_from_symmetry(tile, self._symmetry_points(tile)) for tile in tiles])
        if kind == FAST and all(REFERENCE in block.buffers for block in blocks):
            found["reference_error"] = _mean_and_rms([self._reference_error(block) for block in blocks])
        return found

    def _symmetry_points(self, tile: Tile) -> Tensor:
        """Of every cell, siemens; found once, for a cell's own parameters stay."""
        if tile not in self._symmetry:
            self._symmetry[tile] = tile.device.update.symmetry_points(tile.parameters).float()
        return self._symmetry[tile]

    def _reference_error(self, block: Block) -> Tensor:
        fast = block.tiles[FAST]
        return (block.buffers[REFERENCE] - fast.mapping.weights(self._symmetry_points(fast))) / fast.granularity


@final
@dataclass(frozen=True, slots=True)
class Curves:
    """What a file of learning curves holds.

    Parameters
    ----------
    edges
        Edges of the bins of the weights, tile weights.
    records
        In the order of the training; see the module.
    """

    edges: list[float]
    records: list[dict[str, Any]]

    def series(self, *keys: str) -> list[Any]:
        """One entry of each record, e.g. `series("loss")` or `series("layers", "0", "fast", "pulses")`; None where it lacks it.

        Raises
        ------
        UnknownNameError
            No record has it; the nearest name is given.
        """
        found: list[Any] = list(self.records)
        for k, key in enumerate(keys):
            known = {name for part in found if isinstance(part, dict) for name in part}
            if key not in known:
                raise unknown_name("entry", key, known, " / ".join(("the records", *keys[:k])))
            found = [part.get(key) if isinstance(part, dict) else None for part in found]
        return found


def read_curves(path: Path | str) -> Curves:
    """Read learning curves; a last line that was cut off is left out.

    Raises
    ------
    InvalidValueError
        No such file, a damaged line before the last, a file of something else or of a newer version.
    """
    try:
        whole, _, _ = Path(path).read_bytes().rpartition(b"\n")
        parts = [json.loads(line) for line in whole.split(b"\n") if line]
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"Cannot read learning curves from {path}: {error}.") from error
    head = parts[0] if parts and isinstance(parts[0], dict) else {}
    if not isinstance(head.get("version"), int) or "edges" not in head:
        raise InvalidValueError(f"{path} holds no learning curves; its first line must give version and edges.")
    if head["version"] > VERSION:
        raise InvalidValueError(f"{path}: version {head['version']}, newer than {VERSION}, which this reads. Update ohmnia.")
    return Curves(head["edges"], parts[1:])


def _line(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    """The same with null in place of numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _mean_and_rms(parts: list[Tensor]) -> dict[str, float]:
    count = sum(part.numel() for part in parts)
    total = sum(float(part.sum(dtype=torch.float64)) for part in parts)
    square = sum(float(part.square().sum(dtype=torch.float64)) for part in parts)
    return {"mean": total / count, "rms": math.sqrt(square / count) if square >= 0 else float("nan")}
