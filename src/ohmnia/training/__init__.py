"""Learning rules and the optimizer that applies them."""

from ohmnia._registry import Registry
from ohmnia.training._abstract import AbstractRule as AbstractRule
from ohmnia.training.agad import AGAD as AGAD
from ohmnia.training.optimizer import AnalogOptimizer as AnalogOptimizer
from ohmnia.training.sgd import SGD as SGD

RULES: Registry[type[AbstractRule]] = Registry("learning rule", {"agad": AGAD, "sgd": SGD})
