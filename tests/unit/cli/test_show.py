"""`ohmnia show`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmnia import UnknownNameError
from ohmnia.cli.main import app

WIDE = {"COLUMNS": "250"}


def test_lists_and_shows() -> None:
    listing = CliRunner().invoke(app, ["show"], env=WIDE)
    assert listing.exit_code == 0
    assert "cmo-hfox" in listing.output
    shown = CliRunner().invoke(app, ["show", "cmo-hfox"], env=WIDE).output
    for part in ("laws.update.states", "22", "0.175 (log-normal)", "laws.retention.onset", "levy2024", "30, 60, 90 uS"):
        assert part in shown


def test_checks_a_file_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    head = 'id = "mine"\nname = "Mine"\nsummary = "S"\ncitation = "falcone2025"\nbased_on = "cmo-hfox"\n'
    path.write_text(head + '[laws.update]\nlaw = "soft-bound"\n')
    outcome = CliRunner().invoke(app, ["show", str(path)])
    assert isinstance(outcome.exception, UnknownNameError)
    assert "Did you mean 'soft-bounds'" in str(outcome.exception)
    with pytest.raises(UnknownNameError):
        raise outcome.exception
