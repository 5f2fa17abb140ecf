"""Compiling with a disk cache that notices edits in any kernel source.

numba keys its cache by the decorated file alone, so a helper edited elsewhere would go unnoticed: the cache folder
carries a hash of all kernel sources instead.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
import numba.core.config
import numba.extending


def _cache_folder() -> str:
    base = os.environ.get("NUMBA_CACHE_DIR")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ohmnia"
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return str(root / f"kernels-{digest.hexdigest()}")


_FOLDER = _cache_folder()
_COMMON: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    config: Any = numba.core.config
    before = config.CACHE_DIR
    config.CACHE_DIR = _FOLDER
    try:
        return numba.njit(cache=True, **_COMMON, **options)(function)
    finally:
        config.CACHE_DIR = before


class _Inner:
    """A function that compiled functions call: without wrappers for Python, which take a fifth of the time of compiling.

    Called from Python, as tests do, it is compiled once more, with them and without the cache.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.py_func, self._options = function, options
        self._compiled = _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)
        # By this name numba finds the type of an object that it meets in a function.
        self._numba_type_ = self._compiled._numba_type_

    @cached_property
    def _from_python(self) -> Callable[..., Any]:
        return numba.njit(**_COMMON, **self._options)(self.py_func)

    def __call__(self, *arguments: Any) -> Any:
        return self._from_python(*arguments)


def jit_entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile what Python calls, with numba, without fast-math, cached on disk."""
    return _compiled(function)


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `jit_entry`, for what compiled functions call."""
    return _Inner(function)


def jit_sums(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `jit`, for products: sums may be taken in another order, and a product and a sum rounded once."""
    return _Inner(function, fastmath={"reassoc", "contract", "nsz"})


def intrinsic(function: Callable[..., Any]) -> Any:
    """numba's decorator, for type checkers: what is called has another signature than what generates it."""
    return numba.extending.intrinsic(function)
