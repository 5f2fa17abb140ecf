"""The physical cell: electrons that hop, ions that drift, and heat."""

from ohmnia.device.compact.hopping_cell import HoppingCell as HoppingCell
from ohmnia.device.compact.hopping_cell import Static as Static
from ohmnia.device.compact.kinetics import switching_seconds as switching_seconds
