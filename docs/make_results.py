"""Make docs/results/*.md and their figures from stored results: long trainings, benchmarks (a second)."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from ohmnia.bench.works import WORKS

HERE = Path(__file__).parent / "results"
NAMES = {
    "float": "floating point, SGD",
    "published": "AGAD, the published device",
    "noise-20": "AGAD, NSR 20 %",
    "states-100": "AGAD, 100 states",
    "skew-50": "AGAD, SP skew 50 %",
    "sgd": "SGD on the published device",
    "ttv2": "TTv2 on the published device",
    "chopped-ttv2": "chopped TTv2 on the published device",
    "mixed-precision": "mixed precision on the published device",
    "residual-tiles": "residual tiles on the published device",
    "rider": "RIDER on the published device",
}
COLOURS = {"float": "0.2", "published": "C0", "noise-20": "C2", "states-100": "C1", "skew-50": "C4", "sgd": "C3"}
Result = dict[str, Any]


def read(choose: bool) -> dict[str, list[Result]]:
    """Results by case: those that chose hyper-parameters, or those that count."""
    found: dict[str, list[Result]] = defaultdict(list)
    for path in sorted((HERE / "mnist").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8")) | {"file": path.name}
        if data["choose"] == choose:
            found[data["case"]].append(data)
    return {case: found[case] for case in NAMES if case in found}


def settings(result: Result) -> str:
    """Learning rate, scale and changed hyper-parameters."""
    parts = [f"lr {result['lr']:g}"]
    if result["scale"] is not None:
        parts.append(f"scale {result['scale']:g}")
    return ", ".join([*parts, *result["rule"]])


def row(case: str, results: list[Result]) -> str:
    """One line of the table of results: several seeds of the same training."""
    finals = [100 * result["accuracy"] for result in results]
    pulses = results[0]["pulses_per_cell_and_sample"]
    wear = ", ".join(f"{name} {value:.2g}" for name, value in sorted(pulses.items()))
    cells = (
        NAMES[case],
        settings(results[0]),
        str(results[0]["epochs"]),
        " / ".join(f"{value:.2f}" for value in finals),
        f"{sum(finals) / len(finals):.2f}",
        wear or "–",
        f"{sum(result['seconds'] for result in results) / len(results) / 60:.0f} min",
    )
    return "| " + " | ".join(cells) + " |"


def by_training(results: list[Result]) -> list[list[Result]]:
    """Results that differ in their seed alone, together."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[f"{settings(result)} {result['epochs']}"].append(result)
    return list(groups.values())


def table(results: dict[str, list[Result]]) -> str:
    """The table of results."""
    names = "training", "settings", "epochs", "test accuracy of each seed (%)", "mean", "pulses a cell and sample", "time"
    head = "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|"
    lines = [row(case, group) for case, found in results.items() for group in by_training(found)]
    return "\n".join([head, *lines])


def choices(results: dict[str, list[Result]]) -> str:
    """What was tried to choose hyper-parameters."""
    head = "| training | settings | epochs | validation accuracy (%) |\n|---|---|---|---|"
    lines = [
        f"| {NAMES[case]} | {settings(result)} | {result['epochs']} | {100 * result['accuracy']:.2f} |"
        for case, found in results.items()
        for result in found
    ]
    return "\n".join([head, *lines])


def life() -> str:
    """What aged chips read, and what they learn then."""
    parts = []
    for path in sorted((HERE / "mnist" / "life").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        again, floating = (["%.2f" % (100 * value) for value in data["curves"][name]] for name in ("again", "again_float"))
        parts += [
            f"{NAMES[data['case']]}, seed {data['seed']} (`{data['command']}`):\n",
            "| | " + " | ".join(data["ages"]) + " |",
            "|---" * (len(data["ages"]) + 1) + "|",
            *(
                f"| {name} (%) | " + " | ".join(f"{100 * values[kind]:.2f}" for values in data["ages"].values()) + " |"
                for kind, name in (("raw", "as read"), ("compensated", "compensated"))
            ),
            "\n| turned digits | before | " + " | ".join(f"epoch {k}" for k in range(1, len(again))) + " |",
            "|---" * (len(again) + 1) + "|",
            "| ten-year-old chip (%) | " + " | ".join(again) + " |",
            "| floating point (%) | " + " | ".join(floating) + " |",
        ]
    return "\n".join(parts)


def commands(results: dict[str, list[Result]]) -> str:
    """How each result is made again."""
    lines = [f"{result['command']}  # {result['file']}" for found in results.values() for result in found]
    return "\n".join(["```sh", "export OHMNIA_DATA=...  # or let scikit-learn fetch MNIST", *lines, "```"])


def draw(results: dict[str, list[Result]]) -> None:
    """Test accuracy after each epoch."""
    mpl.rcParams["svg.hashsalt"] = "ohmnia"
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for case, found in results.items():
        for k, result in enumerate(found):
            curve = [100 * value for value in result["curves"]["accuracy"]]
            label = NAMES[case] if k == 0 else None
            axes.plot(range(1, len(curve) + 1), curve, color=COLOURS.get(case), lw=1.0, label=label)
    axes.set(xlabel="epoch", ylabel="test accuracy (%)", ylim=(95.0, 98.8))
    axes.grid(color="0.9", lw=0.6)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(HERE / "mnist.svg", metadata={"Date": None})


def fill(page: str, **parts: str) -> None:
    """Put parts into a page's text."""
    text = (HERE / f"{page}.md.in").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{" + name + "}", part)
    (HERE / f"{page}.md").write_text(text, encoding="utf-8")


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def speed_row(record: Result) -> str:
    """One line of the benchmark."""
    target, ratio = WORKS.get(record["id"]).target, record["ratio"]
    agree = {None: "", True: "agree", False: "differ"}[record["moments_agree"]]
    peer = "–" if ratio is None else span(record["peer_seconds"])
    goal = "–" if target is None else f"{target:g}"
    cells = (
        record["id"],
        record["work"],
        span(record["ohmnia_seconds"]),
        peer,
        "–" if ratio is None else f"{ratio:.2f}",
        goal,
        agree,
    )
    return "| " + " | ".join(cells) + " |"


def speed() -> None:
    """The page of the benchmark beside another simulator."""
    records = json.loads((HERE / "bench" / "bench.json").read_text(encoding="utf-8"))
    facts = json.loads((HERE / "bench" / "facts.json").read_text(encoding="utf-8"))
    names = "row", "work", "ohmnia", "aihwkit", "ratio", "goal", "moments"
    head = "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|"
    machine = facts["machine"]
    where = (
        f"{machine['cores']} cores, load {machine['load_before']:.2f} before the start, {facts['peer']}, torch {machine['torch']}"
    )
    fill("speed", rows="\n".join([head, *map(speed_row, records)]), where=where)


def main() -> None:
    """Write the pages."""
    results = read(choose=False)
    draw(results)
    fill("mnist", results=table(results), choices=choices(read(choose=True)), life=life(), commands=commands(results))
    speed()


if __name__ == "__main__":
    main()
