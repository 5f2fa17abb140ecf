"""The scripts beside the package: the GPU script needs only the kernels, and every benchmark row is in its README."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ohmnia.bench import WORKS

FOLDER = Path(__file__).parent.parent / "benchmarks"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_script", FOLDER / "gpu.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gpu_script_imports_kernels_and_random_only() -> None:
    tree = ast.parse((FOLDER / "gpu.py").read_text(encoding="utf-8"))
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    allowed = {"torch", "numpy", "triton", "ohmnia.kernels", "ohmnia.random"}
    assert not {name for name in found - allowed if name.split(".")[0] not in sys.stdlib_module_names}


def test_the_gpu_script_runs_on_the_compiled_member(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script().main([str(tmp_path / "out.json"), "--member", "cpu", "--quick"])
    results = json.loads((tmp_path / "out.json").read_text())
    rows = {row["id"]: row for row in results["rows"]}
    assert set(rows) >= {"update.dense", "update.medium", "update.sparse", "step.agad", "forward.noisy", "convert", "relax"}
    for name in ("update.dense", "update.medium", "update.sparse"):
        assert rows[name]["bytes"] == 32 * min(rows[name]["pulses"], rows[name]["side"] ** 2)
    assert rows["update.dense"]["pulses"] > 0
    assert all(row["seconds"] > 0 for row in rows.values())
    assert "update.dense" in capsys.readouterr().out


def test_members_are_compared_with_the_compiled_one() -> None:
    found = script().agreement("reference", 4, True)
    assert len(found) > 20
    for verb, numbers in found.items():
        assert numbers["whole_numbers_that_differ"] == 0, verb
        assert numbers["largest_difference"] < 1e-5, verb


def test_an_unknown_member_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        script().main([str(tmp_path / "out.json"), "--member", "gpu"])
    assert "cpu" in capsys.readouterr().err


def test_the_readme_names_every_row() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in WORKS:
        assert name in text or f"`.{name.split('.')[-1]}`" in text, name
