"""The records that all parts of the contract share."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.kernel_member import TABLES
from ohmnia._errors import InvalidValueError
from ohmnia.kernels import Cells, UpdateLaw
from ohmnia.kernels._contract_records import NO_TABLES, check_law, check_soft_bounds


@pytest.mark.parametrize("record", [Cells, UpdateLaw])
def test_records_are_frozen(record: type) -> None:
    made = record(*range(len(record._fields)))
    with pytest.raises(AttributeError):
        setattr(made, record._fields[0], 1)


def test_known_laws_pass() -> None:
    for law in (UpdateLaw(0, 1, 1.0, 1.0), UpdateLaw(0, 1, 2.0, 1.0, NO_TABLES.copy()), UpdateLaw(1, 0, 1.0, 1.0, TABLES)):
        check_law(law)


@pytest.mark.parametrize(
    ("code", "tables", "words"),
    [
        (2, NO_TABLES, "law.code = 2"),
        (0, TABLES, "code 0"),
        (1, NO_TABLES, "code 1"),
        (1, TABLES[:, :1], "valid: float32"),
        (1, TABLES.astype(np.float64), "float64"),
        (1, TABLES[:, ::2], "contiguous"),
        (1, np.ones((3, 4), np.float32), "3, 4"),
    ],
    ids=str,
)
def test_a_law_whose_tables_are_not_its_own_is_refused(code: int, tables: np.ndarray, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        check_law(UpdateLaw(code, 1, 1.0, 1.0, tables))


def test_a_member_without_tables_says_where_they_run() -> None:
    check_soft_bounds(UpdateLaw(0, 1, 1.0, 1.0))
    with pytest.raises(InvalidValueError, match="members 'cpu' and 'reference'"):
        check_soft_bounds(UpdateLaw(1, 1, 1.0, 1.0, TABLES))
