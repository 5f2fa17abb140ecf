"""The experiments by name."""

from __future__ import annotations

import inspect

from ohmnia.experiments import EXPERIMENTS


def test_every_experiment_takes_a_technology_and_a_seed_first_and_has_default_sizes() -> None:
    for name in EXPERIMENTS:
        parameters = list(inspect.signature(EXPERIMENTS.get(name)).parameters.values())
        assert [parameter.name for parameter in parameters[:2]] == ["technology", "seed"], name
        assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters), name
