"""The exact circuit of an array: wires, terminals and cells, solved by nodal analysis."""

from ohmnia.array.circuit.cells import AbstractCells as AbstractCells
from ohmnia.array.circuit.cells import CellCurrents as CellCurrents
from ohmnia.array.circuit.cells import HoppingCells as HoppingCells
from ohmnia.array.circuit.cells import OhmicCells as OhmicCells
from ohmnia.array.circuit.cells import TransistorCells as TransistorCells
from ohmnia.array.circuit.linear import Nodes as Nodes
from ohmnia.array.circuit.linear import effective_matrix as effective_matrix
from ohmnia.array.circuit.linear import solve as solve
from ohmnia.array.circuit.nonlinear import OperatingPoint as OperatingPoint
from ohmnia.array.circuit.nonlinear import solve_nonlinear as solve_nonlinear
from ohmnia.array.circuit.outer_product import Coincidence as Coincidence
from ohmnia.array.circuit.outer_product import OuterProduct as OuterProduct
from ohmnia.array.circuit.outer_product import bits as bits
from ohmnia.array.circuit.outer_product import outer_product as outer_product
from ohmnia.array.circuit.pairs import effective_pairs as effective_pairs
from ohmnia.array.circuit.pairs import effective_planes as effective_planes
from ohmnia.array.circuit.physical import Loop as Loop
from ohmnia.array.circuit.physical import PhysicalCells as PhysicalCells
from ohmnia.array.circuit.pulsing import pulse_shares as pulse_shares
from ohmnia.array.circuit.sent import SentTrains as SentTrains
from ohmnia.array.circuit.sent import sent_trains as sent_trains
from ohmnia.array.circuit.wires import Wires as Wires
from ohmnia.array.circuit.wires import named_wires as named_wires
from ohmnia.array.circuit.wiring import Wiring as Wiring
