"""How a cell conducts: current laws of a programmed cell and of its access transistor."""

from ohmnia.device.conduction.hyperbolic_sine import HyperbolicSine as HyperbolicSine
from ohmnia.device.conduction.square_law import SquareLawTransistor as SquareLawTransistor
