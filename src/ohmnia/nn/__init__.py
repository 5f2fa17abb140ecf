"""Layers on arrays, and the conversion of torch networks."""

from ohmnia.nn.convert import analog_layers as analog_layers
from ohmnia.nn.convert import convert as convert
from ohmnia.nn.functional import analog_product as analog_product
from ohmnia.nn.linear import AnalogLinear as AnalogLinear
