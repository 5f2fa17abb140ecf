"""A kernel member over tensors, dressed as one over numpy arrays: inputs go to the device, and what changed comes back."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

import numpy as np
import pytest
import torch

from ohmnia.kernels import Reading


def triton_device() -> str:
    """Where Triton's kernels run: a GPU, or the CPU by its interpreter; skips the module where triton is not installed."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed: pip install 'ohmnia[gpu]'", allow_module_level=True)
    if torch.cuda.is_available():
        return "cuda"
    if "triton" not in sys.modules:
        os.environ["TRITON_INTERPRET"] = "1"
    if os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("no GPU, and triton was loaded before it could be set to interpret", allow_module_level=True)
    return "cpu"


class OnDevice:
    """Calls any verb of a tensor member with numpy arrays."""

    def __init__(self, kernel: Any, device: str) -> None:
        self.kernel, self.device = kernel, device

    def __getattr__(self, verb: str) -> Any:
        call = getattr(self.kernel, verb)

        def run(*arguments: Any) -> Any:
            seen: dict[int, tuple[np.ndarray, torch.Tensor]] = {}
            result = call(*(self._there(argument, seen) for argument in arguments))
            for array, tensor in seen.values():
                if array.flags.writeable:
                    array[...] = tensor.cpu().numpy()
            return _back(result)

        return run

    def _there(self, value: Any, seen: dict[int, tuple[np.ndarray, torch.Tensor]]) -> Any:
        if isinstance(value, np.ndarray):
            if id(value) not in seen:
                own = value if value.flags.writeable else value.copy()
                seen[id(value)] = value, torch.from_numpy(own).to(self.device)
            return seen[id(value)][1]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(self._there(part, seen) for part in value))
        if isinstance(value, list):
            return [self._there(part, seen) for part in value]
        return value


def _back(value: Any) -> Any:
    """What came back, as the contract has it: a tensor member only marks a read of what is not finite."""
    if isinstance(value, Reading) and not bool(value.finite):
        return Reading(np.empty((0, 0), np.float32), 0, 0, False)
    if isinstance(value, torch.Tensor):
        return value.item() if value.ndim == 0 else value.cpu().numpy()
    if isinstance(value, tuple):
        parts = [_back(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value
