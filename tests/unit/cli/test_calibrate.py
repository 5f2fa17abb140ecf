"""`ohmnia calibrate` from a file to a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from ohmnia.cli.main import app


def test_a_trace_becomes_a_fragment(tmp_path: Path) -> None:
    ways = [1] * 60 + [-1] * 60 + [1, -1] * 40
    g, rng, lines = 40.0, np.random.default_rng(0), ["direction,conductance_uS"]
    for way in ways:
        g += (0.1 * (90 - g) if way > 0 else -0.05 * (g - 10)) * (1 + 0.1 * rng.standard_normal())
        lines.append(f"{way},{g}")
    (tmp_path / "trace.csv").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "law.toml"
    result = CliRunner().invoke(app, ["calibrate", str(tmp_path / "trace.csv"), "--out", str(out), "--source", "falcone2025"])
    assert result.exit_code == 0, result.output
    numbers = tomllib.loads(out.read_text(encoding="utf-8"))["laws"]["update"]["quantities"]
    # Steps are equal where .1 (90 - G) = .05 (G - 10).
    assert abs(numbers["symmetry_skew"]["value"] - 100 / 3) < 3.0
    assert numbers["states"]["kind"] == "fitted"
    assert "trace.csv" in numbers["states"]["locator"]
