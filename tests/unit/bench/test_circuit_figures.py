"""The list of figures: verdicts, lines and the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ohmnia._errors import InvalidValueError
from ohmnia.bench.circuit_figures import at_least, at_most, close, line, near, write_figures


def test_verdicts() -> None:
    assert at_most("a", 1.0, 1.0).ok and not at_most("a", 1.1, 1.0).ok
    assert at_least("a", 1.0, 1.0).ok and not at_least("a", 0.9, 1.0).ok
    assert near("a", 1.02, 1.0, 0.03).ok and not near("a", 0.96, 1.0, 0.03).ok
    assert close("a", 1.4, 1.0, 0.5).ok and not close("a", 0.4, 1.0, 0.5).ok
    assert at_most("a", None, 1.0).ok is None


def test_lines_say_what_was_missed() -> None:
    assert line(near("loss", 4.6, 4.5, 0.03)) == "ok      loss: 4.6 (target 4.5 within 3 %)"
    assert line(at_most("time", 2.0, 1.0)).startswith("MISSED")
    assert "not measured" in line(at_most("time", None, 1.0))


def test_the_file_is_a_list_of_objects(tmp_path: Path) -> None:
    stored = json.loads(write_figures([at_most("a", 1.0, 2.0), at_most("b", None, 2.0)], tmp_path / "new").read_text())
    assert stored[0] == {"figure": "a", "value": 1.0, "target": "<= 2", "ok": True}
    assert stored[1] == {"figure": "b", "value": None, "target": "<= 2", "ok": None}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValueError, match="give a folder"):
        write_figures([], tmp_path / "file")
