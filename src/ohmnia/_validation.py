"""Strict reading of configuration: pydantic models that forbid unknown fields, with errors that help."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ohmnia._errors import InvalidValueError, unknown_name


class Strict(BaseModel):
    """Base of every configuration record: frozen, unknown fields refused, no silent conversion of NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed; what the original has derived from its own fields is left behind."""
        copied = super().model_copy(update=update, deep=deep)
        fields = vars(copied)
        for name in fields.keys() - type(self).model_fields.keys():
            del fields[name]
        return copied


Model = TypeVar("Model", bound=BaseModel)


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _fields_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """Names of the fields that would be valid beside the last element of `location`."""
    for key in location[:-1]:
        field = model.model_fields.get(str(key))
        if field is not None:
            model = next(iter(_models_in(field.annotation)), model)
    return list(model.model_fields)


def validated(model: type[Model], data: dict[str, Any], where: str) -> Model:
    """Build a record from plain data.

    Parameters
    ----------
    model
        The record's class.
    data
        Nested dictionaries, as TOML gives them.
    where
        File or argument, for the error text.

    Raises
    ------
    UnknownNameError
        A field that the record does not have, with the nearest one.
    InvalidValueError
        A value of the wrong type or range.
    """
    try:
        return model.model_validate(_rows_as_tuples(data))
    except ValidationError as error:
        errors = error.errors()
        # Of the branches of a union, the one that came furthest into the value says most.
        first = max((e for e in errors if e["loc"][:1] == errors[0]["loc"][:1]), key=lambda e: len(e["loc"]))
        place = ".".join(str(part) for part in first["loc"] if not _is_branch(part))
        if first["type"] == "extra_forbidden":
            raise unknown_name("field", place, _qualified(model, first["loc"]), where) from None
        given = f" (given: {first['input']!r})" if isinstance(first["input"], str | int | float) else ""
        raise InvalidValueError(f"{where}: '{place}': {first['msg']}{given}.") from None


def _is_branch(part: object) -> bool:
    """Whether a part of a location is pydantic's name of a union's branch, and no field."""
    if not isinstance(part, str):
        return False
    # The name of a record's class; fields are lower case.
    return part in ("float", "int", "str", "bool") or part.startswith(("tuple[", "literal[")) or part[:1].isupper()


def _rows_as_tuples(data: Any) -> Any:
    """TOML and JSON have lists where a frozen record has tuples."""
    if isinstance(data, dict):
        return {key: _rows_as_tuples(value) for key, value in data.items()}
    return tuple(map(_rows_as_tuples, data)) if isinstance(data, list | tuple) else data


def _qualified(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    prefix = ".".join(str(part) for part in location[:-1] if not _is_branch(part))
    return [f"{prefix}.{name}" if prefix else name for name in _fields_at(model, location)]


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    InvalidValueError
        No such file, or no valid TOML; the message names the file and the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidValueError(f"Cannot read {path}: {error}.") from error
