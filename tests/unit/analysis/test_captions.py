"""Words under the figures: they say what is drawn, and whose numbers stand beside it."""

from __future__ import annotations

from ohmnia.analysis import _captions
from ohmnia.lifecycle import Results
from ohmnia.measured import Curve
from ohmnia.technology import Technology


def test_captions_name_the_source_of_published_points(
    results: Results, levels: Curve, relaxed: Curve, technology: Technology
) -> None:
    programming, retention = (
        _captions.programming(results, levels, technology),
        _captions.retention(results, relaxed, technology),
    )
    for words, curve in ((programming, levels), (retention, relaxed)):
        assert curve.source in words.caption
        assert words.alt
        assert words.title


def test_without_published_points_nothing_published_is_claimed(results: Results, technology: Technology) -> None:
    for words in (_captions.programming(results, None, technology), _captions.retention(results, None, technology)):
        assert "falcone" not in words.caption.lower()


def test_the_network_and_the_task_are_named(results: Results) -> None:
    assert _captions.network(results).startswith("64-")
    assert "25" in _captions.changed_task(results)
