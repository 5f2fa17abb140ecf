"""Files that commands write."""

from __future__ import annotations

from pathlib import Path

from ohmnia._errors import InvalidValueError


def write(file: Path, text: str) -> None:
    """Write a file of a command, over an older one.

    Raises
    ------
    InvalidValueError
        A folder of this name, or no folder to put it in.
    """
    if file.is_dir():
        raise InvalidValueError(f"{file} is a folder; give a file.")
    if not file.parent.is_dir():
        raise InvalidValueError(f"{file.parent} is no folder; make it first, or give another file.")
    file.write_text(text, encoding="utf-8")
