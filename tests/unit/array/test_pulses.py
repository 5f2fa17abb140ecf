"""The user-facing record of the pulse trains."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ohmnia.array import PulseScheme
from ohmnia.kernels import Trains


@pytest.mark.parametrize(("update", "lengths"), [(True, False), (False, True)])
def test_the_scheme_becomes_what_the_kernels_take(update: bool, lengths: bool) -> None:
    scheme = PulseScheme(length=31, update_management=update, length_management=lengths)
    trains = scheme.trains(0.09)
    assert trains == Trains(granularity=0.09, length=31, update_management=int(update), length_management=int(lengths))
    assert [type(part) for part in trains] == [float, int, int, int]


def test_management_is_on_unless_switched_off() -> None:
    assert PulseScheme().trains(1.0)[2:] == (1, 1)


@pytest.mark.parametrize(
    "wrong", [{"length": 0}, {"length": 10001}, {"length": 2.5}, {"lenght": 5}, {"update_management": "perhaps"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PulseScheme.model_validate(wrong)


def test_the_scheme_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PulseScheme().length = 3
