"""Text: symbols, splits that keep the test unseen, parts side by side, and errors that help."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch

from ohmnia import InvalidValueError
from ohmnia.lifecycle.text import read_text, streams

RAW = bytes(97 + k * k % 23 for k in range(2000))


def test_symbols_and_splits(tmp_path: Path) -> None:
    for name, data in (("a.txt", RAW), ("a.txt.gz", gzip.compress(RAW))):
        (tmp_path / name).write_bytes(data)
        text = read_text(tmp_path / name)
        whole = torch.cat([text.learned, text.validation, text.test])
        assert bytes(text.symbols[k] for k in whole) == RAW
        assert (len(text.learned), len(text.validation), len(text.test)) == (1710, 90, 200)
        assert text.symbols == bytes(sorted(set(RAW)))


def test_parts_side_by_side_follow_the_text() -> None:
    inputs, following = streams(torch.arange(32), 3)
    assert inputs.shape == (10, 3)
    assert torch.equal(following, inputs + 1)
    assert inputs[:, 1].tolist() == list(range(10, 20))
    with pytest.raises(InvalidValueError, match="no 40 parts"):
        streams(torch.arange(32), 40)


def test_errors_say_how_to_get_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OHMNIA_DATA", raising=False)
    with pytest.raises(InvalidValueError, match=r"--text FILE.*OHMNIA_DATA"):
        read_text()
    monkeypatch.setenv("OHMNIA_DATA", str(tmp_path))
    with pytest.raises(InvalidValueError, match=r"Cannot read .*warpeace_input.txt.gz.*--text FILE"):
        read_text()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "warpeace_input.txt.gz").write_bytes(gzip.compress(RAW))
    with pytest.raises(InvalidValueError, match="2000 characters of 12 kinds; War and Peace"):
        read_text()


@pytest.mark.parametrize("raw", [b"ab" * 499, b"a" * 2000])
def test_a_text_that_teaches_nothing_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "short.txt").write_bytes(raw)
    with pytest.raises(InvalidValueError, match="at least 1000 of 2 kinds"):
        read_text(tmp_path / "short.txt")
