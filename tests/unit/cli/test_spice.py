"""`ohmnia spice`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from judge import needs_ngspice
from ohmnia import InvalidValueError, StateError
from ohmnia.array.circuit import judge as library
from ohmnia.cli.main import app


def run(*words: str):
    return CliRunner().invoke(app, ["spice", *words])


@pytest.mark.parametrize("cells", ["ohmic", "transistor-hopping", "train"])
def test_export(tmp_path: Path, cells: str) -> None:
    out = tmp_path / "array.cir"
    assert run("export", str(out), "--cells", cells, "--size", "3").exit_code == 0
    text = out.read_text()
    assert text.startswith("* ohmnia") and text.endswith(".end\n")


def test_export_to_a_folder_is_refused(tmp_path: Path) -> None:
    assert isinstance(run("export", str(tmp_path)).exception, InvalidValueError)


@needs_ngspice
def test_check() -> None:
    outcome = run("check", "--size", "3", "--pulses", "2")
    assert outcome.exit_code == 0
    assert outcome.output.count("ok") == 5


@needs_ngspice
def test_a_difference_above_its_limit_is_an_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(library.LIMITS, "ohmic", 0.0)
    outcome = run("check", "--size", "2", "--pulses", "1")
    assert outcome.exit_code == 1
    assert "TOO LARGE" in outcome.output


def test_without_ngspice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert isinstance(run("check", "--size", "2").exception, StateError)
