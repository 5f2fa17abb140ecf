"""Every string that names something resolves: laws, rules, citation keys, lazy exports, entry points, links, CI."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ohmnia
from ohmnia._citations import cite, known_keys
from ohmnia.device import LAWS, resolve
from ohmnia.technology import published, technology
from ohmnia.training import RULES

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("benchmarks/*.md")])


@pytest.mark.parametrize("name", sorted(published()))
def test_every_technology_resolves(name: str) -> None:
    assert resolve(technology(name)).technology.id == name


def test_every_citation_key_resolves() -> None:
    keys = set(known_keys())
    assert set(ohmnia.technology("cmo-hfox").citations()) <= keys
    for rule in RULES:
        assert set(RULES.get(rule).citations) <= keys
        assert RULES.get(rule).citations
    assert cite(keys).count("@") == len(keys)


def test_every_key_of_the_bibliography_is_used() -> None:
    sources = [p for ending in ("py", "toml") for p in (REPOSITORY / "src").rglob(f"*.{ending}")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert not [key for key in known_keys() if f'"{key}"' not in text]


def test_every_law_is_registered_under_one_name() -> None:
    classes = [LAWS[slot].get(name) for slot in LAWS for name in LAWS[slot]]
    assert len(classes) == len(set(classes))


@pytest.mark.parametrize("name", sorted({*ohmnia._WHERE, *ohmnia._SUBPACKAGES}))
def test_every_lazy_export_loads(name: str) -> None:
    assert getattr(ohmnia, name) is not None


def test_type_checkers_see_what_users_get() -> None:
    tree = ast.parse((REPOSITORY / "src" / "ohmnia" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {*ohmnia._WHERE, *ohmnia._SUBPACKAGES}


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'tecnology'"):
        ohmnia.tecnology  # noqa: B018


def test_entry_point_and_configured_paths_exist() -> None:
    config = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, function = config["project"]["scripts"]["ohmnia"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    for path in (*config["tool"]["pytest"]["ini_options"]["testpaths"], *config["tool"]["pyright"]["include"]):
        assert (REPOSITORY / path).is_dir()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_relative_link_exists(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
        target = link[0] or link[1]
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_ci_runs_the_command_of_the_readme() -> None:
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_is_silent_and_light() -> None:
    heavy = {"numba", "pint", "scipy", "xarray", "matplotlib", "lmfit", "sklearn"}
    assert not heavy & loaded_after("import ohmnia")


def test_the_help_needs_no_torch() -> None:
    assert "torch" not in loaded_after("import ohmnia.cli.main")


def test_the_library_prints_nothing_and_reads_no_global_generator() -> None:
    banned = re.compile(r"\bprint\(|torch\.manual_seed|torch\.rand|torch\.normal|np\.random|random\.seed|pickle")
    for path in (REPOSITORY / "src").rglob("*.py"):
        if "cli" not in path.parts:
            code = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if '"""' not in line)
            assert not banned.search(code), path.name


def test_errors_that_are_built_are_raised() -> None:
    """An error as a bare statement would be lost."""
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                name = ast.unparse(node.value.func)
                assert not name.endswith("Error"), f"{path.name}: {name} is not raised"
                assert name not in ("unknown_name", "out_of_range"), f"{path.name}: {name} is not raised"
