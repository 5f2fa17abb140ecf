"""Plain records: sums of counts, and a request that nobody can change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
import torch

from ohmnia.array import Activity, UpdateRequest

NAMES = [field.name for field in fields(Activity)]


def test_adding_sums_every_count_once() -> None:
    total = Activity(**{name: k for k, name in enumerate(NAMES)})
    other = Activity(**{name: 100 * (k + 1) for k, name in enumerate(NAMES)})
    total.add(other)
    assert total.as_dict() == {name: 101 * k + 100 for k, name in enumerate(NAMES)}
    assert other.as_dict() == {name: 100 * (k + 1) for k, name in enumerate(NAMES)}


def test_a_new_record_has_counted_nothing() -> None:
    assert set(Activity().as_dict().values()) == {0}


def test_counts_are_plain_integers() -> None:
    # They go into JSON, whatever the kernels returned.
    counts = Activity(pulses=torch.tensor(3).sum().item()).as_dict()
    assert list(counts) == NAMES
    assert {type(count) for count in counts.values()} == {int}


def test_a_request_cannot_be_changed() -> None:
    request = UpdateRequest(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(FrozenInstanceError):
        request.x = torch.zeros(2, 3)


def test_reads_and_writes_are_counted_by_their_lines() -> None:
    activity = Activity()
    for _ in range(2):
        activity.count_reads(5, 6, 4, 1)
        activity.count_writes(7, 11)
    activity.count_writes(1, 2, 3)
    assert activity == Activity(
        program_pulses=15, verify_reads=24, failed_cells=3, reads=10, dac_conversions=60, adc_conversions=40, saturated_outputs=2
    )
