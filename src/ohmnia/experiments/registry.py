"""The experiments by name, in the order of the paper."""

from __future__ import annotations

from collections.abc import Callable

from ohmnia._registry import Registry
from ohmnia.experiments._outcome import Outcome
from ohmnia.experiments.cycling import cycling
from ohmnia.experiments.forming import forming
from ohmnia.experiments.mvm import mvm
from ohmnia.experiments.technologies import technologies
from ohmnia.experiments.training import training

# Each takes (technology, seed, **sizes) and runs at the paper's size by default.
EXPERIMENTS: Registry[Callable[..., Outcome]] = Registry(
    "experiment",
    {
        "forming": forming,
        "cycling": cycling,
        "mvm": mvm,
        "technologies": technologies,
        "training": training,
    },
)
