"""The life of a chip: clock, files, stages, and the run that goes through all of them."""

from ohmnia.lifecycle.chip import Chip as Chip
from ohmnia.lifecycle.chip import load_chip as load_chip
from ohmnia.lifecycle.curves import Curves as Curves
from ohmnia.lifecycle.curves import LearningCurves as LearningCurves
from ohmnia.lifecycle.curves import read_curves as read_curves
from ohmnia.lifecycle.record import Results as Results
from ohmnia.lifecycle.run import Observer as Observer
from ohmnia.lifecycle.run import Run as Run
from ohmnia.lifecycle.run import leftovers as leftovers
from ohmnia.lifecycle.scenario import Scenario as Scenario
from ohmnia.lifecycle.scenario import citations as citations
from ohmnia.lifecycle.scenario import load_scenario as load_scenario
from ohmnia.lifecycle.tensorboard import TensorBoard as TensorBoard
