r"""The error that a published programming procedure leaves, drawn at once.

    G = G_t + sigma(G_t) xi,   sigma(G_t) = sum_i c_i (G_t / G_ref)**i,   G not below 1 nS

======== ============================================== =====
symbol   meaning                                        unit
======== ============================================== =====
G, G_t   conductance and its target                     S
G_ref    conductance of the relative level 1            S
c        coefficients, lowest power first               S
xi       standard normal, one for each cell             1
======== ============================================== =====

For technologies that publish the final error and not the pulses that led to it: the number of pulses is not part of the
law, and one pulse and one read are counted for each cell. There is no acceptance range to choose.

References
----------
Form: Nandakumar et al., ICECS (2019), doi 10.1109/ICECS46596.2019.8964852. Limits: Gaussian; targets up to G_ref; near
zero conductance the floor cuts the lower tail off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import out_of_range, require
from ohmnia.device.level_polynomial import polynomial, relative_level, require_deviation
from ohmnia.device.programming._abstract import AbstractProgrammingLaw, ProgramResult
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.random import Stream, normal

_FLOOR_SIEMENS = 1e-9


@final
@dataclass(frozen=True, slots=True)
class PolynomialError(AbstractProgrammingLaw):
    """Coefficients of the law.

    Parameters
    ----------
    reference_siemens
        G_ref.
    coefficients_siemens
        c.
    """

    reference_siemens: float
    coefficients_siemens: tuple[float, ...]

    needs_pulses: ClassVar[bool] = False
    acceptance_range: ClassVar[None] = None

    def __post_init__(self) -> None:
        require(self.reference_siemens > 0, "reference", self.reference_siemens, "a positive conductance")
        require_deviation(self.coefficients_siemens, "coefficients")

    def sigma(self, target: Float[Tensor, " cells"]) -> Float64[Tensor, " cells"]:
        """Standard deviation of the error, siemens."""
        return polynomial(self.coefficients_siemens, relative_level(target, self.reference_siemens))

    def program(
        self,
        conductance: Float[Tensor, " cells"],
        target: Float[Tensor, " cells"],
        parameters: Float[Tensor, "parameters cells"],
        acceptance: float | None,
        update: AbstractUpdateLaw,
        stream: Stream,
    ) -> ProgramResult:
        """Put every cell at its target, with the published error.

        Raises
        ------
        InvalidValueError
            An acceptance range was asked for, or a target lies outside 0 to G_ref.
        """
        if acceptance is not None:
            fix = "Leave it out: the law 'polynomial-error' samples the error of one published procedure."
            raise out_of_range("acceptance range", acceptance, "none", fix)
        self._check(target)
        goal = target.double()
        g = goal + self.sigma(goal) * normal(stream, torch.arange(len(goal)))
        once = torch.ones(len(goal), dtype=torch.int64)
        failed = torch.zeros(len(goal), dtype=torch.bool)
        return ProgramResult(g.clamp(min=_FLOOR_SIEMENS).to(conductance.dtype), once, once.clone(), failed)

    def _check(self, target: Tensor) -> None:
        top = self.reference_siemens * (1 + 1e-6)
        if len(target) and not (float(target.min()) > 0 and float(target.max()) <= top):
            extremes = f"{float(target.min()) * 1e6:.4g} to {float(target.max()) * 1e6:.4g} uS"
            valid = f"above 0 to {self.reference_siemens * 1e6:g} uS, the levels of the published error"
            raise out_of_range("target conductance", extremes, valid, "Scale the weights into the window.")
