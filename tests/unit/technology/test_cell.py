"""Cells as data: every number has unit, source and locator, and unknown names are answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmnia._citations import known_keys
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia._units import to_si
from ohmnia.technology import cell_model, cell_models


@pytest.mark.parametrize("name", sorted(cell_models()))
def test_every_number_says_where_it_comes_from(name: str) -> None:
    model = cell_model(name)
    assert set(model.citations()) <= set(known_keys())
    for path, quantity in model.quantities():
        to_si(1.0, quantity.unit)
        assert len(quantity.locator) > 3, path
        assert quantity.kind != "assumed" or len(quantity.reason) > 20, path
    assert cell_models()[name].stem.startswith(model.citation)


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'cmo-hfox-compact'"):
        cell_model("cmo-hfox-compct")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('id = "own"\nname = "x"\nsummary = "x"\ncitation = "galetta2025"\n[parts.compact]\n')
    assert cell_model(file).parts == {"compact": {}}
    file.write_text('id = "own"\nname = "x"\nsummary = "x"\ncitation = 3\n[parts.compact]\n')
    with pytest.raises(InvalidValueError, match="own.toml: 'citation'"):
        cell_model(str(file))
