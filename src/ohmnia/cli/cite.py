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

    keys, origin = _used(folder)
    typer.echo(bibtex(keys & set(known_keys())), nl=False)
    for key in sorted(keys - set(known_keys())):
        typer.echo(f"\n% '{key}': named by the technology file {origin}; not in ohmnia's bibliography.")


def _used(folder: Path | None) -> tuple[set[str], str]:
    """Keys of everything that a run used, and its technology."""
    from ohmnia._validation import validated
    from ohmnia.experiments.reproduce import MANIFEST
    from ohmnia.lifecycle import Scenario, citations, load_scenario
    from ohmnia.lifecycle.record import SCENARIO, read_json

    if folder is None:
        scenario = load_scenario(None)
    elif (folder / SCENARIO).is_file():
        scenario = validated(Scenario, read_json(folder / SCENARIO), str(folder / SCENARIO))
    elif (folder / MANIFEST).is_file():
        manifest = read_json(folder / MANIFEST)
        if not {"citations", "technology"} <= manifest.keys():
            raise InvalidValueError(f"{folder / MANIFEST} does not say what was used. Run `ohmnia reproduce --out {folder}`.")
        return set(manifest["citations"]), manifest["technology"]
    else:
        raise InvalidValueError(
            f"{folder} holds no run: there is no {SCENARIO} and no {MANIFEST} in it. "
            "Give the folder of an `ohmnia run --out DIR` or of an `ohmnia reproduce --out DIR`."
        )
    return set(citations(scenario)), scenario.technology
