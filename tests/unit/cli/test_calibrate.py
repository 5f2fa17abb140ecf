"""`ohmnia calibrate` from a file to a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

import ohmnia
from ohmnia.cli.main import app
from ohmnia.device.update.tabulated import Tabulated


def write_trace(tmp_path: Path) -> str:
    """A cell of soft bounds with steps .1 (90 - G) up and .05 (G - 10) down, uS."""
    ways = [1] * 60 + [-1] * 60 + [1, -1] * 40
    g, rng, lines = 40.0, np.random.default_rng(0), ["direction,conductance_uS"]
    for way in ways:
        g += (0.1 * (90 - g) if way > 0 else -0.05 * (g - 10)) * (1 + 0.1 * rng.standard_normal())
        lines.append(f"{way},{g}")
    (tmp_path / "trace.csv").write_text("\n".join(lines), encoding="utf-8")
    return str(tmp_path / "trace.csv")


def test_a_trace_becomes_a_fragment(tmp_path: Path) -> None:
    trace = write_trace(tmp_path)
    out = tmp_path / "law.toml"
    result = CliRunner().invoke(app, ["calibrate", trace, "--out", str(out), "--source", "falcone2025"])
    assert result.exit_code == 0, result.output
    numbers = tomllib.loads(out.read_text(encoding="utf-8"))["laws"]["update"]["quantities"]
    # Steps are equal where .1 (90 - G) = .05 (G - 10).
    assert abs(numbers["symmetry_skew"]["value"] - 100 / 3) < 3.0
    assert numbers["states"]["kind"] == "fitted"
    assert "trace.csv" in numbers["states"]["locator"]


def test_a_trace_becomes_a_table(tmp_path: Path) -> None:
    out = tmp_path / "law.toml"
    result = CliRunner().invoke(
        app, ["calibrate", write_trace(tmp_path), "--out", str(out), "--source", "falcone2025", "--law", "tabulated"]
    )
    assert result.exit_code == 0, result.output
    out.write_text(f'id = "own"\nbased_on = "cmo-hfox"\n{out.read_text(encoding="utf-8")}', encoding="utf-8")
    law = ohmnia.resolve(ohmnia.technology(out)).update
    assert isinstance(law, Tabulated)
    assert abs(law.symmetry_point_siemens * 1e6 - (90 - 80 / 3)) < 3.0
    assert "symmetry point" in result.output


def test_an_unknown_law_is_refused_with_the_nearest(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["calibrate", write_trace(tmp_path), "--out", str(tmp_path / "o.toml"), "--law", "table"])
    assert "Did you mean 'tabulated'" in str(result.exception)
