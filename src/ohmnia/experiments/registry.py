"""The experiments by name, in the order of the paper."""

from __future__ import annotations

from collections.abc import Callable

from ohmnia._registry import Registry
from ohmnia.experiments._outcome import Outcome
from ohmnia.experiments.cycling import cycling
from ohmnia.experiments.forming import forming
from ohmnia.experiments.mvm import mvm
from ohmnia.experiments.relaxation import relaxation
from ohmnia.experiments.switching import switching
from ohmnia.experiments.technologies import technologies
from ohmnia.experiments.training import training
from ohmnia.experiments.weight_programming import weight_programming
from ohmnia.experiments.weight_transfer import weight_transfer

# Each takes (technology, seed, **sizes) and runs at the paper's size by default.
EXPERIMENTS: Registry[Callable[..., Outcome]] = Registry(
    "experiment",
    {
        "forming": forming,
        "cycling": cycling,
        "weight-transfer": weight_transfer,
        "relaxation": relaxation,
        "mvm": mvm,
        "technologies": technologies,
        "switching": switching,
        "training": training,
        "weight-programming": weight_programming,
    },
)
