"""Make docs/studies/wires.md: what wires cost from 64 x 64 to 512 x 512, and what gate coincidence saves (about 20 minutes).

`python docs/make_wires.py` measures, `python docs/make_wires.py --pages` only writes the page from docs/studies/wires.json.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

import ohmnia
from ohmnia.array.circuit import PhysicalCells, TransistorCells, Wires, effective_matrix, pulse_shares, solve_nonlinear
from ohmnia.array.circuit.outer_product import SCHEMES
from ohmnia.bench.circuit_arrays import HIGH, LOW, product_errors
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.conduction import SquareLawTransistor
from ohmnia.random import Stream, uniform
from ohmnia.technology import cell_model

HERE = Path(__file__).parent / "studies"
SIZES, OHMS = (64, 128, 256, 512), (0.35, 1.0, 2.0)
WAYS = ("digital reference", "reference column", "differential pairs", "scale and sum for each output")
PULSE_SIZES, FIRING, SET_VOLTS, GATE_VOLTS = (32, 64, 128, 256), (0.5, 0.1), 1.35, 3.3
RATIO = float(ohmnia.resolve(ohmnia.technology("cmo-hfox")).update.half_voltage_ratio)


def reads(size: int, ohm: float) -> dict[str, Any]:
    """Loss and errors of one size; errors relative to the RMS of the exact product, sqrt(n) / 3."""
    wires, share = Wires(row_ohm=ohm, column_ohm=ohm), uniform(Stream.root(1), torch.arange(size * size)).reshape(size, size)
    cells, start = LOW + (HIGH - LOW) * share, time.perf_counter()
    effective = effective_matrix(cells, wires)
    seconds, exact = time.perf_counter() - start, size**0.5 / 3
    errors = {name: error / exact for name, error in product_errors(wires, 0, size).items()}
    return {"size": size, "ohm": ohm, "loss": 1 - float(effective.sum() / cells.sum()), "seconds": seconds, "errors": errors}


def pulses(size: int, scheme: str, firing: float) -> dict[str, Any]:
    """The first instant of a pulse up with a share of all lines firing: what reaches a cell and its transistor."""
    model, wires = build(HoppingCell, cell_model(), "compact"), Wires(row_ohm=0.35, column_ohm=0.35)
    cells = PhysicalCells(model, model.density_start_per_m3, (size, size))
    rows, columns = (uniform(Stream.root(2).child(side), torch.arange(size)) < firing for side in ("rows", "columns"))
    if scheme == "gate":
        gate, v, c = GATE_VOLTS * rows.double(), torch.full((size,), SET_VOLTS), SET_VOLTS * (~columns).double()
    else:
        gate, v, c = torch.full((size,), GATE_VOLTS), SET_VOLTS / 2 * rows.double(), -SET_VOLTS / 2 * columns.double()
    whole = TransistorCells(cells, build(SquareLawTransistor, cell_model(), "transistor"), gate[:, None].double())
    point = solve_nonlinear(whole, wires, v[None].double(), c[None].double(), tolerance=1e-6)
    reached = (point.rows_volts - point.columns_volts)[0][rows[:, None] & columns] / SET_VOLTS
    largest = torch.cat([point.row_amperes[0], point.column_amperes[0]]).abs().max()
    shares = {"worst": float(reached.min()), "mean": float(reached.mean())}
    return {"size": size, "scheme": scheme, "firing": firing, **shares, "line_amperes": float(largest)}


def steps(size: int) -> dict[str, Any]:
    """Share of a full step that a pulse of a tile makes, with cells as for the reads: mean and worst cell."""
    share = uniform(Stream.root(1), torch.arange(size * size)).reshape(1, size, size)
    cells, found = LOW + (HIGH - LOW) * share, {}
    for scheme in (None, *SCHEMES):
        wires = Wires.model_validate({"row_ohm": 0.35, "column_ohm": 0.35, "coincidence": scheme or "gate"})
        left = RATIO ** (2 * (1 - pulse_shares(cells, wires, (FIRING[1],) * 2 if scheme else (0.0, 0.0))))
        found[scheme or "alone"] = {"mean": float(left.mean()), "worst": float(left.min())}
    return {"size": size, **found}


def measure() -> dict[str, Any]:
    """Everything that the page shows."""
    found: dict[str, Any] = {"reads": [], "pulses": [], "steps": []}
    found["steps"] = [steps(size) for size in SIZES]
    for size in PULSE_SIZES:
        found["pulses"] += [pulses(size, scheme, firing) for firing in FIRING for scheme in SCHEMES]
        print(found["pulses"][-1])
    for size in SIZES:
        found["reads"] += [reads(size, ohm) for ohm in OHMS]
        print(found["reads"][-1])
        (HERE / "wires.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def draw(found: dict[str, Any]) -> None:
    """Two figures."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "ohmnia"
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    styles = dict(zip(OHMS, ("-", "--", ":"), strict=True))
    for ohm, style in styles.items():
        own = [entry for entry in found["reads"] if entry["ohm"] == ohm]
        sizes = [entry["size"] for entry in own]
        left.plot(sizes, [100 * entry["loss"] for entry in own], "k" + style, marker="o", label=f"{ohm:g} Ω a segment")
        for way, colour in zip(WAYS, ("#d55e00", "#e69f00", "#0072b2", "#009e73"), strict=True):
            label = way if ohm == OHMS[0] else None
            right.plot(sizes, [entry["errors"][way] for entry in own], style, color=colour, marker="o", ms=3, label=label)
    left.set(xlabel="rows = columns", ylabel="current lost (%)", xscale="log")
    right.set(xlabel="rows = columns", ylabel="RMSE / RMS of the product", xscale="log", yscale="log")
    _finish(figure, (left, right), SIZES, "wires-reads.svg")
    figure = Figure(figsize=(8.4, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    for scheme, colour in zip(SCHEMES, ("#d55e00", "#0072b2"), strict=True):
        for firing, style in zip(FIRING, ("-o", "--s"), strict=True):
            own = [entry for entry in found["pulses"] if (entry["scheme"], entry["firing"]) == (scheme, firing)]
            sizes, label = [entry["size"] for entry in own], f"{scheme}, {100 * firing:g} % of the lines fire"
            left.plot(sizes, [100 * entry["mean"] for entry in own], style, color=colour, label=label)
            right.plot(sizes, [1e3 * entry["line_amperes"] for entry in own], style, color=colour)
    left.set(xlabel="rows = columns", ylabel="share of the pulse, mean (%)", xscale="log")
    right.set(xlabel="rows = columns", ylabel="largest line current (mA)", xscale="log")
    _finish(figure, (left, right), PULSE_SIZES, "wires-pulses.svg")


def _finish(figure: Any, axes: tuple[Any, ...], sizes: tuple[int, ...], name: str) -> None:
    for one in axes:
        one.set_xticks(sizes, [str(size) for size in sizes])
        one.minorticks_off()
        one.grid(alpha=0.3)
        if one.get_legend_handles_labels()[0]:
            one.legend(fontsize=7, frameon=False)
    figure.savefig(HERE / name, metadata={"Date": None})


def page(found: dict[str, Any]) -> str:
    """The study as Markdown."""
    lines = [
        "| size | Ω a segment | current lost | " + " | ".join(WAYS) + " | time of the solution |",
        "|---|---|---|" + "---|" * (len(WAYS) + 1),
    ]
    for entry in found["reads"]:
        errors = " | ".join(f"{entry['errors'][way]:.3f}" for way in WAYS)
        lines.append(
            f"| {entry['size']} | {entry['ohm']:g} | {100 * entry['loss']:.1f} % | {errors} | {entry['seconds']:.2g} s |"
        )
    table = "\n".join(lines)
    lines = ["| size | lines that fire | scheme | mean share of the pulse | worst cell | largest line current |"]
    lines.append("|---|---|---|---|---|---|")
    for entry in found["pulses"]:
        shares = f"{100 * entry['mean']:.1f} % | {100 * entry['worst']:.1f} %"
        head = f"| {entry['size']} | {100 * entry['firing']:g} % | {entry['scheme']} |"
        lines.append(f"{head} {shares} | {1e3 * entry['line_amperes']:.1f} mA |")
    pulses, lines = "\n".join(lines), ["| size | one cell at a time, mean / worst | gate | half-voltage |", "|---|---|---|---|"]
    for entry in found["steps"]:
        parts = (entry["alone"], entry["gate"], entry["half-voltage"])
        shares = " | ".join(f"{100 * part['mean']:.0f} / {100 * part['worst']:.0f} %" for part in parts)
        lines.append(f"| {entry['size']} | {shares} |")
    text = (HERE / "wires.md.in").read_text(encoding="utf-8").replace("{K}", f"{RATIO:g}")
    return text.replace("{READS}", table).replace("{PULSES}", pulses).replace("{STEPS}", "\n".join(lines))


def main() -> None:
    """Measure, or read what was measured, and write the page."""
    only_pages = "--pages" in sys.argv
    found = json.loads((HERE / "wires.json").read_text(encoding="utf-8")) if only_pages else measure()
    draw(found)
    (HERE / "wires.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
