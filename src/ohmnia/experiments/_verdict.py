"""How a number is judged: against a published one, against a limit of our own, or not at all."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, final

from jaxtyping import Float
from torch import Tensor

from ohmnia._units import from_si
from ohmnia.technology import Quantity


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A simulated number.

    Parameters
    ----------
    value
        SI; None where it could not be simulated.
    error
        Standard error, SI; None where the number is exact.
    unit
        For the row, where no published number gives one.
    """

    value: float | None
    error: float | None = None
    unit: str = "1"

    @staticmethod
    def of_mean(values: Float[Tensor, " samples"], unit: str = "1") -> Estimate:
        """Mean of independent values (SI) and its standard error, which a single value does not have."""
        error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else None
        return Estimate(float(values.mean()), error, unit)


class Verdict(NamedTuple):
    """Tolerance (SI), ok, criterion and reason of a row."""

    tolerance: float | None
    ok: bool | None
    criterion: str
    reason: str


class AbstractJudge(ABC):
    """Gives the verdict on an estimate."""

    __slots__ = ()

    @abstractmethod
    def verdict(self, estimate: Estimate, published: Quantity | None) -> Verdict:
        """Judge an estimate, beside the published number where there is one."""


@final
@dataclass(frozen=True, slots=True)
class Within(AbstractJudge):
    """Within a fraction of the published number; shown where nothing is published.

    Parameters
    ----------
    fraction
        Largest relative deviation.
    remark
        What has to be known about the row.
    """

    fraction: float
    remark: str = ""

    def verdict(self, estimate: Estimate, published: Quantity | None) -> Verdict:
        """Compare."""
        if published is None:
            return Verdict(None, None, "", "The technology lists no published number.")
        tolerance = self.fraction * abs(published.si)
        good = estimate.value is not None and abs(estimate.value - published.si) <= tolerance
        return Verdict(tolerance, good, f"within {100 * self.fraction:g} %", self.remark)


@final
@dataclass(frozen=True, slots=True)
class Limit(AbstractJudge):
    """Between limits that are our own.

    Parameters
    ----------
    at_least, at_most
        SI.
    remark
        What has to be known about the row.
    """

    at_least: float = -math.inf
    at_most: float = math.inf
    remark: str = ""

    def verdict(self, estimate: Estimate, published: Quantity | None) -> Verdict:
        """Compare."""
        unit = published.unit if published else estimate.unit
        good = estimate.value is not None and self.at_least <= estimate.value <= self.at_most
        named = (("at least", self.at_least), ("at most", self.at_most))
        text = ", ".join(f"{word} {from_si(limit, unit):g}" for word, limit in named if math.isfinite(limit))
        return Verdict(None, good, text, self.remark)


@final
@dataclass(frozen=True, slots=True)
class Shown(AbstractJudge):
    """Not judged.

    Parameters
    ----------
    reason
        Why.
    """

    reason: str

    def verdict(self, estimate: Estimate, published: Quantity | None) -> Verdict:
        """No verdict."""
        return Verdict(None, None, "", self.reason)
