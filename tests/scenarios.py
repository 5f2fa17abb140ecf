"""Short scenarios for tests."""

from __future__ import annotations

from ohmnia.lifecycle import Scenario
from ohmnia.lifecycle.scenario import Learn, Network, Programming, Relearn


def small_scenario(seed: int = 0, **changes: object) -> Scenario:
    """The built-in scenario cut short: few epochs, few cells."""
    parts: dict[str, object] = {
        "seed": seed,
        "network": Network(hidden=(16,)),
        "learn": Learn(epochs=3, batch_size=40),
        "relearn": Relearn(epochs=2, batch_size=40),
        "programming": Programming(levels=5, cells_per_level=10, cells_at_50_microsiemens=100),
    }
    return Scenario.model_validate(parts | changes)
