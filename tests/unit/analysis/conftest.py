"""A small made-up run, every number of it different, so that a swap of two shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ohmnia.analysis import write_report
from ohmnia.lifecycle import Results, Scenario
from ohmnia.measured import Curve, curve

TIMES = ("1s", "1.5h", "10y")
AGES = [1.0, 5400.0, 315576000.0]
CELLS = 12


def _accuracies() -> dict[str, float]:
    metrics = {"fp_accuracy": 0.97, "learn_accuracy": 0.964, "transfer_accuracy.programmed": 0.958}
    for k, time in enumerate(TIMES):
        for m, chip in enumerate(("infer", "transfer")):
            metrics[f"{chip}_accuracy.{time}.raw"] = 0.95 - 0.01 * k - 0.002 * m
            metrics[f"{chip}_accuracy.{time}.compensated"] = 0.955 - 0.005 * k - 0.002 * m
    return metrics


def _curves() -> dict[str, list]:
    rng = np.random.default_rng(0)
    curves: dict[str, list] = {"age": AGES}
    for stage, epochs in (("float", 4), ("learn", 4), ("relearn_float", 3), ("relearn", 3)):
        curves[f"{stage}.accuracy"] = np.sort(rng.uniform(0.3, 0.97, epochs)).tolist()
        curves[f"{stage}.loss"] = np.sort(rng.uniform(0.05, 2.0, epochs))[::-1].tolist()
    for chip in ("infer", "transfer"):
        for kind in ("raw", "compensated"):
            curves[f"{chip}.{kind}"] = [_accuracies()[f"{chip}_accuracy.{time}.{kind}"] for time in TIMES]
    for part, steps in (("learn", 4), ("retain", len(TIMES)), ("relearn", 3)):
        curves[f"cells.{part}"] = rng.uniform(1e-5, 9e-5, (steps, CELLS)).tolist()
    curves["pulse_response"] = rng.uniform(1e-5, 9e-5, (2100, 6)).tolist()
    curves["programming.target"] = np.linspace(9e-6, 88e-6, 5).tolist()
    for key, scale in (("ar0.2", 1e-3), ("ar2", 1e-2)):
        curves[f"programming.sigma.{key}"] = (scale * np.linspace(9e-6, 88e-6, 5)).tolist()
        curves[f"programming.iterations.{key}"] = rng.uniform(5, 100, 5).tolist()
    curves["retention.change"] = rng.normal(-1e-6, 1e-6, (len(TIMES), 50)).tolist()
    return curves


def made_up() -> Results:
    scenario = Scenario.model_validate({"seed": 3, "retain": {"times": TIMES}, "learn": {"epochs": 4}, "relearn": {"epochs": 3}})
    metrics = _accuracies() | {
        "relearn_accuracy": 0.93,
        "relearn_before_accuracy": 0.51,
        "relearn_fp_accuracy": 0.94,
        "relearn_fp_before_accuracy": 0.52,
        "programming_sigma_siemens.ar0.2": 5.79e-8,
        "programming_sigma_siemens.ar2": 5.73e-7,
        "programming_iterations.ar0.2": 84.4,
        "programming_iterations.ar2": 12.0,
        "programming_failed_fraction.ar0.2": 0.0,
        "programming_failed_fraction.ar2": 0.0,
        "pulses_per_cell.fast": 3173.6,
        "pulses_per_cell.slow": 13.9,
    }
    return Results(scenario, metrics, _curves(), {"learn": 1.0})


@pytest.fixture
def results() -> Results:
    return made_up()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the report of the made-up run."""
    folder = tmp_path_factory.mktemp("run")
    assert write_report(made_up(), folder) == folder / "report.html"
    return folder


@pytest.fixture
def levels() -> Curve:
    return curve("falcone2025-programming")


@pytest.fixture
def relaxed() -> Curve:
    return curve("falcone2025-retention")
