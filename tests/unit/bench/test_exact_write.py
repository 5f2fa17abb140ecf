"""An exact write: the target, no pulse, no read."""

from __future__ import annotations

import torch

from ohmnia.bench.exact_write import ExactWrite
from ohmnia.bench.soft_bounds_reference import STATES_22, ZERO_SIEMENS, bench_device
from ohmnia.random import Stream


def test_hits_its_target_at_once() -> None:
    start, target = torch.full((7,), ZERO_SIEMENS), torch.linspace(80e-6, 120e-6, 7)
    update = bench_device(STATES_22).update
    result = ExactWrite().program(start, target, update.sample((7,), Stream.root(0)), 0.002, update, Stream.root(1))
    assert torch.equal(result.conductance, target)
    assert int(result.pulses.sum()) == int(result.reads.sum()) == int(result.failed.sum()) == 0
