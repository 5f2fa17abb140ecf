"""`ohmnia spice`: arrays and cells as ngspice netlists, and the solvers beside ngspice."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from ohmnia.cli._files import write

spice = typer.Typer(help="Netlists for ngspice, and the solvers compared with it.", no_args_is_help=True)


@spice.command()
def export(
    out: Path = typer.Argument(..., metavar="FILE", help="Where the netlist goes, e.g. array.cir."),
    cells: str = typer.Option("ohmic", help="ohmic, hopping, transistor, transistor-hopping; or train: one physical cell."),
    size: int = typer.Option(8, min=1, max=512, help="Rows and columns of the array."),
    segment: float = typer.Option(0.35, min=0, help="Resistance of a wire's segment, in ohm."),
    seed: int = typer.Option(0, min=0, help="Of conductances and inputs."),
) -> None:
    """Write a netlist that ngspice runs as it is."""
    from ohmnia.array.circuit import Wires
    from ohmnia.array.circuit.judge import example, train_deck
    from ohmnia.array.circuit.spice import array_netlist
    from ohmnia.technology import cell_model

    model = cell_model()
    if cells == "train":
        netlist, command = train_deck(model)
        text = f"{netlist}.control\n{command}\nplot v(x1.lc)\n.endc\n.end\n"
    else:
        import torch

        array, inputs = example(cells, size, model, seed)
        wires = Wires(row_ohm=segment, column_ohm=segment)
        text = array_netlist(array, wires, inputs, torch.zeros(size)) + ".op\n.end\n"
    write(out, text)
    Console(highlight=False).print(f"Written: {out}")


@spice.command()
def check(
    size: int = typer.Option(8, min=1, max=128, help="Rows and columns of the arrays; 64 takes minutes."),
    segment: float = typer.Option(0.35, min=0, help="Resistance of a wire's segment, in ohm."),
    pulses: int = typer.Option(20, min=1, max=400, help="Pulses of each sign on the physical cell."),
) -> None:
    """Run ngspice on the same arrays and cells; exit status 1 where a difference is above its limit."""
    from ohmnia.array.circuit import Wires
    from ohmnia.array.circuit.judge import compare_all
    from ohmnia.technology import cell_model

    console, wires, good = Console(highlight=False), Wires(row_ohm=segment, column_ohm=segment), True
    for result in compare_all(size, wires, cell_model(), pulses):
        good &= result.passed
        verdict = "ok" if result.passed else "TOO LARGE"
        console.print(f"{result.case}: largest difference {result.difference:.2g} (limit {result.limit:g}) {verdict}")
    if not good:
        raise typer.Exit(1)
