"""Names to things: one table for each kind, with the nearest name on a miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from ohmnia._errors import unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A named table whose misses answer with the nearest name; its order is that of its entries.

    Parameters
    ----------
    kind
        What the entries are, for the error text.
    entries
        Name to entry.
    """

    def __init__(self, kind: str, entries: dict[str, T]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def get(self, name: str, where: str = "") -> T:
        """Return the entry of a name.

        Raises
        ------
        UnknownNameError
            No entry has this name.
        """
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries, where)
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries
