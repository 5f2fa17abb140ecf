"""`ohmnia rules`: when to use which learning rule, with its hyper-parameters for a technology."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table


def rules(
    technology: str = typer.Option("cmo-hfox", "--technology", help="Id of a technology, or the path of a TOML file."),
    inputs: int = typer.Option(256, "--inputs", min=1, help="Inputs of the array; some defaults depend on it."),
) -> None:
    """Explain the learning rules: when to use which, hyper-parameters derived for a technology, and sources."""
    from ohmnia.array import Periphery, Tile, mapping
    from ohmnia.device import resolve
    from ohmnia.random import Stream
    from ohmnia.technology import technology as load
    from ohmnia.training import RULES
    from ohmnia.training._watch import offers

    device, console = resolve(load(technology)), Console()
    there = offers(device)
    tile = Tile((1, inputs), device, mapping(device, zero="mid-window"), Periphery(), Stream.root(0)) if there else None
    table = Table("rule", "when to use it", "hyper-parameters", "source", title=f"{device.technology.id}, {inputs} inputs")
    for name in RULES:
        rule = RULES.get(name)()
        missing = [need for need in rule.needs if need not in there]
        if missing or tile is None:
            settings = f"not for this technology: needs {' and '.join(missing)}"
        else:
            settings = _settings(rule.model_dump(), rule.derived(tile))
        table.add_row(name, rule.when, settings, ", ".join(rule.citations))
    console.print(table)
    console.print("* derived from the device")


def _settings(given: dict[str, object], derived: dict[str, float]) -> str:
    """Names and values, those derived from the device with a star."""
    parts = []
    for name, value in given.items():
        if name in derived:
            parts.append(f"{name} {derived[name]:.3g}*")
        elif isinstance(value, dict):
            parts.append(f"{name}: " + ", ".join(f"{key} {part}" for key, part in value.items()))
        else:
            parts.append(f"{name} {'-' if value is None else value}")
    return "; ".join(parts)
