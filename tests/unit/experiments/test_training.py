"""The quick form of the training experiment."""

from __future__ import annotations

import pytest

import ohmnia
from ohmnia.experiments.training import improved, training
from ohmnia.technology import Technology


def test_trains_every_device_and_compares(technology: Technology) -> None:
    outcome = training(technology, seeds=1, epochs=2, hidden=8)
    rows = {row.id.removeprefix("training."): row for row in outcome.rows}
    assert set(rows) == {"float", "published_device", "noise_20", "states_100", "skew_50", "below_float"}
    for name in ("float", "published_device", "noise_20", "states_100", "skew_50"):
        # Ten classes: a network that learned nothing has 10 %.
        assert 15.0 < (rows[name].simulated or 0.0) <= 100.0
    gap = rows["float"].simulated - rows["published_device"].simulated
    assert rows["below_float"].simulated == pytest.approx(gap)
    assert rows["below_float"].ok is (gap <= 1.0)
    assert len({rows[name].simulated for name in ("published_device", "noise_20", "states_100", "skew_50")}) > 1
    assert outcome.plots[0].draw().axes


@pytest.mark.parametrize(("quantity", "value"), [("states", 100.0), ("noise_to_signal", 20.0), ("symmetry_skew", 50.0)])
def test_an_improved_device_differs_in_one_quantity(technology: Technology, quantity: str, value: float) -> None:
    other = improved(technology, quantity, value)
    changed = [path for (path, a), (_, b) in zip(technology.quantities(), other.quantities(), strict=True) if a.value != b.value]
    assert changed == [f"laws.update.{quantity}"]
    assert other.laws.update.quantities[quantity].value == value
    update, before = ohmnia.resolve(other).update, ohmnia.resolve(technology).update
    if quantity == "noise_to_signal":
        assert update.noise_to_signal_spread == pytest.approx(before.noise_to_signal_spread * 20 / 90)
    else:
        assert update.noise_to_signal_spread == before.noise_to_signal_spread
