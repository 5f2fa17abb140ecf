"""Arrays: tiles of cells with four verbs on one state, and the synapse that a layer sees."""

from ohmnia.array.circuit import Wires as Wires
from ohmnia.array.compensation import Compensation as Compensation
from ohmnia.array.condition import EDGES as EDGES
from ohmnia.array.condition import histogram as histogram
from ohmnia.array.condition import saturated_share as saturated_share
from ohmnia.array.condition import steps_from_symmetry as steps_from_symmetry
from ohmnia.array.mapping import Mapping as Mapping
from ohmnia.array.mapping import mapping as mapping
from ohmnia.array.periphery import Periphery as Periphery
from ohmnia.array.pulses import PulseScheme as PulseScheme
from ohmnia.array.reading import Term as Term
from ohmnia.array.records import Activity as Activity
from ohmnia.array.records import UpdateRequest as UpdateRequest
from ohmnia.array.synapse import SLOW as SLOW
from ohmnia.array.synapse import ArrayConfig as ArrayConfig
from ohmnia.array.synapse import Block as Block
from ohmnia.array.synapse import Synapse as Synapse
from ohmnia.array.tile import Tile as Tile
