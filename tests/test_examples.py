"""Every example runs, the README's code too, and the example scenario is the built-in one."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import torch

from ohmnia.lifecycle import Scenario, load_scenario

REPOSITORY = Path(__file__).parent.parent
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_and_asserts_a_number(path: Path) -> None:
    assert "\nassert " in path.read_text(encoding="utf-8")
    with torch.random.fork_rng():
        runpy.run_path(str(path))


def test_the_readmes_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        exec(code, names)  # noqa: S102
    # 10 epochs; a chance result is 0.1.
    assert float(names["accuracy"]) > 0.75  # pyright: ignore[reportArgumentType]
    assert len(code.splitlines()) <= 36


@pytest.mark.parametrize("page", ["first-steps", "one-state", "studies/wires"])
def test_the_code_of_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"print": lambda *_: None}
    with torch.random.fork_rng():
        for code in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            exec(code, names)  # noqa: S102
    assert len(names) > 3


def test_the_example_scenario_shows_every_field_with_its_default() -> None:
    path = REPOSITORY / "examples" / "scenario.toml"
    assert load_scenario(path) == Scenario()
    text = path.read_text(encoding="utf-8")
    for name, part in Scenario.model_fields.items():
        fields = getattr(part.annotation, "model_fields", {})
        for field in (name, *fields):
            assert re.search(rf"^(# )?\[?(arrays\.)?{field}\b", text, flags=re.MULTILINE), f"{field} is not shown"
