"""Reading numbers back from ngspice, and what is said where that fails."""

from __future__ import annotations

import pytest

from judge import needs_ngspice
from ohmnia._errors import StateError
from ohmnia.array.circuit import ngspice

DIVIDER = "* divider\nv1 a 0 3\nr1 a b 1k\nr2 b 0 2k\n"


@needs_ngspice
def test_operating_point_of_a_divider() -> None:
    assert ngspice.operating_point(DIVIDER, ["v(b)", "i(v1)"]).tolist() == pytest.approx([2.0, -1e-3], rel=1e-12)


@needs_ngspice
def test_many_vectors_are_read_in_order() -> None:
    chain = "* chain\nv1 n0 0 1\n" + "".join(f"r{k} n{k} n{k + 1} 1\n" for k in range(20)) + "rend n20 0 1\n"
    found = ngspice.operating_point(chain, [f"v(n{k})" for k in range(21)])
    assert found.tolist() == pytest.approx([1 - k / 21 for k in range(21)], rel=1e-9)


@needs_ngspice
def test_transient_of_a_capacitor() -> None:
    times, values = ngspice.transient("* rc\nv1 a 0 1\nr1 a b 1k\nc1 b 0 1n ic=0\n", "tran 1n 3u 0 5n uic", ["v(b)"])
    assert values[-1, 0] == pytest.approx(0.950213, rel=1e-3)
    assert times[-1] == pytest.approx(3e-6)


@needs_ngspice
def test_what_ngspice_does_not_know_is_said() -> None:
    with pytest.raises(StateError, match=r"no value for \['v\(nowhere\)'\]"):
        ngspice.operating_point(DIVIDER, ["v(nowhere)"])


def test_without_ngspice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not ngspice.installed()
    with pytest.raises(StateError, match="apt-get install ngspice"):
        ngspice.operating_point(DIVIDER, ["v(b)"])
