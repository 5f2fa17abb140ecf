"""Every row of `ohmnia bench` under pytest-benchmark, for a history of times; nothing here judges one.

make bench                                                   # a table
.venv/bin/python -m pytest benchmarks --benchmark-autosave   # and keep it, to be compared with --benchmark-compare
"""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ohmnia import OhmniaError
from ohmnia.bench import WORKS, Work, chosen
from ohmnia.bench.cases import case

SLOW = ("epoch.", "program.")


@pytest.mark.parametrize("work", chosen(()), ids=lambda work: work.id)
def test_row(work: Work, benchmark: BenchmarkFixture) -> None:
    """One row, at its full size."""
    torch.set_num_threads(1)
    try:
        run = case(WORKS.get(work.id).spec).run
    except OhmniaError as error:
        pytest.skip(str(error))
    rounds = 3 if work.id.startswith(SLOW) else work.pairs
    benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
