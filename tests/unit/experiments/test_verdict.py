"""Verdicts: against a published number, against a limit, or none."""

from __future__ import annotations

import pytest
import torch

from ohmnia.experiments._verdict import Estimate, Limit, Shown, Within
from ohmnia.technology import Quantity

FOUND = Quantity(value=50.0, unit="uS", source="falcone2025", locator="Fig. 3", kind="tabulated")


@pytest.mark.parametrize(("value", "ok"), [(52e-6, True), (47.6e-6, True), (56e-6, False), (44e-6, False), (None, False)])
def test_within_a_fraction_of_the_published_number(value: float | None, ok: bool) -> None:
    verdict = Within(0.1).verdict(Estimate(value), FOUND)
    assert verdict.ok is ok
    assert verdict.tolerance == pytest.approx(5e-6)
    assert verdict.criterion == "within 10 %"


def test_without_a_published_number_there_is_no_verdict() -> None:
    verdict = Within(0.1).verdict(Estimate(1.0), None)
    assert verdict.ok is None
    assert "no published number" in verdict.reason


@pytest.mark.parametrize(("value", "ok"), [(1.0e-6, True), (0.9e-6, False), (3.1e-6, False), (None, False)])
def test_limits(value: float | None, ok: bool) -> None:
    verdict = Limit(at_least=1e-6, at_most=3e-6).verdict(Estimate(value, unit="uS"), None)
    assert verdict.ok is ok
    assert verdict.criterion == "at least 1, at most 3"


def test_shown_needs_no_number() -> None:
    assert Shown("no voltage is published").verdict(Estimate(None), FOUND) == (None, None, "", "no voltage is published")


def test_an_estimate_is_the_mean_and_its_standard_error() -> None:
    found = Estimate.of_mean(torch.tensor([1.0, 3.0], dtype=torch.float64))
    assert (found.value, found.error) == (2.0, pytest.approx(1.0))
    assert Estimate.of_mean(torch.tensor([2.0])).error is None
