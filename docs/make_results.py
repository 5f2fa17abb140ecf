"""Make docs/results/*.md and their figures from stored results: long trainings, benchmarks (a second)."""

from __future__ import annotations

import itertools
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
    "float-adam": "floating point, Adam",
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
# A colour a case, in the order of the names; floating point is grey.
COLOURS = {case: f"C{k % 10}" for k, case in enumerate(NAMES)} | {"float": "0.2", "float-adam": "0.6"}
# Name in the page of War and Peace: whether two devices hold a weight.
TEXT_GAPS = {"gap_pairs": True, "gap_one": False}
Result = dict[str, Any]


def read(folder: str, choose: bool, network: str = "perceptron") -> dict[str, list[Result]]:
    """Results by case: those that chose hyper-parameters, or those that count."""
    found: dict[str, list[Result]] = defaultdict(list)
    for path in sorted((HERE / folder).glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8")) | {"file": path.name}
        if data["choose"] == choose and data.get("network", "perceptron") == network:
            found[data["case"]].append(data)
    return {case: found[case] for case in NAMES if case in found}


def options(result: Result) -> list[str]:
    """Learning rate, scale, changed hyper-parameters, and how the data are handed over where that is a choice."""
    parts, scale = [f"lr {result['lr']:g}"], result["scale"]
    if scale:
        parts.append("scale " + (f"{scale:g}" if isinstance(scale, float | int) else f"`{' '.join(scale)}`"))
    if "steps" in result:
        parts.append(f"{result['steps']} steps of {result['streams']}")
    if result.get("pairs"):
        parts.append("pairs of devices")
    if result.get("digital_lr"):
        parts.append(f"digital lr {result['digital_lr']:g}")
    if result.get("clip"):
        parts.append(f"clip {result['clip']:g}")
    if result.get("range"):
        parts.append(f"range {result['range']:g}")
    if result.get("images"):
        parts.append(f"{result['images']:,} images")
    return [*parts, *result["rule"]]


def settings(result: Result) -> str:
    """The same in a line."""
    return ", ".join(options(result))


def score(result: Result) -> float:
    """What a training is judged by: accuracy in percent, or perplexity."""
    return result["perplexity"] if "perplexity" in result else 100 * result["accuracy"]


def mean_of(results: list[Result], **own: Any) -> float:
    """Mean score of the results with these settings."""
    scores = [score(result) for result in results if all(result.get(name) == value for name, value in own.items())]
    if not scores:
        raise SystemExit(f"No result with {own}; the page's text speaks of it.")
    return sum(scores) / len(scores)


def length(result: Result) -> str:
    """How long it learned."""
    return f"{result['learned_characters'] / 1e6:.2f} M" if "learned_characters" in result else str(result["epochs"])


def markdown(names: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (names, ("---",) * len(names), *lines))


def row(case: str, results: list[Result]) -> tuple[str, ...]:
    """One line of the table of results: several seeds of the same training."""
    finals = [score(result) for result in results]
    seconds = sum(result["seconds"] for result in results) / len(results)
    pulses = next(value for name, value in results[0].items() if name.startswith("pulses_per_cell"))
    wear = ", ".join(f"{name} {value:.2g}" for name, value in sorted(pulses.items()))
    return (
        NAMES[case],
        settings(results[0]),
        length(results[0]),
        " / ".join(f"{value:.2f}" for value in finals),
        f"{sum(finals) / len(finals):.2f}",
        wear or "–",
        f"{seconds / 60:.0f} min" if seconds > 60 else f"{seconds:.0f} s",
    )


def by_training(results: list[Result]) -> list[list[Result]]:
    """Results that differ in their seed alone, together."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[f"{settings(result)} {length(result)}"].append(result)
    return list(groups.values())


def table(results: dict[str, list[Result]], learned: str, judged: str, sample: str) -> str:
    """The table of results."""
    names = "training", "settings", learned, f"{judged} of each seed", "mean", f"pulses a cell and {sample}", "time"
    return markdown(names, [row(case, group) for case, found in results.items() for group in by_training(found)])


def choices(results: dict[str, list[Result]], learned: str, judged: str) -> str:
    """What was tried to choose hyper-parameters."""
    lines = [
        (NAMES[case], settings(result), length(result), f"{score(result):.2f}")
        for case, found in results.items()
        for result in found
    ]
    return markdown(("training", "settings", learned, judged), lines)


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
    return "\n".join(["```sh", *lines, "```"])


def draw(results: dict[str, list[Result]], name: str, curve: tuple[str, float], labels: dict[str, Any]) -> None:
    """A quantity (and its factor) after each epoch, or against the characters that were learned."""
    mpl.rcParams["svg.hashsalt"] = "ohmnia"
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for case, found in results.items():
        groups = by_training(found)
        shared = set.intersection(*(set(options(result)) for result in found))
        for style, group in zip(itertools.cycle(("-", "--", ":", "-.")), groups, strict=False):
            label = ", ".join([NAMES[case], *(part for part in options(group[0]) if part not in shared)])
            for k, result in enumerate(group):
                curves = result["curves"]
                values = [curve[1] * value for value in curves[curve[0]]]
                along = [value / 1e6 for value in curves.get("characters", [])] or list(range(1, len(values) + 1))
                axes.plot(along, values, style, color=COLOURS.get(case), lw=1.0, label=None if k else label)
    axes.set(**labels)
    axes.grid(color="0.9", lw=0.6)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})


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


def counted(record: Result) -> str:
    """The ratio of a row, in brackets where the moments differ, so that it does not count."""
    if record["ratio"] is None:
        return "–"
    return f"({record['ratio']:.2f})" if record["moments_agree"] is False else f"{record['ratio']:.2f}"


def speed_row(record: Result, again: list[dict[str, Result]]) -> str:
    """One line of the benchmark, with the ratios of other runs."""
    target, alone = WORKS.get(record["id"]).target, record["ratio"] is None
    agree = {None: "", True: "agree", False: "differ"}[record["moments_agree"]]
    peer = "–" if alone else span(record["peer_seconds"])
    goal = "–" if target is None else f"{target:g}"
    cells = (
        record["id"],
        record["work"],
        span(record["ohmnia_seconds"]),
        peer,
        counted(record),
        "–" if alone else " / ".join(counted(run[record["id"]]) for run in again),
        goal,
        agree,
    )
    return "| " + " | ".join(cells) + " |"


def speed() -> None:
    """The page of the benchmark beside another simulator."""
    records = json.loads((HERE / "bench" / "bench.json").read_text(encoding="utf-8"))
    facts = json.loads((HERE / "bench" / "facts.json").read_text(encoding="utf-8"))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "bench" / "again").glob("*.json"))]
    again = [{record["id"]: record for record in run} for run in runs]
    names = "row", "work", "ohmnia", "aihwkit", "ratio", "in other runs", "goal", "moments"
    head = "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|"
    machine = facts["machine"]
    where = (
        f"{machine['cores']} cores, load {machine['load_before']:.2f} before the start, {facts['peer']}, torch {machine['torch']}"
    )
    first, later = facts["compile"]["first_seconds"], facts["compile"]["later_seconds"]
    compiling = {"first_use": f"{first:.1f}", "later_use": f"{later:.2f}"}
    fill("speed", rows="\n".join([head, *(speed_row(record, again) for record in records)]), where=where, **compiling)


def perceptrons() -> None:
    """The page of MNIST."""
    epochs, accuracy = "epochs", "accuracy (%)"
    results, tried, lenet = read("mnist", False), read("mnist", True), read("mnist", False, "lenet-5")
    long = {case: own for case, found in results.items() if (own := [result for result in found if result["epochs"] == 80])}
    draw(long, "mnist", ("accuracy", 100.0), {"xlabel": "epoch", "ylabel": "test accuracy (%)", "ylim": (95.0, 98.8)})
    fill(
        "mnist",
        results=table(results, epochs, f"test {accuracy}", "sample"),
        lenet=table(lenet, epochs, f"test {accuracy}", "image"),
        life=life(),
        choices=choices(tried, epochs, f"validation {accuracy}"),
        lenet_choices=choices(read("mnist", True, "lenet-5"), epochs, f"validation {accuracy}"),
        commands=commands(results),
        lenet_commands=commands(lenet),
    )


def texts() -> None:
    """The page of War and Peace."""
    results, learned = read("text", False), "characters"
    draw(
        results,
        "text",
        ("cross_entropy", 1.0),
        {"xlabel": "training characters (M)", "ylabel": "test cross-entropy (nat)", "ylim": (1.5, 3.2)},
    )
    floating = mean_of(results["float"], lr=64.0, clip=0.075)
    gaps = {name: mean_of(results["published"], lr=48.0, pairs=pairs) / floating - 1.0 for name, pairs in TEXT_GAPS.items()}
    fill(
        "text",
        **{name: f"{100 * value:.1f} %" for name, value in gaps.items()},
        results=table(results, learned, "test perplexity", "character"),
        choices=choices(read("text", True), learned, "validation perplexity"),
        commands=commands(results),
    )


def main() -> None:
    """Write the pages."""
    perceptrons()
    texts()
    speed()


if __name__ == "__main__":
    main()
