"""`ohmnia bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmnia import InvalidValueError, OhmniaError, StateError, UnknownNameError
from ohmnia.bench import circuit_suite, peer_aihwkit
from ohmnia.bench.circuit_figures import at_most
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
        (["circuit", "--peer", "aihwkit"], InvalidValueError, "belong to the suite 'kernels'"),
        (["kernel"], UnknownNameError, "Did you mean 'kernels'"),
    ]
    for arguments, kind, text in cases:
        outcome = CliRunner().invoke(app, ["bench", *arguments])
        assert isinstance(outcome.exception, kind), (arguments, outcome.output)
        assert text in str(outcome.exception)


def test_figures_of_the_circuit_are_printed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [at_most("time", 1.0, 2.0), at_most("loss", 3.0, 2.0)]
    monkeypatch.setattr(circuit_suite, "circuit_figures", lambda quick: iter(figures if quick else []))
    outcome = CliRunner().invoke(app, ["bench", "circuit", "--quick", "--out", str(tmp_path / "b")])
    assert outcome.exit_code == 0, outcome.output
    assert "ok      time: 1" in outcome.output and "MISSED  loss: 3" in outcome.output
    stored = json.loads((tmp_path / "b" / "circuit.json").read_text())
    assert [entry["ok"] for entry in stored] == [True, False]
