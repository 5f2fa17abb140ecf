"""What an experiment gives: rows of published beside simulated numbers, figures, and the choices that were made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["derived", "input check"]


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One number, published beside simulated, in a unit for people.

    Parameters
    ----------
    id
        "experiment.quantity", unique.
    quantity, unit
        What it is; the unit of all its numbers, "" for a pure number.
    published
        The published number; None where there is none.
    simulated, standard_error
        The simulated number and its standard error; None where it could not be simulated, or where the number is exact.
    tolerance
        Largest |simulated - published| that passes; None where the row is not judged so.
    ok
        The verdict; None: shown, not judged, with a `reason`.
    kind
        "derived": it emerges from the simulation. "input check": a parameter that is given back.
    source
        Bibliography key and place; "ohmnia" where the number is our own.
    criterion
        The tolerance in words, e.g. "within 10 %" or "at most 0.16".
    reason
        Why it is not judged, or what has to be known about it.
    certainty
        How sure it is that the source says so: "high", "medium", "low", or "".
    extrapolated
        Whether the published number lies beyond what was measured.
    """

    id: str
    quantity: str
    unit: str
    published: float | None
    simulated: float | None
    standard_error: float | None
    tolerance: float | None
    ok: bool | None
    kind: Kind
    source: str
    criterion: str = ""
    reason: str = ""
    certainty: str = ""
    extrapolated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The row as plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@final
@dataclass(frozen=True, slots=True)
class Plot:
    """A figure that is drawn when it is needed.

    Parameters
    ----------
    name
        Of its files.
    title, caption
        For people.
    draw
        Gives the figure.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one experiment on one technology.

    Parameters
    ----------
    name
        Of the experiment.
    title
        For people, with the figure of the paper.
    rows, plots
        See `Row` and `Plot`.
    choices
        Every choice that the paper leaves open, a sentence each.
    citations
        Bibliography keys of all that was used.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    plots: tuple[Plot, ...]
    choices: tuple[str, ...]
    citations: frozenset[str]
