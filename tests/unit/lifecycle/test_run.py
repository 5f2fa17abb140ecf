"""The run: every metric, the same bits again, after any cut, and for any number of threads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ohmnia import ChipFileError, StateError, load_chip
from ohmnia.lifecycle import Results, Run, Scenario, leftovers
from ohmnia.lifecycle.run import STAGES
from ohmnia.lifecycle.scenario import Learn, Network, Programming, Relearn
from scenarios import small_scenario

TIMES = ("1s", "1h", "1d", "1mo", "1y", "10y")


class Cut(BaseException):
    """Stands for Ctrl-C or a power cut."""


class Cutter:
    """Stops the run at the n-th step that it is told of."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def progress(self, stage: str, done: int, total: int, text: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cut


def metrics(folder: Path) -> bytes:
    return (folder / "metrics.json").read_bytes()


def test_metrics_have_the_promised_keys(small_run: tuple[Results, Path]) -> None:
    _, folder = small_run
    found = json.loads(metrics(folder))
    promised = {"fp_accuracy", "learn_accuracy", "relearn_before_accuracy", "relearn_accuracy", "relearn_fp_accuracy"}
    promised |= {f"{key}_accuracy.{t}.{how}" for key in ("infer", "transfer") for t in TIMES for how in ("raw", "compensated")}
    kinds = ("sigma_siemens", "iterations", "failed_fraction")
    promised |= {f"programming_{kind}.{ar}" for kind in kinds for ar in ("ar0.2", "ar2")}
    promised |= {"pulses_per_cell.fast", "pulses_per_cell.slow"}
    assert promised <= found.keys()
    assert all(0 <= value <= 1 for key, value in found.items() if "accuracy" in key)
    assert found["pulses_per_cell.fast"] > 0
    assert found["pulses_per_cell.slow"] > 0


def test_timing_is_the_sum_of_its_parts(small_run: tuple[Results, Path]) -> None:
    _, folder = small_run
    timing = json.loads((folder / "timing.json").read_text())
    parts = [value for key, value in timing.items() if key != "seconds_total"]
    assert timing["seconds_total"] == pytest.approx(sum(parts))
    assert {f"seconds.{stage}" for stage in STAGES} <= timing.keys()


def test_chip_file_is_the_chip_at_the_end(small_run: tuple[Results, Path]) -> None:
    results, folder = small_run
    chip = load_chip(folder / "chip.safetensors")
    assert chip.clock_seconds == 10 * 365.25 * 86400
    first = next(iter(chip.layers.values())).synapse.blocks[0].slow.conductance.flatten().double().tolist()
    assert set(results.curves["cells.relearn"][-1]) <= set(first)


@pytest.mark.parametrize("steps", [2, 5, 9, 15, 18, 20, 22])
def test_cut_anywhere_and_resumed_is_the_run_that_was_not(small_run: tuple[Results, Path], tmp_path: Path, steps: int) -> None:
    with pytest.raises(Cut):
        Run(small_scenario(), tmp_path, Cutter(steps)).execute()
    assert not (tmp_path / "metrics.json").exists()
    Run.resume(tmp_path).execute()
    assert metrics(tmp_path) == metrics(small_run[1])
    for name in ("chip.safetensors", "curves.jsonl"):
        assert (tmp_path / name).read_bytes() == (small_run[1] / name).read_bytes()


def test_same_bits_for_one_and_two_threads(small_run: tuple[Results, Path], tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            Run(small_scenario(), tmp_path / str(threads)).execute()
            assert metrics(tmp_path / str(threads)) == metrics(small_run[1])
            for name in ("chip.safetensors", "curves.jsonl"):
                assert (tmp_path / str(threads) / name).read_bytes() == (small_run[1] / name).read_bytes()
    finally:
        torch.set_num_threads(before)


def test_another_seed_is_another_run(small_run: tuple[Results, Path], tmp_path: Path) -> None:
    Run(small_scenario(seed=1), tmp_path).execute()
    assert metrics(tmp_path) != metrics(small_run[1])


def test_other_scenarios_run(tmp_path: Path) -> None:
    """Two hidden layers, pairs, small tiles, another rule, renamed classes."""
    scenario = Scenario(
        network=Network(hidden=(12, 11), output_scale=(2.0, 2.0, 2.0)),
        arrays=Scenario().arrays.model_copy(update={"mapping": "differential", "max_rows": 8, "max_cols": 40}),
        learn=Learn(epochs=1, batch_size=100, rule="sgd", lr=0.1),
        relearn=Relearn(epochs=1, batch_size=100, task="permute", lr=0.1, schedule="constant"),
        programming=Programming(levels=2, cells_per_level=10, cells_at_50_microsiemens=100),
    )
    job = Run(scenario, tmp_path)
    results = job.execute()
    assert results.metrics["pulses_per_cell.slow"] > 0
    assert "pulses_per_cell.fast" not in results.metrics
    assert results.metrics["relearn_before_accuracy"] < 0.5


def test_wrong_number_of_scales_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="2 layers"):
        Run(Scenario(network=Network(output_scale=(1.0, 2.0, 3.0))), tmp_path)


def test_nothing_to_resume_is_said(small_run: tuple[Results, Path], tmp_path: Path) -> None:
    with pytest.raises(ChipFileError, match="no run that was begun"):
        Run.resume(tmp_path)
    with pytest.raises(ChipFileError, match="its run is complete"):
        Run.resume(small_run[1])


def test_leftovers_name_the_files_of_a_run(small_run: tuple[Results, Path], tmp_path: Path) -> None:
    assert leftovers(tmp_path) == []
    assert {"metrics.json", "chip.safetensors", "scenario.json", "curves.jsonl"} <= {
        path.name for path in leftovers(small_run[1])
    }
