"""Uses: streams and keys by kind, counted, and the same after a restart."""

from __future__ import annotations

from ohmnia.array.uses import Uses
from ohmnia.random import Stream

STREAM = Stream.root(3)


def key(stream: Stream) -> tuple[int, int]:
    return stream.key0, stream.key1


def test_keys_are_those_of_the_streams_and_both_count() -> None:
    uses, own = Uses(STREAM, ("read", "update")), STREAM.child("read")
    for n in range(1, 80):
        if n % 3:
            assert uses.keys("read") == (key(own.at(n)),)
        else:
            assert uses.stream("read") == own.at(n)
    assert uses.counts == {"read": 79, "update": 0}


def test_parts_of_a_use_are_its_children() -> None:
    uses, own = Uses(STREAM, ("read", "update")), STREAM.child("update")
    for n in range(1, 70):
        assert uses.keys("update", 3) == tuple(key(own.at(n).at(part)) for part in range(3))


def test_a_restored_count_goes_on_with_its_own_keys() -> None:
    uses, other = Uses(STREAM, ("read",)), Uses(Stream.root(4), ("read",))
    for _ in range(10):
        uses.keys("read")
    other.keys("read")
    other.restore(STREAM, uses.counts)
    assert other.keys("read") == uses.keys("read")
    other.counts["read"] -= 5
    assert other.keys("read") == (key(STREAM.child("read").at(7)),)
