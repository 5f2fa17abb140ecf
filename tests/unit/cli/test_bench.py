"""`ohmnia bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmnia import InvalidValueError, OhmniaError, StateError, UnknownNameError
from ohmnia.bench import peer_aihwkit
from ohmnia.cli.main import app


def test_one_quick_row_is_measured_and_written(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(
        app, ["bench", "--quick", "--only", "forward.noisy", "--out", str(tmp_path / "b")], env={"COLUMNS": "200"}
    )
    assert outcome.exit_code == 0, outcome.output
    assert "forward.noisy" in outcome.output and "quick: sizes too small to judge" in outcome.output
    (record,) = json.loads((tmp_path / "b" / "bench.json").read_text())
    assert record["id"] == "forward.noisy" and record["ratio"] is None


def test_errors_come_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(peer_aihwkit.importlib, "import_module", missing)
    cases: list[tuple[list[str], type[OhmniaError], str]] = [
        (["--only", "update.dens"], UnknownNameError, "Did you mean 'update.dense'"),
        (["--peer", "aihwkt"], UnknownNameError, "Did you mean 'aihwkit'"),
        (["--peer", "aihwkit"], StateError, "benchmarks/README.md"),
        (["--out", str(file)], InvalidValueError, "is a file; give a folder"),
        (["kernel"], UnknownNameError, "Did you mean 'kernels'"),
    ]
    for arguments, kind, text in cases:
        outcome = CliRunner().invoke(app, ["bench", *arguments])
        assert isinstance(outcome.exception, kind), (arguments, outcome.output)
        assert text in str(outcome.exception)
