"""The other simulator: a clear refusal where it is missing, and one law on both sides where it is installed."""

from __future__ import annotations

import dataclasses
import importlib.util

import pytest
import torch

from ohmnia import StateError
from ohmnia.bench import peer_aihwkit
from ohmnia.bench.cases import make_tile, start_weights
from ohmnia.bench.moments import compare
from ohmnia.bench.peer_aihwkit import Aihwkit
from ohmnia.bench.soft_bounds_reference import PER_WEIGHT_SIEMENS, STATES_22, ZERO_SIEMENS
from ohmnia.bench.works import EpochSpec, ForwardSpec, ProgramSpec, Spec, StepSpec, UpdateSpec

# Its own calls of numpy and torch warn.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
needs_peer = pytest.mark.skipif(importlib.util.find_spec("aihwkit") is None, reason="aihwkit is not installed")


def test_a_missing_peer_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(peer_aihwkit.importlib, "import_module", missing)
    with pytest.raises(StateError, match=r"aihwkit 1\.2\.0 in this Python \(No module.*benchmarks/README\.md"):
        Aihwkit()


@needs_peer
@pytest.mark.parametrize(
    "spec",
    [
        UpdateSpec(0.3, side=8, batch=2),
        *(StepSpec(algorithm, False, 8, 2) for algorithm in ("agad", "ttv2", "sgd")),
        *(StepSpec(algorithm, True, 8, 2) for algorithm in ("agad", "ttv2")),
        EpochSpec(StepSpec("agad", False), samples=4, sizes=(784, 6, 10), batch=2),
        ForwardSpec(8, 2),
        ProgramSpec(sampled=True, side=8),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_every_row_builds_and_runs(spec: Spec) -> None:
    built = Aihwkit().case(spec)
    assert built is not None
    built.run()


@needs_peer
def test_expected_pulse_of_each_cell_is_equal() -> None:
    """One certain pulse, without noise."""
    quiet = dataclasses.replace(STATES_22, dw_min_std=0.0)
    peer, spec = Aihwkit(), UpdateSpec(1.0, side=16, length=1, device=quiet)
    theirs, ours = peer._tile(spec), make_tile(quiet, 16)
    ours.parameters.copy_(peer.parameters(theirs, quiet))
    start = start_weights(ours)
    for sign in (1.0, -1.0):
        theirs.set_weights(start)
        theirs.update(torch.ones(1, 16), -sign * torch.ones(1, 16))
        law, before = ours.device.update, ZERO_SIEMENS + PER_WEIGHT_SIEMENS * start.double()
        moved = law.pulse(before[None], int(sign), ours.parameters.double(), torch.zeros(1, 16, 16, dtype=torch.float64))
        ours_change = (moved[0] - before) / PER_WEIGHT_SIEMENS
        torch.testing.assert_close(theirs.get_weights()[0] - start, ours_change.float(), rtol=2e-4, atol=2e-6)


@needs_peer
def test_moments_agree() -> None:
    ours, theirs = Aihwkit().update_samples(UpdateSpec(0.3, batch=4, moments_side=16), 128)
    assert compare(ours, theirs).agree
