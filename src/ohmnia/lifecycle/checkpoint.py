"""Files that hold a chip or a run: safetensors with JSON metadata, a format version, written atomically; no pickle."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ohmnia._errors import ChipFileError

_KEY = "ohmnia"
VERSION = 1


def write_file(path: Path, kind: str, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Parameters
    ----------
    path
        Where.
    kind
        "chip" or "run".
    tensors, metadata
        What; the metadata must be plain JSON.
    """
    from safetensors.torch import save

    # One key only: safetensors writes several in an order that changes from call to call.
    header = {_KEY: json.dumps({"version": VERSION, "kind": kind, "content": metadata})}
    data = save({name: value.detach().contiguous() for name, value in tensors.items()}, header)
    write_bytes(path, data)


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes to a temporary neighbour, flush it to the disk, and move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_file(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a whole file, or nothing.

    Returns
    -------
    tuple
        Tensors and metadata.

    Raises
    ------
    ChipFileError
        No such file; truncated or damaged; not written by ohmnia; of another kind; of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ChipFileError(f"{path}: no such file.")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(_KEY, "null"))
            _check_header(path, kind, header)
            metadata = header["content"]
            # Cloned: a tensor of `safe_open` may share the file's memory.
            tensors = {name: torch.clone(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError, KeyError, OSError) as error:
        raise ChipFileError(f"{path}: truncated, damaged, or no {kind} file ({error}). Nothing was loaded.") from error
    return tensors, metadata


def _check_header(path: Path, kind: str, header: Any) -> None:
    version = header.get("version") if isinstance(header, dict) else None
    if not isinstance(version, int):
        raise ChipFileError(f"{path}: a safetensors file that ohmnia did not write. Nothing was loaded.")
    if version > VERSION:
        raise ChipFileError(f"{path}: format version {version}, newer than {VERSION}, which this ohmnia reads. Update ohmnia.")
    if header.get("kind") != kind:
        raise ChipFileError(f"{path}: holds a {header.get('kind')}, not a {kind}. Nothing was loaded.")


def with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under `prefix.name`."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def under_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names start with `prefix.`, without it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}
