"""Every learning rule by name."""

from ohmnia._registry import Registry
from ohmnia.training._abstract import AbstractRule
from ohmnia.training.agad import AGAD
from ohmnia.training.chopped_ttv2 import ChoppedTTv2
from ohmnia.training.mixed_precision import MixedPrecision
from ohmnia.training.residual_tiles import ResidualTiles
from ohmnia.training.rider import Rider
from ohmnia.training.sgd import SGD
from ohmnia.training.tiki_taka import TikiTaka
from ohmnia.training.ttv2 import TTv2

RULES: Registry[type[AbstractRule]] = Registry(
    "learning rule",
    {
        "agad": AGAD,
        "chopped-ttv2": ChoppedTTv2,
        "mixed-precision": MixedPrecision,
        "residual-tiles": ResidualTiles,
        "rider": Rider,
        "sgd": SGD,
        "tiki-taka": TikiTaka,
        "ttv2": TTv2,
    },
)
