"""The arrow of DESIGN: a module imports only from its own layer's package or from a lower layer; and no cycles."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "ohmnia"
LOWER = ("random", "measured", "technology", "device", "kernels", "array", "nn", "training")
LAYERS = (*LOWER, "lifecycle", "analysis", "experiments", "bench", "cli")
LEVEL = {name: level for level, name in enumerate(LAYERS)}
# numba is built on llvmlite, and comes with it.
BARE = {"random": {"torch", "numpy", "numba", "triton"}, "kernels": {"torch", "numpy", "numba", "llvmlite", "triton"}}
HELPER = -1


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = ["ohmnia", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def level(module: str) -> int:
    parts = module.split(".")
    return LEVEL.get(parts[1], HELPER) if len(parts) > 1 else HELPER


def imports(path: Path, inside_functions: bool = True) -> list[str]:
    """Dotted targets of every import, one for each imported name of `from` imports; those for type checkers left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        or (not inside_functions and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        for inner in ast.walk(node)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def backward(path: Path) -> list[str]:
    own = level(dotted(path))
    return [name for name in imports(path) if name.startswith("ohmnia.") and level(name) > own]


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_no_import_against_the_arrow(path: Path) -> None:
    own = dotted(path)
    allowed = {"ohmnia.kernels._reference": {"ohmnia.device"}}
    if own == "ohmnia" or own.startswith("ohmnia.cli"):
        return
    assert not [name for name in backward(path) if not any(name.startswith(p) for p in allowed.get(own, ()))]


def test_every_package_has_a_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(LAYERS)


@pytest.mark.parametrize("package", sorted(BARE))
def test_kernels_and_random_need_only_bare_packages(package: str) -> None:
    import sys

    for path in (ROOT / package).rglob("*.py"):
        for name in imports(path, inside_functions=False):
            top = name.split(".")[0]
            inner = name.startswith(("ohmnia.random", "ohmnia.kernels", "ohmnia._errors"))
            assert top in sys.stdlib_module_names | BARE[package] or inner, f"{path.name} imports {name}"


def graph() -> dict[str, set[str]]:
    names = {dotted(path) for path in modules()}
    edges: dict[str, set[str]] = {}
    for path in modules():
        targets = set()
        for name in imports(path):
            target = name if name in names else name.rpartition(".")[0]
            if target in names and target not in ("ohmnia", dotted(path)):
                targets.add(target)
        edges[dotted(path)] = targets
    return edges


def test_no_cycle() -> None:
    # A package's __init__ only re-exports; what counts is module to module.
    edges = graph()
    inits = {dotted(path) for path in modules() if path.name == "__init__.py"}

    def resolved(target: str, package: str) -> set[str]:
        return {inner for inner in edges[target] if inner != package} if target in inits else {target}

    flat = {
        name: {inner for target in targets for inner in resolved(target, name)}
        for name, targets in edges.items()
        if name not in inits
    }
    TopologicalSorter(flat).prepare()


def test_the_check_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ROOT / "device" / "variation.py"
    text = bad.read_text(encoding="utf-8") + "\nfrom ohmnia.array import Tile\n"
    copy = tmp_path / "variation.py"
    copy.write_text(text)
    monkeypatch.setattr(f"{__name__}.dotted", lambda path: "ohmnia.device.variation")
    assert backward(copy) == ["ohmnia.array.Tile"]
