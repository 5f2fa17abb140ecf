"""The read path's own records."""

from __future__ import annotations

import pytest

from ohmnia.kernels import Converter, Converters, Member, Reading
from ohmnia.kernels._contract_read import Reads


def test_the_read_path_is_part_of_the_contract() -> None:
    assert Reads in Member.__mro__


@pytest.mark.parametrize("record", [Converter, Converters, Reading])
def test_records_are_frozen(record: type) -> None:
    made = record(*range(len(record._fields)))
    with pytest.raises(AttributeError):
        setattr(made, record._fields[0], 1)
