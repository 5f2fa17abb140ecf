"""Compiling with a disk cache that notices edits in any kernel source.

numba keys its cache by the decorated file alone, so a helper edited elsewhere would go unnoticed: the cache folder
carries a hash of all kernel sources instead.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numba.core.config


def _cache_folder() -> str:
    base = os.environ.get("NUMBA_CACHE_DIR")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ohmnia"
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return str(root / f"kernels-{digest.hexdigest()}")


_FOLDER = _cache_folder()


def _compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    config: Any = numba.core.config
    before = config.CACHE_DIR
    config.CACHE_DIR = _FOLDER
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    finally:
        config.CACHE_DIR = before


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with numba, without fast-math, cached on disk."""
    return _compiled(function)


def jit_sums(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `jit`, for products: sums may be taken in another order, and a product and a sum rounded once."""
    return _compiled(function, fastmath={"reassoc", "contract", "nsz"})
