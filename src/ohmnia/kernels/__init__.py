"""The hot loops: one contract, several members."""

from __future__ import annotations

from functools import cache

from ohmnia.kernels._contract import Cells as Cells
from ohmnia.kernels._contract import Keys as Keys
from ohmnia.kernels._contract import Member as Member
from ohmnia.kernels._contract import ReadPath as ReadPath
from ohmnia.kernels._contract import Trains as Trains
from ohmnia.kernels._contract import TransferKeys as TransferKeys
from ohmnia.kernels._contract import TransferSettings as TransferSettings
from ohmnia.kernels._contract import TransferState as TransferState
from ohmnia.kernels._contract import UpdateLaw as UpdateLaw
from ohmnia.kernels._contract import reads_of as reads_of
from ohmnia.kernels._contract_cells import PULSE_UNIT as PULSE_UNIT
from ohmnia.kernels._contract_cells import Acceptance as Acceptance
from ohmnia.kernels._contract_cells import ClosedLoop as ClosedLoop
from ohmnia.kernels._contract_cells import Targets as Targets
from ohmnia.kernels._contract_read import Converter as Converter
from ohmnia.kernels._contract_read import Converters as Converters
from ohmnia.kernels._contract_read import Reading as Reading
from ohmnia.kernels._threads import set_threads as set_threads
from ohmnia.kernels._threads import threads as threads

NAMES = ("cpu", "reference")


@cache
def member(name: str = "cpu") -> Member:
    """A kernel member by name: "cpu" (compiled) or "reference" (slow and obvious).

    Raises
    ------
    ValueError
        No member has this name.
    """
    if name == "cpu":
        from ohmnia.kernels._cpu import Cpu

        return Cpu()
    if name == "reference":
        from ohmnia.kernels._reference import Reference

        return Reference()
    raise ValueError(f"Unknown kernel member '{name}'. Known: {', '.join(NAMES)}.")
