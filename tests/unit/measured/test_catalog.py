"""Measured curves: SI units, completeness, agreement with the fits that were published beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.measured import _catalog, catalog, curve, curve_of
from ohmnia.technology import published

CURVES = Path(_catalog.__file__).parent / "curves"
ENTRY = """
[mine]
file = "mine.csv"
title = "t"
source = "falcone2025"
locator = "Fig. 1"
kind = "digitised"
licence = "mine"
units = { age = "ms", sigma = "uS" }
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Replaces the packaged catalog by one entry and one file."""
    (tmp_path / "curves").mkdir()
    monkeypatch.setattr(_catalog, "_HERE", tmp_path)

    def write(rows: str, entry: str = ENTRY) -> None:
        (tmp_path / "catalog.toml").write_text(entry)
        (tmp_path / "curves" / "mine.csv").write_text(rows)

    return write


def test_every_file_is_in_the_catalog_and_every_entry_has_its_file() -> None:
    files = [_catalog.read_toml(CURVES.parent / "catalog.toml")[name]["file"] for name in catalog()]
    assert sorted(files) == sorted(path.name for path in CURVES.iterdir())
    assert catalog() == sorted(catalog())


def test_programming_curve_in_siemens() -> None:
    columns = curve("falcone2025-programming").columns
    assert set(columns) == {"target", "sigma_range_2", "sigma_range_0.2"}
    assert [len(values) for values in columns.values()] == [35, 35, 35]
    assert columns["target"][0] == pytest.approx(9.0e-6)
    assert columns["target"][-1] == pytest.approx(88.2e-6)
    assert columns["sigma_range_2"][18] == pytest.approx(0.645e-6)
    assert columns["sigma_range_0.2"][18] == pytest.approx(52.1e-9)


def test_levels_rise_by_the_published_mean_spacing() -> None:
    target = curve("falcone2025-programming").columns["target"]
    gaps = [high - low for low, high in pairwise(target)]
    assert min(gaps) > 0
    # 2.33 uS, rounded to its last digit.
    assert sum(gaps) / len(gaps) == pytest.approx(2.33e-6, abs=0.005e-6)


@pytest.mark.parametrize(
    ("column", "offset", "slope"),
    [("sigma_range_0.2", 0.00081107e-6, 0.00106879), ("sigma_range_2", 0.0112185391e-6, 0.01129027418)],
)
def test_programming_curve_scatters_about_the_authors_fit(column: str, offset: float, slope: float) -> None:
    columns = curve("falcone2025-programming").columns
    ratios = [math.log(y / (offset + slope * g)) for g, y in zip(columns["target"], columns[column], strict=True)]
    # Each point is the deviation of 32 cells: 1 / sqrt(64) = 12.5 % for normal errors; digitising adds 2 %.
    assert abs(sum(ratios) / 35) < 4.5 * 0.127 / math.sqrt(35)
    assert math.sqrt(sum(r * r for r in ratios) / 35) < 0.127 * 1.5


def test_retention_curve_in_seconds_and_siemens() -> None:
    columns = curve("falcone2025-retention").columns
    assert columns["age"] == pytest.approx((1, 3600, 86400, 2 * 86400, 7 * 86400))
    assert columns["mean"][0] == pytest.approx(49.76e-6)
    assert columns["sigma"][-1] == pytest.approx(1.057e-6)
    assert list(columns["mean"]) == sorted(columns["mean"], reverse=True)
    assert list(columns["sigma"]) == sorted(columns["sigma"])


@pytest.mark.parametrize("name", catalog())
def test_columns_are_finite_and_equally_long(name: str) -> None:
    columns = curve(name).columns
    assert len({len(values) for values in columns.values()}) == 1
    assert all(math.isfinite(value) for values in columns.values() for value in values)


def test_unknown_curve_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"measured curve 'falcone2025-retenion'.*Did you mean 'falcone2025-retention'"):
        curve("falcone2025-retenion")


def test_every_column_is_converted_by_its_own_unit(own: Callable[[str, str], None]) -> None:
    own("sigma,age\n2,500\n3,1500\n", ENTRY)
    columns = curve("mine").columns
    assert columns["age"] == pytest.approx((0.5, 1.5))
    assert columns["sigma"] == pytest.approx((2e-6, 3e-6))


@pytest.mark.parametrize(
    "rows", ["", "age,sigma\n", "age,sigmas\n1,2\n", "age\n1\n", "age,sigma,mean\n1,2,3\n", "age,sigma\n1,2,3\n"]
)
def test_columns_other_than_the_catalogs_are_refused(own: Callable[[str, str], None], rows: str) -> None:
    own(rows, ENTRY)
    with pytest.raises(InvalidValueError, match=r"mine.csv: its columns must be \['age', 'sigma'\]"):
        curve("mine")


@pytest.mark.parametrize("rows", ["age,sigma\n1,2\n3\n", "age,sigma\n1,two\n", "age,sigma\n1,2\n3,4,5\n4,nan\n"])
def test_a_cell_that_is_no_number_is_refused_with_its_file(own: Callable[[str, str], None], rows: str) -> None:
    own(rows, ENTRY)
    with pytest.raises(InvalidValueError, match=r"mine\.csv"):
        curve("mine")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('licence = "mine"', "", "'licence'"),
        ('kind = "digitised"', 'kind = "guessed"', "'kind'"),
        ('units = { age = "ms", sigma = "uS" }', "units = {}", "'units'"),
    ],
)
def test_an_incomplete_entry_is_refused_by_name(own: Callable[[str, str], None], old: str, new: str, words: str) -> None:
    own("age,sigma\n1,2\n", ENTRY.replace(old, new))
    with pytest.raises(InvalidValueError, match=rf"catalog.toml, \[mine\].*{words}"):
        curve("mine")


def test_an_unknown_unit_in_the_catalog_is_refused(own: Callable[[str, str], None]) -> None:
    own("age,sigma\n1,2\n", ENTRY.replace('"uS"', '"uSS"'))
    with pytest.raises(InvalidValueError, match="Unit 'uSS' is not known"):
        curve("mine")


def test_a_curve_belongs_to_the_technology_whose_cells_were_measured(own: Callable[[str, str], None]) -> None:
    own("age,sigma\n1,2\n", ENTRY + 'technology = "mine"\n')
    assert curve_of("mine", "mine") == curve("mine")
    assert curve_of("mine", "another") is None


def test_curves_name_technologies_that_exist() -> None:
    assert {curve(name).technology for name in catalog()} <= {"", *published()}
