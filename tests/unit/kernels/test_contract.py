"""The contract: its records, and the members that claim to keep it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from ohmnia.device import Device
from ohmnia.kernels import (
    NAMES,
    Keys,
    Member,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
    member,
    reads_of,
)

METHODS = [
    "advance",
    "convert",
    "drive",
    "program",
    "program_sampled",
    "pulsed_update",
    "read",
    "read_cells",
    "read_variance",
    "transfer_update",
]
RECORDS = [Keys, ReadPath, Trains, Transfer, TransferKeys, TransferSettings, TransferState]


def test_the_contract_has_these_methods() -> None:
    assert sorted(name for name in dir(Member) if not name.startswith("_")) == METHODS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_every_member_takes_the_same_arguments(name: str, method: str) -> None:
    own, contract = (inspect.signature(getattr(kind, method)) for kind in (type(member(name)), Member))
    assert [name for name in own.parameters if name != "self"] == [name for name in contract.parameters if name != "self"]


@pytest.mark.parametrize("name", NAMES)
def test_a_member_is_made_once(name: str) -> None:
    assert member(name) is member(name)
    assert type(member(name)).__name__.lower() == name


def test_an_unknown_member_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Exception, match="'cpuu'.*cpu.*reference"):
        member("cpuu")


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_frozen(record: type) -> None:
    made = record(*range(len(record._fields)))
    with pytest.raises(AttributeError):
        setattr(made, record._fields[0], 1)


def test_a_law_hands_out_what_the_kernels_take(device: Device) -> None:
    law = UpdateLaw(*device.update.kernel_coefficients())
    assert law.code == 0
    assert law.multiplicative in (0, 1)
    assert (law.exponent_up, law.exponent_down) == (device.update.exponent_up, device.update.exponent_down)


@pytest.mark.parametrize(
    ("seen", "column", "every", "samples", "expected"),
    [
        (0, 0, 1, 3, [0, 1, 2]),
        (0, 2, 1, 4, [2, 3, 0, 1]),
        (0, 1, 2, 1, []),
        (1, 1, 2, 1, [1]),
        (5, 3, 3, 7, [3, 0, 1]),
    ],
)
def test_the_columns_that_will_be_read(seen: int, column: int, every: int, samples: int, expected: list[int]) -> None:
    empty, lines = np.zeros((0, 0), np.float32), np.zeros(4, np.int32)
    state = TransferState(empty, empty, empty, lines, lines, np.array([seen, column, 0.0, 0.0]))
    settings = TransferSettings(*(every if name == "every" else 1 for name in TransferSettings._fields))
    assert reads_of(state, settings, samples).tolist() == expected
