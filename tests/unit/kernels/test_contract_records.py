"""The records that all parts of the contract share."""

from __future__ import annotations

import pytest

from ohmnia.kernels import Cells, UpdateLaw


@pytest.mark.parametrize("record", [Cells, UpdateLaw])
def test_records_are_frozen(record: type) -> None:
    made = record(*range(len(record._fields)))
    with pytest.raises(AttributeError):
        setattr(made, record._fields[0], 1)
