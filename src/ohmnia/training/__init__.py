"""Learning rules and the optimizer that applies them."""

from ohmnia.training._abstract import AbstractRule as AbstractRule
from ohmnia.training._rules import RULES as RULES
from ohmnia.training.agad import AGAD as AGAD
from ohmnia.training.chopped_ttv2 import ChoppedTTv2 as ChoppedTTv2
from ohmnia.training.mixed_precision import MixedPrecision as MixedPrecision
from ohmnia.training.optimizer import AnalogOptimizer as AnalogOptimizer
from ohmnia.training.residual_tiles import ResidualTiles as ResidualTiles
from ohmnia.training.rider import Rider as Rider
from ohmnia.training.sgd import SGD as SGD
from ohmnia.training.tiki_taka import TikiTaka as TikiTaka
from ohmnia.training.ttv2 import TTv2 as TTv2
