"""Running the rows: ohmnia alone, or in turn with another simulator in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, final

import torch

from ohmnia._errors import OhmniaError
from ohmnia._registry import Registry
from ohmnia.bench.cases import case
from ohmnia.bench.facts import machine
from ohmnia.bench.moments import Comparison, compare
from ohmnia.bench.placement import spreading
from ohmnia.bench.timing import BUSY_LOAD, Timing, alone, in_turn, load, once, ratio
from ohmnia.bench.works import Case, Peer, Spec, UpdateSpec, Work, describe, small

# A longer run is not repeated only to find the better number of threads.
_LONG_SECONDS = 1.0
_QUICK_PAIRS, _QUICK_REPEATS = 3, 32


@final
@dataclass(frozen=True, slots=True)
class Row:
    """What a row of the table shows.

    Parameters
    ----------
    spec
        What was run: the work's own, or a small one.
    own, peer
        Times; None where a side has not run.
    ratio
        Median over pairs of the peer's time over ohmnia's.
    peer_threads
        The thread count that counts.
    moments
        For updates beside a peer.
    note
        What a reader should know, or why the row is missing.
    """

    work: Work
    spec: Spec
    own: Timing | None = None
    peer: Timing | None = None
    ratio: float | None = None
    peer_threads: int | None = None
    moments: Comparison | None = None
    note: str = ""

    @property
    def counts(self) -> bool:
        """Whether the ratio counts: an update's moments must agree."""
        return self.moments is None or self.moments.agree

    def record(self) -> dict[str, Any]:
        """The row as it stands in bench.json."""
        return {
            "id": self.work.id,
            "work": describe(self.spec),
            "ohmnia_seconds": self.own.median if self.own else None,
            "peer_seconds": self.peer.median if self.peer else None,
            "ratio": self.ratio,
            "repeats": len(self.own.seconds) if self.own else 0,
            "moments_agree": self.moments.agree if self.moments else None,
        }


@final
@dataclass(slots=True)
class Results:
    """All rows, and what they were measured on.

    Parameters
    ----------
    peer
        Name of the other simulator, if any.
    load_before
        Load average before the start; from .5 on, the machine counts as loaded.
    quick
        Small sizes: the numbers say nothing.
    facts
        What else was measured; see `ohmnia.bench.facts`.
    """

    peer: str | None
    load_before: float
    quick: bool
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def loaded(self) -> bool:
        """Whether other work ran on the machine."""
        return self.load_before >= BUSY_LOAD


def _aihwkit() -> Peer:
    from ohmnia.bench.peer_aihwkit import Aihwkit

    return Aihwkit()


PEERS: Registry[Callable[[], Peer]] = Registry("peer", {"aihwkit": _aihwkit})


def _own_threads() -> None:
    """ohmnia runs torch on one thread; its own loops use the cores that numba is given."""
    torch.set_num_threads(1)


def _better_threads(peer: Peer, theirs: Case, spread: Callable[[], None]) -> int:
    """The thread count at which the peer is faster."""
    times = {}
    for count in peer.threads:
        peer.use_threads(count)
        if count > 1:
            # Threads begin with their first work; only then can they be placed.
            once(theirs.run, 1)
        spread()
        first = once(theirs.run, 1)
        times[count] = first if first > _LONG_SECONDS else alone(theirs.run, 3).median
    return min(times, key=times.__getitem__)


def _beside(row: Row, ours: Case, theirs: Case, peer: Peer, pairs: int) -> Row:
    with spreading() as spread:
        ours.run()
        threads = _better_threads(peer, theirs, spread)

        def between(is_peer: bool) -> None:
            peer.use_threads(threads if is_peer else 1)
            spread()

        own, other = in_turn(ours.run, theirs.run, pairs, between)
    own, other = own.scaled(ours.scale), other.scaled(theirs.scale)
    return replace(row, own=own, peer=other, ratio=ratio(own, other), peer_threads=threads, note=ours.note)


def run_work(work: Work, peer: Peer | None = None, quick: bool = False) -> Row:
    """Measure one row; a side that cannot be built leaves a row that says why.

    Parameters
    ----------
    work
        The row.
    peer
        Measured in turn with ohmnia where it has the same work.
    quick
        A small size and few repeats.
    """
    spec, pairs = (small(work.spec), _QUICK_PAIRS) if quick else (work.spec, work.pairs)
    row = Row(work, spec)
    _own_threads()
    try:
        ours = case(spec)
    except OhmniaError as error:
        return replace(row, note=f"not run: {error}")
    theirs = peer.case(spec) if peer else None
    if peer is None or theirs is None:
        return replace(row, own=alone(ours.run, pairs).scaled(ours.scale), note=ours.note)
    row = _beside(row, ours, theirs, peer, pairs)
    return replace(row, moments=_moments(spec, peer, quick))


def _moments(spec: Spec, peer: Peer, quick: bool) -> Comparison | None:
    if not isinstance(spec, UpdateSpec):
        return None
    peer.use_threads(1)
    repeats = _QUICK_REPEATS if quick else spec.moments_repeats
    return compare(*peer.update_samples(spec, repeats))


def run_suite(
    works: list[Work],
    peer: Peer | None,
    quick: bool,
    done: Callable[[Row], None] = lambda row: None,
    starts: Callable[[Work], None] = lambda work: None,
    load_before: float | None = None,
) -> Results:
    """Measure rows one after the other.

    Parameters
    ----------
    works
        The rows.
    peer
        The other simulator, if any.
    quick
        Small sizes.
    done, starts
        Called with each finished row, and with each work before it runs.
    load_before
        Load average before anything was loaded; now, if it is not given.
    """
    results = Results(peer.name if peer else None, load() if load_before is None else load_before, quick)
    results.facts["machine"] = {**machine(), "load_before": results.load_before, "loaded": results.loaded}
    before = torch.get_num_threads()
    try:
        for work in works:
            starts(work)
            results.rows.append(run_work(work, peer, quick))
            done(results.rows[-1])
    finally:
        torch.set_num_threads(before)
    return results
