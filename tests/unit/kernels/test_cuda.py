"""The Triton member: the contract, on a GPU, or on a CPU by Triton's interpreter where TRITON_INTERPRET=1."""

from __future__ import annotations

import importlib.util
import os

import pytest
import torch

from contracts.kernel_cells import KernelCellsContract
from contracts.kernel_member import KernelMemberContract
from contracts.kernel_read import KernelReadContract
from contracts.on_device import OnDevice

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if importlib.util.find_spec("triton") is None:
    pytest.skip("triton is not installed: pip install 'ohmnia[gpu]'", allow_module_level=True)
if not INTERPRETED and not torch.cuda.is_available():
    pytest.skip("no GPU: set TRITON_INTERPRET=1 to run Triton's kernels on the CPU", allow_module_level=True)

from ohmnia.kernels._cuda import Cuda  # noqa: E402

DEVICE = "cpu" if INTERPRETED else "cuda"


class TestCells(KernelCellsContract):
    own = OnDevice(Cuda(), DEVICE)  # pyright: ignore[reportAssignmentType]


class TestReads(KernelReadContract):
    own = OnDevice(Cuda(), DEVICE)  # pyright: ignore[reportAssignmentType]


class TestCuda(KernelMemberContract):
    own = OnDevice(Cuda(block=8), DEVICE)  # pyright: ignore[reportAssignmentType]
