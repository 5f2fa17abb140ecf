"""Compilation: the plain function's numbers, a cache that is used, and one that notices an edit of any kernel source."""

from __future__ import annotations

import importlib.util
import math
import shutil
from pathlib import Path

import numba.core.config
import pytest

from ohmnia.kernels import _jit

SOURCE = """
from ohmnia.kernels._jit import jit, jit_entry


@jit_entry
def lost(large, small):
    return ((large + small) - large) - small


@jit
def quotient(a, b):
    return a / b


@jit_entry
def twice(a, b):
    return quotient(a, b) + quotient(a, b)
"""


def compiled(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of two compiled functions whose cache is in a folder of its own."""
    monkeypatch.setattr(_jit, "_FOLDER", str(folder / "cache"))
    file = folder / "compiled_for_a_test.py"
    file.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("compiled_for_a_test", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_compiled_functions_round_as_python_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = compiled(tmp_path, monkeypatch)
    # Fast-math would answer 0 to the first.
    assert module.lost(1.0, 1e-17) == module.lost.py_func(1.0, 1e-17) == -1e-17
    assert module.quotient(1.0, 0.0) == module.twice(1.0, 0.0) == math.inf


def test_an_inner_function_is_compiled_with_what_calls_it_and_again_for_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = compiled(tmp_path, monkeypatch)
    assert module.twice(1.0, 4.0) == 0.5
    assert {path.name.split(".")[1].split("-")[0] for path in (tmp_path / "cache").rglob("*.nbi")} == {"quotient", "twice"}
    # A call of the same types, which must not find the one without Python's wrappers.
    assert module.quotient(1.0, 4.0) == 0.25
    assert module.quotient(1, 4) == 0.25


def test_the_cache_is_written_to_the_folder_and_read_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = numba.core.config.CACHE_DIR
    first = compiled(tmp_path, monkeypatch)
    first.lost(1.0, 2.0)
    assert sum(first.lost.stats.cache_misses.values()) == 1
    assert list((tmp_path / "cache").rglob("*.nbi"))
    second = compiled(tmp_path, monkeypatch)
    second.lost(1.0, 2.0)
    assert sum(second.lost.stats.cache_hits.values()) == 1
    assert before == numba.core.config.CACHE_DIR


def test_the_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, expected in (("NUMBA_CACHE_DIR", tmp_path), ("XDG_CACHE_HOME", tmp_path / "ohmnia")):
        monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
        monkeypatch.setenv(name, str(tmp_path))
        assert Path(_jit._cache_folder()).parent == expected


def test_an_edit_of_any_kernel_source_changes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in Path(_jit.__file__).parent.glob("*.py"):
        shutil.copy(source, tmp_path)
    original = _jit._cache_folder()
    monkeypatch.setattr(_jit, "__file__", str(tmp_path / "_jit.py"))
    assert _jit._cache_folder() == original
    folders = {original}
    for source in sorted(tmp_path.glob("*.py")):
        source.write_text(source.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
        folders.add(_jit._cache_folder())
    assert len(folders) == 1 + len(list(tmp_path.glob("*.py")))
