"""Running rows, alone and beside a peer that is ohmnia itself."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from bench_mirror import TINY_STEP, TINY_UPDATE, Mirror
from ohmnia import StateError, UnknownNameError
from ohmnia.bench import suite, timing
from ohmnia.bench.suite import PEERS, Results, run_suite, run_work
from ohmnia.bench.works import EpochSpec, ForwardSpec, StepSpec, Work

UPDATE = Work("update.dense", dataclasses.replace(TINY_UPDATE, moments_repeats=64), 20.0, 3)
STEP = Work("step.agad.22", TINY_STEP, 3.0, 3)
KEYS = ["id", "work", "ohmnia_seconds", "peer_seconds", "ratio", "repeats", "moments_agree"]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LEAST_SECONDS", 0.0)


def test_alone_there_is_no_ratio() -> None:
    record = run_work(UPDATE).record()
    assert list(record) == KEYS
    assert record["ohmnia_seconds"] > 0 and record["repeats"] == 3
    assert record["peer_seconds"] is record["ratio"] is record["moments_agree"] is None


def test_beside_a_peer_with_the_same_law() -> None:
    peer = Mirror()
    row = run_work(UPDATE, peer)
    record = row.record()
    assert record["ratio"] > 0 and record["peer_seconds"] > 0
    assert record["moments_agree"] is True
    assert row.peer_threads in peer.threads
    # Its threads are searched, then set before each of its measurements, and 1 before each of ours.
    assert peer.asked[:2] == [1, 2]
    assert peer.asked[2::2][:4] == [1] * 4 and peer.asked[3::2][:4] == [row.peer_threads] * 4


def test_beside_a_peer_whose_step_is_wrong() -> None:
    spec = dataclasses.replace(TINY_UPDATE, moments_repeats=256)
    record = run_work(dataclasses.replace(UPDATE, spec=spec), Mirror(1.03)).record()
    assert record["moments_agree"] is False


def test_moments_belong_to_updates() -> None:
    record = run_work(STEP, Mirror()).record()
    assert record["ratio"] > 0 and record["moments_agree"] is None


def test_work_that_the_peer_does_not_have_runs_alone() -> None:
    record = run_work(Work("forward.noisy", ForwardSpec(8, 2), 1.2, 2), Mirror()).record()
    assert record["ohmnia_seconds"] > 0 and record["peer_seconds"] is None


def test_an_epoch_is_scaled_and_says_on_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OHMNIA_DATA", raising=False)
    spec = EpochSpec(StepSpec("agad", preset=False), samples=2, sizes=(784, 3, 10), batch=2)
    row = run_work(Work("epoch.agad.22", spec, 2.5, 1))
    assert "synthetic" in row.note


def test_a_row_that_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(spec: object) -> None:
        raise StateError("no such thing")

    monkeypatch.setattr(suite, "case", refuse)
    row = run_work(STEP, Mirror())
    assert row.note == "not run: no such thing"
    assert row.record()["ohmnia_seconds"] is None and row.record()["repeats"] == 0


def test_a_suite_reports_in_order_and_restores_the_threads() -> None:
    before, log = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        results = run_suite(
            [STEP, UPDATE], None, False, lambda row: log.append(row.work.id), lambda work: log.append(f"{work.id}?")
        )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert log == ["step.agad.22?", "step.agad.22", "update.dense?", "update.dense"]
    assert results.peer is None
    assert results.facts["machine"]["loaded"] is results.loaded


def test_a_busy_machine_counts_as_loaded() -> None:
    assert Results(None, 0.5, False).loaded
    assert not Results(None, 0.49, False).loaded


def test_peers_are_known_by_name() -> None:
    assert list(PEERS) == ["aihwkit"]
    with pytest.raises(UnknownNameError, match="Did you mean 'aihwkit'"):
        PEERS.get("aihwkitt", "--peer")
