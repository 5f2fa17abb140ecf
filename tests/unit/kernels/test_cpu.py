"""The compiled member: the contract."""

from __future__ import annotations

from contracts.kernel_member import KernelMemberContract
from ohmnia.kernels._cpu import Cpu
from ohmnia.kernels._rows import DENSE, HITS


class TestCpu(KernelMemberContract):
    own = Cpu()


class TestDense(KernelMemberContract):
    own = Cpu(DENSE)


class TestHits(KernelMemberContract):
    own = Cpu(HITS)
