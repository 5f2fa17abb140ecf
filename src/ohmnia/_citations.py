"""The bibliography, and the entries that a run used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ohmnia._errors import unknown_name


@cache
def _entries() -> dict[str, str]:
    text = (Path(__file__).parent / "references.bib").read_text(encoding="utf-8")
    blocks = re.findall(r"@\w+\{.*?^\}", text, flags=re.DOTALL | re.MULTILINE)
    return {re.match(r"@\w+\{([^,]+),", block).group(1): block for block in blocks}  # pyright: ignore[reportOptionalMemberAccess]


def known_keys() -> list[str]:
    """Every key of the bibliography, sorted."""
    return sorted(_entries())


def cite(keys: Iterable[str]) -> str:
    """BibTeX of the given keys, ohmnia's own entry first.

    Raises
    ------
    UnknownNameError
        A key that the bibliography does not have.
    """
    wanted = ["ohmnia", *sorted(set(keys) - {"ohmnia"})]
    for key in wanted:
        if key not in _entries():
            raise unknown_name("citation key", key, _entries())
    return "\n\n".join(_entries()[key] for key in wanted) + "\n"
