"""The streams of a tile, one for each kind of use, and how often each was used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from ohmnia.random import Stream

Key = tuple[int, int]
_AT_ONCE = 32


@final
class Uses:
    """Counts uses and hands out their keys: no two uses of a tile draw the same numbers.

    Parameters
    ----------
    stream
        The tile's.
    names
        Kinds of use.
    """

    def __init__(self, stream: Stream, names: tuple[str, ...]) -> None:
        self.counts: dict[str, int] = dict.fromkeys(names, 0)
        self._start(stream)

    def _start(self, stream: Stream) -> None:
        self._streams = {use: stream.child(use) for use in self.counts}
        self._keys: dict[tuple[str, int], tuple[int, list[tuple[Key, ...]]]] = {}

    def stream(self, use: str) -> Stream:
        """The stream of the next use of a kind."""
        self.counts[use] += 1
        return self._streams[use].at(self.counts[use])

    def keys(self, use: str, parts: int = 0) -> tuple[Key, ...]:
        """The key of `stream(use)`, or those of its parts; made many at a time, since a training step needs several."""
        self.counts[use] += 1
        first, keys = self._keys.get((use, parts), (0, []))
        at = self.counts[use] - first
        if not 0 <= at < len(keys):
            first, at = self.counts[use], 0
            keys = self._streams[use].keys(first, _AT_ONCE, parts)
            self._keys[use, parts] = first, keys
        return keys[at]

    def restore(self, stream: Stream, counts: Mapping[str, int]) -> None:
        """Go on where a saved tile stopped."""
        self.counts = {use: int(counts[use]) for use in self.counts}
        self._start(stream)
