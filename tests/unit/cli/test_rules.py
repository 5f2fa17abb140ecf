"""`ohmnia rules`."""

from __future__ import annotations

from typer.testing import CliRunner

from ohmnia.cli.main import app
from ohmnia.training import RULES

WIDE = {"COLUMNS": "400"}


def test_every_rule_has_its_reason_values_and_source() -> None:
    shown = CliRunner().invoke(app, ["rules", "--inputs", "64"], env=WIDE)
    assert shown.exit_code == 0
    for name in RULES:
        assert name in shown.output
        assert RULES.get(name).when
        assert RULES.get(name).citations[0] in shown.output
    # A step of 85 uS / 22 in units of 39.6 uS.
    assert "gamma 0.0976*" in shown.output
    assert "step 0.0976*" in shown.output


def test_a_technology_without_pulses_serves_none() -> None:
    shown = CliRunner().invoke(app, ["rules", "--technology", "pcm"], env=WIDE)
    assert shown.exit_code == 0
    assert shown.output.count("not for this technology") == len(list(RULES))
