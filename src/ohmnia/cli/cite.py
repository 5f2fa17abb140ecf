"""`ohmnia cite`: BibTeX for exactly what a run used."""

from __future__ import annotations

from pathlib import Path

import typer

from ohmnia._errors import InvalidValueError


def cite(
    folder: Path | None = typer.Argument(None, metavar="[DIR]", help="Folder of a run; without it, the built-in scenario."),
) -> None:
    """Print the BibTeX entries of everything that a run used."""
    from ohmnia._citations import cite as bibtex
    from ohmnia._citations import known_keys
    from ohmnia._validation import validated
    from ohmnia.lifecycle import Scenario, citations, load_scenario
    from ohmnia.lifecycle.record import SCENARIO, read_json

    if folder is None:
        scenario = load_scenario(None)
    elif not (folder / SCENARIO).is_file():
        raise InvalidValueError(
            f"{folder} holds no run: there is no {SCENARIO} in it. Give the folder of an `ohmnia run --out DIR`."
        )
    else:
        scenario = validated(Scenario, read_json(folder / SCENARIO), str(folder / SCENARIO))
    keys = set(citations(scenario))
    typer.echo(bibtex(keys & set(known_keys())), nl=False)
    for key in sorted(keys - set(known_keys())):
        typer.echo(f"\n% '{key}': named by the technology file {scenario.technology}; not in ohmnia's bibliography.")
