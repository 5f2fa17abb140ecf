"""Experiments of the CMO/HfOx paper, and their like, on any technology: published beside simulated."""

from ohmnia.experiments._outcome import Outcome as Outcome
from ohmnia.experiments._outcome import Plot as Plot
from ohmnia.experiments._outcome import Row as Row
from ohmnia.experiments.registry import EXPERIMENTS as EXPERIMENTS
from ohmnia.experiments.reproduce import Reproduction as Reproduction
from ohmnia.experiments.reproduce import reproduce as reproduce
