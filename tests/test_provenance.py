"""Every number of a published technology and every measured curve says where it comes from."""

from __future__ import annotations

import pytest

import ohmnia
from ohmnia._citations import known_keys
from ohmnia._units import to_si
from ohmnia.measured import catalog, curve
from ohmnia.technology import published, technology


@pytest.mark.parametrize("name", sorted(published()))
def test_every_number_has_unit_source_and_locator(name: str) -> None:
    for path, quantity in technology(name).quantities():
        assert quantity.unit, path
        to_si(1.0, quantity.unit)
        for record in filter(None, (quantity, quantity.spread)):
            assert record.source in known_keys(), path
            assert len(record.locator) > 3, path
            assert record.kind != "assumed" or len(record.reason) > 20, path


@pytest.mark.parametrize("name", sorted(published()))
def test_file_name_carries_paper_and_device(name: str) -> None:
    path = published()[name]
    assert path.stem.startswith(technology(name).citation)


@pytest.mark.parametrize("name", catalog())
def test_measured_curves_have_source_and_licence(name: str) -> None:
    data = curve(name)
    assert data.source in known_keys()
    assert data.licence
    assert len({len(values) for values in data.columns.values()}) == 1


def test_published_figures_of_merit_stand_in_the_file() -> None:
    laws = ohmnia.technology("cmo-hfox").laws
    values = {
        name: laws.update.quantities[name].value for name in ("states", "symmetry_skew", "noise_to_signal", "g_low", "g_high")
    }
    assert values == {"states": 22, "symmetry_skew": 61, "noise_to_signal": 90, "g_low": 10, "g_high": 95}
    window = ohmnia.technology("cmo-hfox").window
    assert (window.g_min.value, window.g_max.value) == (9.0, 88.2)
