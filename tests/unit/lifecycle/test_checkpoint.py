"""Files that are written whole or not at all, and read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ohmnia import ChipFileError
from ohmnia.lifecycle import checkpoint
from ohmnia.lifecycle.checkpoint import read_file, under_prefix, with_prefix, write_bytes, write_file

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.tensor(3, dtype=torch.int32),
    "c": torch.tensor(0.1, dtype=torch.float64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.safetensors"
    write_file(path, "chip", TENSORS, {"clock": 0.1 + 0.2, "list": [1, None, "ü"]})
    return path


def test_round_trip_keeps_every_bit(file: Path) -> None:
    tensors, metadata = read_file(file, "chip")
    assert metadata == {"clock": 0.1 + 0.2, "list": [1, None, "ü"]}
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value)


def test_views_are_stored_as_they_look(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    write_file(tmp_path / "v", "chip", {"t": base.T, "row": base[1]}, {})
    tensors, _ = read_file(tmp_path / "v", "chip")
    assert torch.equal(tensors["t"], base.T)
    assert torch.equal(tensors["row"], base[1])


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_truncated_file_is_refused(file: Path, kept: int) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ChipFileError, match="Nothing was loaded"):
        read_file(file, "chip")


def test_text_and_foreign_files_are_refused(file: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a chip")
    with pytest.raises(ChipFileError, match="notes.txt"):
        read_file(text, "chip")
    save_file({"w": torch.ones(2)}, tmp_path / "foreign")
    with pytest.raises(ChipFileError, match="did not write"):
        read_file(tmp_path / "foreign", "chip")
    with pytest.raises(ChipFileError, match="holds a chip, not a run"):
        read_file(file, "run")
    with pytest.raises(ChipFileError, match="no such file"):
        read_file(tmp_path / "nothing", "chip")


def test_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "VERSION", 99)
    write_file(tmp_path / "new", "chip", TENSORS, {})
    monkeypatch.undo()
    with pytest.raises(ChipFileError, match="version 99, newer than"):
        read_file(tmp_path / "new", "chip")


def test_a_failed_write_leaves_the_old_file_and_no_litter(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(file, b"new")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_prefixes_are_inverse() -> None:
    assert under_prefix("p", with_prefix("p", TENSORS) | {"pq.a": torch.zeros(1)}) == TENSORS
