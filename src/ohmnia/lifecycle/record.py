"""What a run leaves behind: flat metrics, labelled curves, timing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from ohmnia._errors import InvalidValueError
from ohmnia.lifecycle.checkpoint import write_bytes
from ohmnia.lifecycle.scenario import Scenario

METRICS, TIMING, RESULTS, SCENARIO = "metrics.json", "timing.json", "results.nc", "scenario.json"


@final
@dataclass(slots=True)
class Results:
    """Results of a run, complete or in the making.

    Parameters
    ----------
    scenario
        What was asked for.
    metrics
        Name to number; accuracies are fractions.
    curves
        Name to a list (or nested lists) of numbers, see `CURVES`.
    seconds
        Wall time of each stage.
    """

    scenario: Scenario
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


CURVES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "float.accuracy": (("epoch",), "1", "held-out accuracy of the floating-point network after each epoch"),
    "float.loss": (("epoch",), "nat", "mean training loss of the floating-point network"),
    "learn.accuracy": (("epoch",), "1", "held-out accuracy of the chip after each epoch"),
    "learn.loss": (("epoch",), "nat", "mean training loss of the chip"),
    "relearn_float.accuracy": (("relearn_epoch",), "1", "held-out accuracy on the changed task, floating point"),
    "relearn_float.loss": (("relearn_epoch",), "nat", "mean training loss on the changed task, floating point"),
    "relearn.accuracy": (("relearn_epoch",), "1", "held-out accuracy on the changed task, chip"),
    "relearn.loss": (("relearn_epoch",), "nat", "mean training loss on the changed task, chip"),
    "age": (("age",), "s", "time since the last write"),
    "infer.raw": (("age",), "1", "accuracy of the learned chip"),
    "infer.compensated": (("age",), "1", "accuracy of the learned chip with digital drift compensation"),
    "transfer.raw": (("age",), "1", "accuracy of the programmed chip"),
    "transfer.compensated": (("age",), "1", "accuracy of the programmed chip with digital drift compensation"),
    "cells.learn": (("epoch", "cell"), "S", "conductance of some cells of the slow array after each epoch"),
    "cells.retain": (("age", "cell"), "S", "the same cells while the chip ages"),
    "cells.relearn": (("relearn_epoch", "cell"), "S", "the same cells while the chip learns again"),
    "pulse_response": (("pulse", "device"), "S", "conductance after each pulse of the published sequence"),
    "programming.target": (("level",), "S", "target conductance"),
    "programming.sigma.ar0.2": (("level",), "S", "standard deviation of the programming error, range 0.2 %"),
    "programming.sigma.ar2": (("level",), "S", "standard deviation of the programming error, range 2 %"),
    "programming.iterations.ar0.2": (("level",), "1", "mean program-verify pulses, range 0.2 %"),
    "programming.iterations.ar2": (("level",), "1", "mean program-verify pulses, range 2 %"),
    "retention.change": (("age", "sample"), "S", "change of conductance of single cells"),
}


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write sorted, indented JSON, atomically."""
    write_bytes(path, (json.dumps(data, indent=2, sort_keys=True, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InvalidValueError
        No such file, or no valid JSON object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"Cannot read {path}: {error}.") from error
    if not isinstance(data, dict):
        raise InvalidValueError(f"{path} holds no JSON object.")
    return data


def write_results(results: Results, folder: Path) -> None:
    """Write metrics.json, timing.json and results.nc."""
    write_json(folder / METRICS, results.metrics)
    write_timing(results, folder)
    _write_netcdf(results, folder / RESULTS)


def write_timing(results: Results, folder: Path) -> None:
    """Write timing.json: wall time of each part, and their sum."""
    parts = {f"seconds.{name}": value for name, value in results.seconds.items()}
    write_json(folder / TIMING, {**parts, "seconds_total": sum(results.seconds.values())})


def _write_netcdf(results: Results, path: Path) -> None:
    import xarray

    variables = {}
    for name, values in results.curves.items():
        dimensions, unit, description = CURVES[name]
        variables[name] = (dimensions, np.asarray(values, dtype=np.float64), {"units": unit, "long_name": description})
    coordinates = {"age": variables.pop("age")} if "age" in variables else {}
    dataset = xarray.Dataset(variables, coordinates, {"scenario": results.scenario.model_dump_json(), **results.metrics})
    write_bytes(path, bytes(dataset.to_netcdf(engine="h5netcdf")))
