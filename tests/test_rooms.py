"""Small rooms: length of files and functions, number of arguments, and tests that mirror the tree."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
ROOT = REPOSITORY / "src" / "ohmnia"
SOURCES = sorted(ROOT.rglob("*.py"))
MOST_LINES, MOST_CODE_LINES, MOST_ARGUMENTS = 400, 40, 7


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]


def code_lines(function: ast.FunctionDef, text: list[str]) -> int:
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    skipped = set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)) if docstring else set()
    lines = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    return sum(1 for n in lines if n not in skipped and text[n - 1].strip() and not text[n - 1].strip().startswith("#"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8").splitlines()
    assert len(text) <= MOST_LINES
    if "kernels" in path.parts:
        return
    for function in functions(path):
        count = len(function.args.args) + len(function.args.kwonlyargs)
        count -= bool(function.args.args and function.args.args[0].arg in ("self", "cls"))
        assert count <= MOST_ARGUMENTS, f"{function.name} has {count} arguments"
        assert code_lines(function, text) <= MOST_CODE_LINES, f"{function.name} is too long"


def mirror(path: Path) -> Path:
    relative = path.relative_to(ROOT)
    return REPOSITORY / "tests" / "unit" / relative.parent / f"test_{relative.stem.lstrip('_')}.py"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "__init__.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_its_test(path: Path) -> None:
    assert mirror(path).is_file(), f"missing {mirror(path).relative_to(REPOSITORY)}"


def test_comments_are_short() -> None:
    for path in SOURCES:
        run = 0
        for line in path.read_text(encoding="utf-8").splitlines():
            run = run + 1 if line.strip().startswith("#") and "---" not in line else 0
            assert run <= 2, f"{path.relative_to(ROOT)}: a comment of more than two lines"
