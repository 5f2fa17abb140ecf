"""Reads of several matrices as records: the keys, counts and refusals of reads that are made one by one."""

from __future__ import annotations

import copy

import pytest
import torch

from helpers import QUICK, make_synapse, values
from ohmnia._errors import InvalidValueError, StateError
from ohmnia.array.chain import ChainedReads
from ohmnia.array.reading import Term
from ohmnia.array.synapse import SLOW
from ohmnia.device import Device

SMALL = QUICK.model_copy(update={"max_rows": 3, "max_cols": 4})


def test_spans_and_places_are_those_of_the_blocks(device: Device) -> None:
    synapses = [make_synapse(device, config=config, seed=k) for k, config in enumerate((SMALL, QUICK))]
    reads = ChainedReads(synapses)
    blocks = [block for synapse in synapses for block in synapse.blocks]
    assert reads.spans == [(0, len(synapses[0].blocks)), (len(synapses[0].blocks), len(blocks))]
    assert reads.records["row"].tolist() == [block.rows.start for block in blocks]
    assert [(record["rows"], record["cols"]) for record in reads.records] == [block.shape for block in blocks]
    periphery = QUICK.periphery
    assert reads.records[0]["path"].tolist() == [periphery.dac_step, *periphery.converter]


def test_keys_and_counts_are_those_of_single_reads(device: Device) -> None:
    synapse = make_synapse(device, config=SMALL)
    other = copy.deepcopy(synapse)
    reads = ChainedReads([synapse])
    reads.begin(0)
    for record, block in zip(reads.records, other.blocks, strict=True):
        assert tuple(record["forward_key"].tolist()) == block.slow.uses.keys("read")[0]
        assert tuple(record["backward_key"].tolist()) == block.slow.uses.keys("read")[0]
        assert record["weights"] == synapse.blocks[list(other.blocks).index(block)].slow.seen("rows")[0].data_ptr()
    other = copy.deepcopy(synapse)
    reads.take_back(0)
    assert all(block.slow.uses.counts["read"] == 0 for block in synapse.blocks)
    other = copy.deepcopy(synapse)
    other.forward(values(0, 5, 6), "read")
    reads.begin(1)
    assert [tile.uses.counts for tile in synapse.tiles()] == [tile.uses.counts for tile in other.tiles()]
    reads.records["counts"] = 5, 0, 0, 0
    reads.count()
    theirs = [tile.activity for tile in other.tiles()]
    assert [(tile.activity.reads, tile.activity.dac_conversions) for tile in synapse.tiles()] == [
        (activity.reads, activity.dac_conversions) for activity in theirs
    ]


def test_what_was_derived_from_the_cells_is_looked_for_anew(device: Device) -> None:
    synapse = make_synapse(device, config=QUICK)
    reads = ChainedReads([synapse])
    reads.begin(1)
    assert reads.records[0]["variance"] == 0
    synapse.advance(86400.0)
    reads.begin(1)
    weights, variance = synapse.blocks[0].slow.seen("rows")
    assert variance is not None
    assert reads.records[0]["weights"] == weights.data_ptr()
    assert reads.records[0]["variance"] == variance.data_ptr()


def test_other_reads_are_refused(device: Device) -> None:
    with pytest.raises(InvalidValueError, match="is on the kernel member 'reference'"):
        ChainedReads([make_synapse(device, config=QUICK.model_copy(update={"kernel": "reference"}))])
    synapse = make_synapse(device, config=QUICK)
    reads = ChainedReads([synapse])
    synapse.blocks[0].terms = (Term(SLOW, 1.0),)
    with pytest.raises(StateError, match="a sum over several arrays"):
        reads.begin(0)
    assert torch.equal(torch.tensor(synapse.blocks[0].slow.uses.counts["read"]), torch.tensor(0))
