"""From a cell's numbers to a law's record."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.device._parts import build, quantity
from ohmnia.technology import CellModel, Quantity


@dataclass(frozen=True)
class Law:
    hop_metres: float = quantity("hop", "m")
    hop_slope_si: float = quantity("hop_slope", "m**4")


def cell(**numbers: tuple[float, str]) -> CellModel:
    quantities = {
        name: Quantity(value=value, unit=of, source="galetta2025", locator="here", kind="tabulated")
        for name, (value, of) in numbers.items()
    }
    return CellModel(id="own", name="x", summary="x", citation="galetta2025", parts={"hops": quantities})


def test_units_become_si() -> None:
    assert build(Law, cell(hop=(3.0, "nm"), hop_slope=(2.0, "nm**4")), "hops") == Law(pytest.approx(3e-9), pytest.approx(2e-36))


@pytest.mark.parametrize(
    ("numbers", "kind", "text"),
    [
        ({"hop": (1.0, "nm")}, InvalidValueError, "'hop_slope' .unit m..4. is missing"),
        ({"hop": (1.0, "nm"), "hop_slope": (1.0, "V")}, InvalidValueError, "convertible to 'm"),
        ({"hop": (1.0, "nm"), "hop_slope": (1.0, "m**4"), "hopp": (1.0, "m")}, UnknownNameError, "'hopp'.*Did you mean 'hop'"),
    ],
)
def test_numbers_that_do_not_fit(numbers: dict[str, tuple[float, str]], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        build(Law, cell(**numbers), "hops")


def test_a_part_that_the_cell_does_not_have() -> None:
    with pytest.raises(UnknownNameError, match="'hop'.*'hops'"):
        build(Law, cell(), "hop")
