"""Files that commands write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmnia._errors import InvalidValueError
from ohmnia.cli._files import write


def test_a_file_is_written_over_an_older_one(tmp_path: Path) -> None:
    for text in ("µS, the older one\n", "Ω\n"):
        write(tmp_path / "a.txt", text)
    assert (tmp_path / "a.txt").read_bytes() == "Ω\n".encode()


def test_folders_and_places_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="is a folder; give a file"):
        write(tmp_path, "text")
    with pytest.raises(InvalidValueError, match="nowhere is no folder; make it first"):
        write(tmp_path / "nowhere" / "a.txt", "text")
