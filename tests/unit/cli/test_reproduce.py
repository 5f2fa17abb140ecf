"""`ohmnia reproduce`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from ohmnia import InvalidValueError
from ohmnia.cli.main import app

VARIANT = """
id = "mine"
name = "Mine"
summary = "Forms at another voltage."
citation = "falcone2025"
based_on = "cmo-hfox"
[laws.forming.quantities.voltage]
value = 2.8
unit = "V"
source = "me2026"
locator = "wafer 7"
kind = "tabulated"
[results]
voltage_1t1r = { value = 3.9, unit = "V", source = "me2026", locator = "wafer 7", kind = "tabulated" }
"""


def test_prints_the_table_and_writes_the_files(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["reproduce", "--only", "forming", "--out", str(tmp_path / "r")], terminal_width=200)
    assert outcome.exit_code == 0, outcome.output
    assert "derived numbers hold" in outcome.output
    assert (tmp_path / "r" / "reproduction.json").is_file()
    keys = CliRunner().invoke(app, ["cite", str(tmp_path / "r")]).output
    assert "@article{falcone2025," in keys


def test_a_row_that_fails_gives_status_1(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(VARIANT)
    arguments = ["--only", "forming", "--technology", str(tmp_path / "mine.toml"), "--out", str(tmp_path / "r")]
    outcome = CliRunner().invoke(app, ["reproduce", *arguments])
    assert outcome.exit_code == 1
    assert "fails: forming.voltage_1t1r" in outcome.output


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    outcome = CliRunner().invoke(app, ["reproduce", "--out", str(tmp_path / "f")])
    assert isinstance(outcome.exception, InvalidValueError)
