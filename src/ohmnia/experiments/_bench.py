"""The bench of an experiment: a technology, its laws, a random stream, and the rows that it collects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import final

from ohmnia._units import from_si
from ohmnia.device import Device, resolve
from ohmnia.experiments._outcome import Kind, Outcome, Plot, Row
from ohmnia.experiments._verdict import AbstractJudge, Estimate, Limit, Shown
from ohmnia.measured import Curve, curve_of
from ohmnia.random import Stream
from ohmnia.technology import LawEntry, Quantity, Technology
from ohmnia.technology import technology as load

OWN = "ohmnia"
_WORDS = {"1": "", "uS": "µS", "uA": "µA", "percent": "%", "ohm": "Ω", "kohm": "kΩ"}


@final
class Bench:
    """What an experiment works on, and where it writes down what it finds.

    Parameters
    ----------
    name, title
        Of the experiment.
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    """

    def __init__(self, name: str, title: str, technology: Technology | str | Path, seed: int) -> None:
        self.name, self.title = name, title
        self.technology = technology if isinstance(technology, Technology) else load(technology)
        self.device: Device = resolve(self.technology)
        self.stream = Stream.root(seed).child("experiment", name, self.technology.id)
        self.citations: set[str] = {OWN, *self.technology.citations()}
        self._rows: list[Row] = []

    def published(self, name: str) -> Quantity | None:
        """The technology's published result of a name; None where it lists none."""
        return self.technology.results.get(name)

    def assumptions(self, slot: str) -> list[str]:
        """What one of the technology's laws assumes, a sentence for each number and each spread."""
        found = []
        entry: LawEntry | None = getattr(self.technology.laws, slot)
        for name, quantity in (entry.quantities if entry else {}).items():
            for part, record in ((name, quantity), (f"spread of {name}", quantity.spread)):
                if record is not None and record.kind == "assumed":
                    found.append(f"Assumed, {part.replace('_', ' ')}: {record.reason}")
        return found

    def measured(self, name: str) -> Curve | None:
        """A measured curve of this technology's cells; None for another technology."""
        found = curve_of(name, self.technology.id)
        if found is not None:
            self.citations.add(found.source)
        return found

    def limit(self, at_least: float = -math.inf, at_most: float = math.inf, remark: str = "") -> AbstractJudge:
        """A limit (SI) that the paper's claims set; a technology without published results is shown and not judged."""
        if not self.technology.results:
            return Shown(f"{remark} The technology lists no published results.".strip())
        return Limit(at_least, at_most, remark)

    def row(
        self,
        name: str,
        quantity: str,
        estimate: Estimate,
        judge: AbstractJudge,
        kind: Kind = "derived",
        extrapolated: bool = False,
        source: str = "",
    ) -> None:
        """Write a number down beside the technology's published result of that name, with a verdict.

        Parameters
        ----------
        name
            Of the published result; the row's id is "experiment.name".
        quantity
            In words.
        estimate
            The simulated number.
        judge
            `Within`, `Limit` or `Shown`.
        kind
            "derived" or "input check".
        extrapolated
            Whether the published number lies beyond what was measured.
        source
            Of what the number is held against, where that is no published result: bibliography key and place.
        """
        found = self.published(name)
        unit = found.unit if found else estimate.unit
        verdict = judge.verdict(estimate, found)

        def shown(value: float | None) -> float | None:
            return None if value is None else from_si(value, unit)

        self._rows.append(
            Row(
                id=f"{self.name}.{name}",
                quantity=quantity,
                unit=_WORDS.get(unit, unit),
                published=shown(found.si) if found else None,
                simulated=shown(estimate.value),
                standard_error=shown(estimate.error),
                tolerance=shown(verdict.tolerance),
                ok=verdict.ok,
                kind=kind,
                source=f"{found.source}, {found.locator}" if found else source or OWN,
                criterion=verdict.criterion,
                reason=verdict.reason,
                certainty=(found.certainty or "") if found else "",
                extrapolated=extrapolated,
            )
        )

    def outcome(self, plots: list[Plot], choices: list[str]) -> Outcome:
        """All that was collected."""
        sources = {row.source.split(",")[0] for row in self._rows}
        return Outcome(
            self.name, self.title, tuple(self._rows), tuple(plots), tuple(choices), frozenset(self.citations | sources)
        )
