"""`ohmnia`: one thin file for each command; heavy packages are imported by the command that needs them."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from ohmnia._errors import OhmniaError
from ohmnia.cli.bench import bench
from ohmnia.cli.calibrate import calibrate
from ohmnia.cli.cite import cite
from ohmnia.cli.reproduce import reproduce
from ohmnia.cli.rules import rules
from ohmnia.cli.run import run
from ohmnia.cli.show import show
from ohmnia.cli.spice import spice

app = typer.Typer(
    help="Analog arrays that learn on the chip, keep what they learned for years, and infer: one state.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(reproduce)
app.command()(show)
app.command()(rules)
app.command()(cite)
app.command()(bench)
app.command()(calibrate)
app.add_typer(spice, name="spice")


def _version(value: bool) -> bool:
    if value:
        from ohmnia import __version__

        typer.echo(f"ohmnia {__version__}")
        raise typer.Exit
    return value


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass


def main() -> None:
    """Entry point: an error that the library raises on purpose becomes one clear message and exit status 2."""
    try:
        app()
    except OhmniaError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {_plain(error)}", soft_wrap=True)
        sys.exit(2)


def _plain(error: OhmniaError) -> str:
    from rich.markup import escape

    return escape(str(error))
