"""The hot loops: one contract, several members."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import cache

from ohmnia._errors import StateError
from ohmnia.kernels._compact import CompactLaw as CompactLaw
from ohmnia.kernels._compact import integrate as integrate
from ohmnia.kernels._compact import static as static
from ohmnia.kernels._contract import Cells as Cells
from ohmnia.kernels._contract import Keys as Keys
from ohmnia.kernels._contract import Member as Member
from ohmnia.kernels._contract import ReadPath as ReadPath
from ohmnia.kernels._contract import Trains as Trains
from ohmnia.kernels._contract import Transfer as Transfer
from ohmnia.kernels._contract import TransferKeys as TransferKeys
from ohmnia.kernels._contract import TransferSettings as TransferSettings
from ohmnia.kernels._contract import TransferState as TransferState
from ohmnia.kernels._contract import UpdateLaw as UpdateLaw
from ohmnia.kernels._contract import reads_of as reads_of
from ohmnia.kernels._contract_cells import PULSE_UNIT as PULSE_UNIT
from ohmnia.kernels._contract_cells import Acceptance as Acceptance
from ohmnia.kernels._contract_cells import ClosedLoop as ClosedLoop
from ohmnia.kernels._contract_cells import Targets as Targets
from ohmnia.kernels._contract_network import BAD_GRADIENTS as BAD_GRADIENTS
from ohmnia.kernels._contract_network import BAD_INPUTS as BAD_INPUTS
from ohmnia.kernels._contract_network import BAD_LABEL as BAD_LABEL
from ohmnia.kernels._contract_network import CROSS_ENTROPY as CROSS_ENTROPY
from ohmnia.kernels._contract_network import FINE as FINE
from ohmnia.kernels._contract_network import IDENTITY as IDENTITY
from ohmnia.kernels._contract_network import LAYER as LAYER
from ohmnia.kernels._contract_network import READ as READ
from ohmnia.kernels._contract_network import RELU as RELU
from ohmnia.kernels._contract_network import SIGMOID as SIGMOID
from ohmnia.kernels._contract_network import SQUARED_ERROR as SQUARED_ERROR
from ohmnia.kernels._contract_network import TANH as TANH
from ohmnia.kernels._contract_read import Converter as Converter
from ohmnia.kernels._contract_read import Converters as Converters
from ohmnia.kernels._contract_read import Reading as Reading
from ohmnia.kernels._threads import set_threads as set_threads
from ohmnia.kernels._threads import threads as threads

NAMES = ("cpu", "reference")


@cache
def member(name: str = "cpu") -> Member:
    """A kernel member by name: "cpu" (compiled), "reference" (slow and obvious) or "cuda" (Triton, on a GPU).

    "cuda" is the contract with torch tensors on the GPU in place of numpy arrays, counts included; tiles do not use it yet.

    Raises
    ------
    ValueError
        No member has this name.
    StateError
        "cuda" without triton, or without a GPU that torch can use.
    """
    if name == "cpu":
        from ohmnia.kernels._cpu import Cpu

        return Cpu()
    if name == "reference":
        from ohmnia.kernels._reference import Reference

        return Reference()
    if name == "cuda":
        return _triton_member()
    raise ValueError(f"Unknown kernel member '{name}'. Known: {', '.join(NAMES)}, cuda.")


@cache
def network() -> Callable[..., tuple[float, int, int]]:
    """The compiled pass through a chain of layers, `ohmnia.kernels._network.run_network`."""
    from ohmnia.kernels._network import run_network

    return run_network


def _triton_member() -> Member:
    """The Triton member, where everything that it needs is there."""
    if importlib.util.find_spec("triton") is None:
        raise StateError("The kernel member 'cuda' needs triton, which is not installed: pip install 'ohmnia[gpu]'.")
    import torch

    if not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1":
        raise StateError(
            "The kernel member 'cuda' needs a GPU, and torch finds none; with TRITON_INTERPRET=1 its kernels run on CPU tensors, "
            "slowly."
        )
    from ohmnia.kernels._cuda import Cuda

    return Cuda()
