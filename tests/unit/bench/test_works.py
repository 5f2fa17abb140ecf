"""The rows of the table."""

from __future__ import annotations

import pytest

from ohmnia import UnknownNameError
from ohmnia.bench.works import WORKS, EpochSpec, ProgramSpec, StepSpec, UpdateSpec, chosen, describe, small

IDS = [
    *("update.dense", "update.medium", "update.sparse"),
    *("step.agad.reramsb", "step.ttv2.reramsb", "step.agad.22", "step.ttv2.22", "step.sgd.22", "step.agad.22.batch1"),
    *("epoch.agad.22", "epoch.agad.reramsb", "epoch.agad.22.autograd", "forward.noisy", "program.sampled", "program.pulses"),
]


def test_every_row_is_there_in_order() -> None:
    assert [work.id for work in chosen(())] == IDS
    assert sorted(WORKS) == sorted(IDS)


def test_rows_are_chosen_by_id() -> None:
    assert [work.id for work in chosen(("update.sparse", "update.dense"))] == ["update.dense", "update.sparse"]
    with pytest.raises(UnknownNameError, match=r"'update.spars' in --only. Did you mean 'update.sparse'"):
        chosen(("update.spars",))


def test_descriptions_follow_the_size() -> None:
    assert describe(UpdateSpec(0.3)) == "pulsed update, 512 x 512, batch 32, BL 31, s = 0.3"
    assert describe(small(UpdateSpec(0.3))).startswith("pulsed update, 64 x 64, batch 8")
    assert "1000000 cells" in describe(ProgramSpec(sampled=True))
    assert len({describe(work.spec) for work in chosen(())}) == len(IDS)


def test_a_small_row_is_smaller_and_otherwise_the_same() -> None:
    for work in chosen(()):
        spec = small(work.spec)
        assert type(spec) is type(work.spec)
        if isinstance(spec, StepSpec | UpdateSpec | ProgramSpec):
            assert spec.side < work.spec.side
        if isinstance(spec, EpochSpec):
            assert spec.samples == 100
