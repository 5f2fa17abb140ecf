"""ohmnia: an all-in-one analog AI accelerator, simulated. Learn on the chip, keep it for years, infer; one array state.

Importing is silent and light: a name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohmnia import analysis as analysis
    from ohmnia import array as array
    from ohmnia import device as device
    from ohmnia import experiments as experiments
    from ohmnia import kernels as kernels
    from ohmnia import lifecycle as lifecycle
    from ohmnia import measured as measured
    from ohmnia import nn as nn
    from ohmnia import random as random
    from ohmnia import training as training
    from ohmnia._citations import cite as cite
    from ohmnia._errors import ChipFileError as ChipFileError
    from ohmnia._errors import ConvergenceError as ConvergenceError
    from ohmnia._errors import InvalidValueError as InvalidValueError
    from ohmnia._errors import OhmniaError as OhmniaError
    from ohmnia._errors import OhmniaWarning as OhmniaWarning
    from ohmnia._errors import StateError as StateError
    from ohmnia._errors import TrainingWarning as TrainingWarning
    from ohmnia._errors import UnknownNameError as UnknownNameError
    from ohmnia.device import resolve as resolve
    from ohmnia.lifecycle import Chip as Chip
    from ohmnia.lifecycle import load_chip as load_chip
    from ohmnia.technology import technology as technology
    from ohmnia.training import AGAD as AGAD
    from ohmnia.training import SGD as SGD
    from ohmnia.training import AnalogOptimizer as AnalogOptimizer
    from ohmnia.training import ChoppedTTv2 as ChoppedTTv2
    from ohmnia.training import MixedPrecision as MixedPrecision
    from ohmnia.training import ResidualTiles as ResidualTiles
    from ohmnia.training import Rider as Rider
    from ohmnia.training import TikiTaka as TikiTaka
    from ohmnia.training import TTv2 as TTv2

__version__ = "0.1.0"

_WHERE = {
    "cite": "_citations",
    "ChipFileError": "_errors",
    "ConvergenceError": "_errors",
    "InvalidValueError": "_errors",
    "OhmniaError": "_errors",
    "OhmniaWarning": "_errors",
    "StateError": "_errors",
    "TrainingWarning": "_errors",
    "UnknownNameError": "_errors",
    "resolve": "device",
    "Chip": "lifecycle",
    "load_chip": "lifecycle",
    "AGAD": "training",
    "SGD": "training",
    "AnalogOptimizer": "training",
    "ChoppedTTv2": "training",
    "MixedPrecision": "training",
    "ResidualTiles": "training",
    "Rider": "training",
    "TikiTaka": "training",
    "TTv2": "training",
}
_SUBPACKAGES = (
    "random",
    "technology",
    "device",
    "kernels",
    "array",
    "nn",
    "training",
    "lifecycle",
    "analysis",
    "experiments",
    "measured",
)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"ohmnia.{_WHERE[name]}"), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f"ohmnia.{name}")
    raise AttributeError(f"module 'ohmnia' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE, *_SUBPACKAGES})
