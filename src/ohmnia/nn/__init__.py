"""Layers on arrays, and the conversion of torch networks."""

from ohmnia.nn._abstract import AbstractComposite as AbstractComposite
from ohmnia.nn._choice import check_patterns as check_patterns
from ohmnia.nn._choice import chosen as chosen
from ohmnia.nn.backpropagation import Backpropagation as Backpropagation
from ohmnia.nn.conv import AnalogConv as AnalogConv
from ohmnia.nn.conv import ConvSettings as ConvSettings
from ohmnia.nn.convert import COMPOSITES as COMPOSITES
from ohmnia.nn.convert import analog_layers as analog_layers
from ohmnia.nn.convert import convert as convert
from ohmnia.nn.convert import to_digital as to_digital
from ohmnia.nn.functional import analog_product as analog_product
from ohmnia.nn.linear import AnalogLinear as AnalogLinear
from ohmnia.nn.linear import Matrix as Matrix
from ohmnia.nn.recurrent import AnalogRecurrent as AnalogRecurrent
from ohmnia.nn.recurrent import RecurrentSettings as RecurrentSettings
