"""Strict reading: unknown fields, wrong values, broken files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia._validation import Strict, read_toml, validated


class Inner(Strict):
    size: int = Field(ge=1)
    width: float = 1.0


class Outer(Strict):
    name: str
    inner: Inner
    table: dict[str, Inner] = {}
    maybe: Inner | None = None


GOOD = {"name": "a", "inner": {"size": 2}, "table": {"x": {"size": 3, "width": 2}}}


def changed(**changes: object) -> dict[str, object]:
    return {**GOOD, **changes}


def test_nested_data_becomes_records() -> None:
    record = validated(Outer, GOOD, "here")
    assert record == Outer(name="a", inner=Inner(size=2), table={"x": Inner(size=3, width=2.0)})


@pytest.mark.parametrize(
    ("data", "wrong", "nearest"),
    [
        (changed(nmae="b"), "nmae", "name"),
        (changed(inner={"size": 1, "widht": 1.0}), "inner.widht", "inner.width"),
        (changed(table={"x": {"sise": 1, "size": 1}}), "table.x.sise", "table.x.size"),
        (changed(maybe={"size": 1, "widths": 1.0}), "maybe.widths", "maybe.width"),
    ],
)
def test_unknown_field_names_place_and_nearest(data: dict[str, object], wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        validated(Outer, data, "my.toml")
    assert f"Unknown field '{wrong}' in my.toml. Did you mean '{nearest}'?" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"inner": {"size": 2}}, ["my.toml: 'name'", "required"]),
        (changed(inner={"size": 0}), ["my.toml: 'inner.size'", "greater than or equal to 1", "given: 0"]),
        (changed(inner={"size": 1, "width": float("nan")}), ["'inner.width'", "finite", "nan"]),
        (changed(inner={"size": 1, "width": float("inf")}), ["'inner.width'", "finite", "inf"]),
        (changed(inner={"size": 1.5}), ["'inner.size'", "integer", "1.5"]),
        (changed(name=3), ["'name'", "string", "given: 3"]),
        (changed(inner=7), ["'inner'", "given: 7"]),
        (changed(table={"x": {}}), ["'table.x.size'", "required"]),
    ],
)
def test_wrong_value_names_file_place_rule_and_value(data: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InvalidValueError) as caught:
        validated(Outer, data, "my.toml")
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("width", ["2.5", True])
def test_nothing_is_coerced(width: object) -> None:
    with pytest.raises(InvalidValueError, match="'inner.width'"):
        validated(Outer, changed(inner={"size": 1, "width": width}), "my.toml")


def test_an_integer_is_a_number() -> None:
    width = validated(Outer, changed(inner={"size": 1, "width": 2}), "my.toml").inner.width
    assert type(width) is float


def test_records_are_frozen() -> None:
    record = validated(Outer, GOOD, "here")
    with pytest.raises(ValidationError, match="frozen"):
        record.name = "b"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_file_is_read_as_its_toml(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('unit = "µS"\n[inner]\nsize = 2\n', encoding="utf-8")
    assert read_toml(path) == {"unit": "µS", "inner": {"size": 2}}


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a = 1\nb = = 2\n", ["line 2", "column 5"]), (b"a = 1\na = 2\n", ["line 2"]), (b"a = '\xff'\n", ["utf-8"])],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidValueError, match="Cannot read .*broken.toml") as caught:
        read_toml(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"none.toml.*No such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(InvalidValueError, match="Cannot read"):
        read_toml(tmp_path)
