"""`ohmnia cite`."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from ohmnia import InvalidValueError
from ohmnia.cli.main import app
from ohmnia.lifecycle import Results


def keys(text: str) -> set[str]:
    return set(re.findall(r"@\w+\{([^,]+),", text))


def test_prints_exactly_what_a_run_used(small_run: tuple[Results, Path]) -> None:
    text = CliRunner().invoke(app, ["cite", str(small_run[1])]).output
    expected = {"ohmnia", "falcone2025", "aihwkit2025", "lombardo2024", "levy2024", "rasch2024", "gokmen2016", "pedregosa2011"}
    # The technology's law of the current and what half a pulse does, which the report of a run lists with all its numbers.
    expected |= {"ibmreram2025", "choi2025"}
    assert keys(text) == expected
    assert keys(CliRunner().invoke(app, ["cite"]).output) == expected


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["cite", str(tmp_path)])
    assert isinstance(outcome.exception, InvalidValueError)
    assert "no scenario.json" in str(outcome.exception)
