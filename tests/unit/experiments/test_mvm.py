"""The experiment on products with other technologies: what is not published is shown as missing, with its reason."""

from __future__ import annotations

import pytest

from ohmnia.experiments import EXPERIMENTS, Outcome
from ohmnia.experiments.mvm import mvm


@pytest.fixture(scope="module")
def wan() -> Outcome:
    return mvm("wan-2022", matrices=2, vectors=10, size=12, large=16)


def test_it_is_registered() -> None:
    assert EXPERIMENTS.get("mvm") is mvm


def test_ages_beyond_the_technology_are_missing_and_say_so(wan: Outcome) -> None:
    rows = {row.id: row for row in wan.rows}
    assert rows["mvm.rmse_10y"].simulated is None
    assert "Beyond what the technology publishes" in rows["mvm.rmse_10y"].reason
    assert rows["mvm.compensated_10y"].ok is None
    assert rows["mvm.rmse_1d"].simulated > rows["mvm.rmse_1s"].simulated > rows["mvm.rmse_prog"].simulated * 0.99


def test_a_procedure_without_acceptance_range_has_no_row_of_another(wan: Outcome) -> None:
    assert not [row.id for row in wan.rows if "coarse" in row.id]
    assert "wan2022" in wan.citations


def test_the_same_seed_gives_the_same_rows(wan: Outcome) -> None:
    again = mvm("wan-2022", matrices=2, vectors=10, size=12, large=16)
    assert again.rows == wan.rows
    assert mvm("wan-2022", seed=1, matrices=2, vectors=10, size=12, large=16).rows != wan.rows
