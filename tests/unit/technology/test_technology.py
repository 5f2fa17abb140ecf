"""Technology files: loading, inheritance, and refusals that help."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import ohmnia
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.technology import Technology, _technology, published, technology

FILE = published()["cmo-hfox"]
OWN = 'id = "mine"\nbased_on = "cmo-hfox"\n'
STATES = "[laws.update.quantities.states]\n"


@pytest.fixture
def variant(tmp_path: Path) -> Callable[..., Path]:
    """Writes a TOML file of one's own that inherits from the CMO/HfOx technology."""

    def write(text: str, head: str = OWN) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(head + text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces the published folder by the real file and some of one's own."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / FILE.name).write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(_technology, "PUBLISHED", folder)

    def add(**files: str) -> None:
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")

    return add


def refusal(path: Path, kind: type[Exception] = InvalidValueError) -> str:
    with pytest.raises(kind) as caught:
        technology(path)
    return str(caught.value)


# --- what a file says -------------------------------------------------------------------------------------------------


def test_loading_by_id_by_path_and_through_the_module_agree() -> None:
    assert technology("cmo-hfox") == technology(FILE) == technology(str(FILE)) == ohmnia.technology("cmo-hfox")


def test_published_ids_are_the_ids_inside_the_files() -> None:
    for name, path in published().items():
        assert re.search(rf'^id = "{re.escape(name)}"$', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert technology(name).id == name


def test_every_number_of_the_file_is_listed(technology: Technology) -> None:
    text = FILE.read_text(encoding="utf-8")
    paths = [path for path, _ in technology.quantities()]
    spreads = sum(quantity.spread is not None for _, quantity in technology.quantities())
    assert len(paths) == len(set(paths))
    assert len(paths) + spreads == len(re.findall(r"\bvalue = ", text))
    assert {"window.g_min", "laws.update.states", "laws.retention.onset", "data.pulse_width"} <= set(paths)


def test_citations_are_the_sources_written_in_the_file(technology: Technology) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert technology.citations() == sorted(set(re.findall(r'(?:source|citation) = "(\w+)"', text)))


def test_a_source_that_only_a_spread_has_is_cited(variant: Callable[..., Path]) -> None:
    spread = '[laws.update.quantities.states.spread]\nsource = "gokmen2016"\n'
    assert "gokmen2016" in technology(variant(spread)).citations()


# --- inheritance ------------------------------------------------------------------------------------------------------

SOURCE = 'source = "ohmnia"\nlocator = "own measurement"\nkind = "fitted"\n'


def test_a_new_value_does_not_keep_the_old_source(variant: Callable[..., Path]) -> None:
    text = refusal(variant(STATES + "value = 44\n"))
    assert "laws.update.quantities.states.source" in text
    assert "required" in text


def test_a_new_value_does_not_keep_the_old_certainty(variant: Callable[..., Path], technology: Technology) -> None:
    child = ohmnia.technology(variant("[laws.transport.quantities.energy_lrs]\nvalue = 70\n" + SOURCE))
    assert child.laws.transport is not None
    assert technology.laws.transport is not None
    assert technology.laws.transport.quantities["energy_lrs"].certainty == "medium"
    assert child.laws.transport.quantities["energy_lrs"].certainty is None


def test_another_law_does_not_inherit_the_quantities_of_the_old_one(variant: Callable[..., Path]) -> None:
    child = technology(variant('[laws.update]\nlaw = "another"\n'))
    assert child.laws.update.quantities == {}
    assert child.laws.retention == technology("cmo-hfox").laws.retention


def test_a_variant_changes_one_number_and_inherits_all_others(variant: Callable[..., Path], technology: Technology) -> None:
    child = ohmnia.technology(variant(STATES + "value = 44\n" + SOURCE))
    changed = {path: q.value for path, q in child.quantities()}
    base = {path: q.value for path, q in technology.quantities()}
    assert {path for path in changed if changed[path] != base[path]} == {"laws.update.states"}
    # What the paper found with its own device is no finding about a variant.
    assert base.keys() - changed.keys() == {f"results.{name}" for name in technology.results}
    assert changed.keys() <= base.keys()
    assert child.id == "mine"
    assert ohmnia.technology("cmo-hfox") == technology
    # Twice the states: half the step.
    ratio = ohmnia.resolve(child).update.step_siemens / ohmnia.resolve(technology).update.step_siemens
    assert ratio == pytest.approx(0.5)


def test_an_inherited_range_still_holds(variant: Callable[..., Path]) -> None:
    text = refusal(variant("[laws.update.quantities.symmetry_skew]\nvalue = 120\n" + SOURCE))
    assert "mine.toml: 'laws.update.quantities.symmetry_skew'" in text
    assert "value 120 percent is out of range; valid: 2 to 98 percent" in text


def test_variants_of_variants_inherit_through_the_whole_line(shelf: Callable[..., None], variant: Callable[..., Path]) -> None:
    shelf(child=f'id = "child"\nbased_on = "cmo-hfox"\n[window.g_min]\nvalue = 12\n{SOURCE}[window.g_max]\nvalue = 70\n{SOURCE}')
    grandchild = technology(variant(f"[window.g_max]\nvalue = 60\n{SOURCE}", head='id = "grandchild"\nbased_on = "child"\n'))
    assert (grandchild.window.g_min.value, grandchild.window.g_max.value) == (12.0, 60.0)
    assert grandchild.laws == technology("cmo-hfox").laws
    assert grandchild.based_on == "child"


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        ({"a": 'id = "a"\nbased_on = "b"\n', "b": 'id = "b"\nbased_on = "a"\n'}, "b -> a -> b"),
        ({"a": 'id = "a"\nbased_on = "a"\n'}, "a -> a"),
    ],
)
def test_a_circle_is_shown(shelf: Callable[..., None], files: dict[str, str], circle: str) -> None:
    shelf(**files)
    with pytest.raises(InvalidValueError, match=f"'based_on' runs in a circle: {circle}"):
        technology("a")


def test_unknown_parent_names_file_and_nearest(variant: Callable[..., Path]) -> None:
    text = refusal(variant("", head='id = "mine"\nbased_on = "cmo-hfo"\n'), UnknownNameError)
    assert "Unknown technology 'cmo-hfo'" in text
    assert "mine.toml, 'based_on'" in text
    assert "Did you mean 'cmo-hfox'?" in text


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Unknown technology 'cmo_hfox'. Did you mean 'cmo-hfox'?"):
        technology("cmo_hfox")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert re.search(r"Cannot read .*none\.toml.*No such file", refusal(tmp_path / "none.toml"))


def test_broken_toml_names_file_and_line(variant: Callable[..., Path]) -> None:
    assert re.search(r"Cannot read .*mine\.toml.*line 4", refusal(variant(STATES + "value = = 3\n")))


@pytest.mark.parametrize(
    ("text", "wrong", "nearest"),
    [
        ('citaton = "falcone2025"\n', "citaton", "citation"),
        ("[windows]\n", "windows", "window"),
        ("[laws.updates]\n", "laws.updates", "laws.update"),
        ("[laws.update.option]\n", "laws.update.option", "laws.update.options"),
        (STATES + "valeu = 3\n", "laws.update.quantities.states.valeu", "laws.update.quantities.states.value"),
        ("[window.g_min]\nlokator = 3\n", "window.g_min.lokator", "window.g_min.locator"),
    ],
)
def test_unknown_field_names_file_path_and_nearest(variant: Callable[..., Path], text: str, wrong: str, nearest: str) -> None:
    message = refusal(variant(text), UnknownNameError)
    assert f"Unknown field '{wrong}' in mine.toml. Did you mean '{nearest}'?" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[data.x]\nvalue = 1\nunit = "uS"\nlocator = "p. 1"\nkind = "fitted"\n', ["data.x.source", "required"]),
        ('[data.x]\nvalue = 1\nsource = "a"\nlocator = "p. 1"\nkind = "fitted"\n', ["data.x.unit", "required"]),
        (STATES + 'reason = ""\nkind = "assumed"\n', ["laws.update.quantities.states", "needs a 'reason'"]),
        (STATES + "value = 1\n" + SOURCE, ["laws.update.quantities.states", "out of range; valid: 2 to 1e+06 1"]),
        (STATES + "value = nan\n", ["laws.update.quantities.states.value", "finite"]),
        (STATES + "value = inf\n", ["laws.update.quantities.states.value", "finite"]),
        (STATES + 'unit = "stats"\n', ["laws.update.quantities.states", "Unit 'stats' is not known"]),
        ("window = 3\n", ["'window'", "given: 3"]),
        ("[window]\ng_min = 9\n", ["'window.g_min'", "given: 9"]),
    ],
)
def test_a_bad_number_names_file_place_and_rule(variant: Callable[..., Path], text: str, words: list[str]) -> None:
    message = refusal(variant(text))
    assert all(word in message for word in ["mine.toml", *words]), message


def test_an_id_has_no_spaces_or_capitals(variant: Callable[..., Path]) -> None:
    for name in ("My cell", "Mine", "-x", ""):
        assert "mine.toml: 'id'" in refusal(variant("", head=f'id = "{name}"\nbased_on = "cmo-hfox"\n'))


def test_a_file_on_its_own_must_be_complete(variant: Callable[..., Path]) -> None:
    assert "'name'" in refusal(variant("", head='id = "mine"\n'))
