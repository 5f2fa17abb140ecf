"""Colours, ticks of time, labels that keep their distance."""

from __future__ import annotations

import numpy as np
import pytest

from ohmnia.analysis._style import DARK_PALETTE, PALETTE, spread_apart, time_ticks


def test_palettes_have_the_same_names_and_distinct_colours() -> None:
    assert PALETTE.keys() == DARK_PALETTE.keys()
    assert len(set(PALETTE.values())) == len(PALETTE)


def test_time_ticks_keep_their_distance() -> None:
    assert [name for _, name in time_ticks(1.0, 315576000.0, 0.23)] == ["1 s", "1 h", "1 mo", "10 y"]
    assert time_ticks(1800.0, 7200.0) == [(1800.0, "30 min"), (7200.0, "2 h")]


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5], [0.9, 0.1, 0.12, 0.11], [0.2, 0.25, 0.31, 0.8]])
def test_spread_labels_keep_gap_order_and_centre(values: list[float]) -> None:
    places = spread_apart(values, 0.1)
    assert np.argsort(places, kind="stable").tolist() == np.argsort(values, kind="stable").tolist()
    assert np.diff(np.sort(places)).min(initial=1.0) >= 0.1 - 1e-12
    assert np.mean(places) == pytest.approx(np.mean(values))
