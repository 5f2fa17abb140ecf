"""`ohmnia show`: the numbers of a technology, each with its source."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table


def show(name: str | None = typer.Argument(None, help="Id of a technology, or the path of a TOML file.")) -> None:
    """List the technologies, or show the numbers of one; a file of your own is checked on the way."""
    from ohmnia.device import resolve
    from ohmnia.technology import published, technology

    console = Console()
    if name is None:
        for key in published():
            entry = technology(key)
            console.print(f"[bold]{key}[/]  {entry.name}: {entry.summary}")
        return
    entry = technology(name)
    resolve(entry)
    table = Table("quantity", "value", "spread", "kind", "source", "locator", title=f"{entry.id}: {entry.name}")
    for path, quantity in entry.quantities():
        values = quantity.value if isinstance(quantity.value, tuple) else (quantity.value,)
        unit = "" if quantity.unit == "1" else f" {quantity.unit}"
        spread = f"{quantity.spread.value:g} ({quantity.spread.distribution})" if quantity.spread else ""
        numbers = ", ".join(f"{value:g}" for value in values)
        table.add_row(path, numbers + unit, spread, quantity.kind, quantity.source, quantity.locator)
    console.print(table)
