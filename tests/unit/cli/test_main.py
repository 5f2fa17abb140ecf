"""The entry point: help, version, and one clear message for an error."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

import ohmnia
from ohmnia.cli.main import app, main


def test_help_names_every_command() -> None:
    outcome = CliRunner().invoke(app, ["--help"])
    assert outcome.exit_code == 0
    for command in ("run", "show", "cite"):
        assert command in outcome.output


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"ohmnia {ohmnia.__version__}\n"


def test_an_error_is_one_message_and_status_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ohmnia", "show", "cmo-hfo[x]"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "Unknown technology 'cmo-hfo[x]'. Did you mean 'cmo-hfox'?" in said
    assert "Traceback" not in said
