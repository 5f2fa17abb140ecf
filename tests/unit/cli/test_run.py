"""`ohmnia run`: files, refusals, interruption, a full disk."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ohmnia.cli.main import app
from ohmnia.lifecycle import Results
from ohmnia.lifecycle import run as lifecycle_run
from scenarios import small_scenario

SCENARIO = """
[network]
hidden = [16]
[learn]
epochs = 3
batch_size = 40
[relearn]
epochs = 2
batch_size = 40
[programming]
levels = 5
cells_per_level = 10
cells_at_50_microsiemens = 100
"""
FILES = {
    "report.html",
    "figures",
    "metrics.json",
    "timing.json",
    "results.nc",
    "chip.safetensors",
    "scenario.json",
    "curves.jsonl",
}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SCENARIO)
    return path


def ohmnia(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["run", *map(str, arguments)], env={"COLUMNS": "200"})


def test_a_run_leaves_its_files_and_a_table(scenario: Path, small_run: tuple[Results, Path], tmp_path: Path) -> None:
    outcome = ohmnia(scenario, "--out", tmp_path / "out", "--seed", 0)
    assert outcome.exit_code == 0, outcome.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert small_run[0].scenario == small_scenario()
    assert (tmp_path / "out" / "metrics.json").read_bytes() == (small_run[1] / "metrics.json").read_bytes()
    assert "report.html" in outcome.output
    refused = ohmnia(scenario, "--out", tmp_path / "out")
    assert "holds another run" in str(refused.exception)
    assert "--force" in str(refused.exception)
    complete = ohmnia("--resume", tmp_path / "out")
    assert "its run is complete" in str(complete.exception)
    again = ohmnia(scenario, "--out", tmp_path / "out", "--seed", 1, "--force", "--quiet")
    assert again.exit_code == 0
    assert again.output == ""
    assert (tmp_path / "out" / "metrics.json").read_bytes() != (small_run[1] / "metrics.json").read_bytes()


def test_refusals_leave_the_folder_alone(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "is a file" in str(ohmnia(scenario, "--out", tmp_path / "file").exception)
    assert "leave the other options out" in str(ohmnia(scenario, "--resume", tmp_path).exception)
    assert "nothing to resume" in str(ohmnia("--resume", tmp_path / "nowhere").exception)
    scenario.write_text("technologie = 'cmo-hfox'")
    assert "Did you mean 'technology'" in str(ohmnia(scenario, "--out", tmp_path / "out").exception)
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_bad_scenario_does_not_cost_an_old_run_with_force(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "metrics.json").write_text("{}")
    scenario.write_text("[learn]\nepochs = -1\n")
    assert ohmnia(scenario, "--out", out, "--force").exit_code != 0
    assert (out / "metrics.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [(KeyboardInterrupt(), 130, "--resume"), (OSError(errno.ENOSPC, "No space left"), 2, "disk is full")],
)
def test_interrupted_and_resumed(
    scenario: Path,
    small_run: tuple[Results, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    status: int,
    said: str,
) -> None:
    out, write, calls = tmp_path / "out", lifecycle_run.write_file, []

    def failing(path: Path, *rest: object) -> None:
        calls.append(path)
        if len(calls) == 6:
            raise failure
        write(path, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(lifecycle_run, "write_file", failing)
    stopped = ohmnia(scenario, "--out", out)
    assert stopped.exit_code == status
    assert said in stopped.output
    monkeypatch.undo()
    assert ohmnia("--resume", out).exit_code == 0
    assert (out / "metrics.json").read_bytes() == (small_run[1] / "metrics.json").read_bytes()


def test_tensorboard_is_refused_before_anything_is_written(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    outcome = ohmnia(scenario, "--out", tmp_path / "out", "--tensorboard")
    assert "ohmnia[tensorboard]" in str(outcome.exception)
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_with_tensorboard_goes_on_with_it(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, float]] = []

    class Board:
        def __init__(self, folder: Path, after: float) -> None:
            made.append((folder.name, after))

        def write(self, record: dict[str, Any]) -> None:
            if record["epoch"] == 2 and len(made) == 1:
                raise KeyboardInterrupt

        def close(self) -> None:
            made.append(("closed", 0))

    monkeypatch.setattr(lifecycle_run, "summary_writer", lambda: None)
    monkeypatch.setattr(lifecycle_run, "TensorBoard", Board)
    stopped = ohmnia(scenario, "--out", tmp_path / "out", "--tensorboard")
    assert stopped.exit_code == 130
    assert f"ohmnia run --resume {tmp_path / 'out'} --tensorboard" in stopped.output
    assert ohmnia("--resume", tmp_path / "out", "--tensorboard").exit_code == 0
    assert made == [("tensorboard", 0), ("tensorboard", 1), ("closed", 0), ("tensorboard", 3), ("closed", 0)]
