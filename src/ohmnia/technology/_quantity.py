"""A published number as a record: value, unit, spread, source, locator, kind."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from ohmnia._units import to_si
from ohmnia._validation import Strict

Kind = Literal["tabulated", "digitised", "fitted", "assumed"]
Certainty = Literal["high", "medium", "low"]


class _Sourced(Strict):
    source: str = Field(min_length=1)
    locator: str = Field(min_length=1)
    kind: Kind
    reason: str = ""

    @model_validator(mode="after")
    def _assumption_has_reason(self) -> _Sourced:
        if self.kind == "assumed" and not self.reason:
            raise ValueError("an assumed number needs a 'reason'")
        return self


class Spread(_Sourced):
    """Standard deviation of a quantity between cells.

    Parameters
    ----------
    value
        In the quantity's own unit; of the logarithm where `distribution` is "log-normal".
    distribution
        "normal" or "log-normal".
    """

    value: float = Field(ge=0)
    distribution: Literal["normal", "log-normal"]


class Quantity(_Sourced):
    """A number that can be cited.

    Parameters
    ----------
    value
        One number or a row of them.
    unit
        A unit that pint knows; "1" for a pure number.
    source
        Key of the bibliography.
    locator
        Where in the source: figure, table, equation, section, line.
    kind
        "tabulated", "digitised", "fitted" or "assumed" (the last with a `reason`).
    range
        Lowest and highest valid value, in `unit`.
    spread
        Variation between cells.
    certainty
        How sure it is that the source says this number, where it had to be read from a figure or at second hand.
    """

    value: float | tuple[float, ...]
    unit: str = Field(min_length=1)
    range: tuple[float, float] | None = None
    spread: Spread | None = None
    certainty: Certainty | None = None

    @model_validator(mode="after")
    def _inside_range(self) -> Quantity:
        to_si(1.0, self.unit)
        low, high = self.range or (-math.inf, math.inf)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        for value in values:
            if not low <= value <= high:
                raise ValueError(f"value {value:g} {self.unit} is out of range; valid: {low:g} to {high:g} {self.unit}")
        return self

    @property
    def si(self) -> float:
        """The value in SI units; a row of values has none."""
        if isinstance(self.value, tuple):
            raise TypeError("a row of values has no single SI value")
        return to_si(self.value, self.unit)

    @property
    def spread_si(self) -> float:
        """The spread in SI units (dimensionless when log-normal); 0 where none is given."""
        if self.spread is None:
            return 0.0
        return self.spread.value if self.spread.distribution == "log-normal" else to_si(self.spread.value, self.unit)
