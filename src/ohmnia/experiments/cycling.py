"""Quasi-static cycling (Falcone et al. 2025, Fig. 2d, e): the I-V loop, and the HRS/LRS ratio against the read voltage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device.transport._abstract import AbstractTransportLaw, State
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._verdict import AbstractJudge, Estimate, Limit, Shown, Within
from ohmnia.technology import Technology

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The first is the compact model's read voltage; the figure ends at the last.
READ_VOLTS, _MOST_READ_VOLTS = (0.2, 0.4, 0.5), 0.6
_STATES: tuple[State, ...] = ("lrs", "hrs")
_NO_RATIO, _NO_VOLTAGE = "The technology has no published ratio.", "The ratio is published without a voltage."


class Branches(NamedTuple):
    """Currents of both states at each voltage, amperes.

    Parameters
    ----------
    volts
        Across the 1T1R cell, or across the switching layer where the curve is the layer's own.
    lrs, hrs
        Currents.
    """

    volts: Float[Tensor, " points"]
    lrs: Float[Tensor, " points"]
    hrs: Float[Tensor, " points"]

    def ratio(self) -> Float[Tensor, " points"]:
        """LRS over HRS current, which is HRS over LRS resistance."""
        return self.lrs / self.hrs


def cycling(
    technology: Technology | str | Path = "cmo-hfox",
    seed: int = 0,
    sweep_volts: tuple[float, float] = (-1.5, 1.3),
    points: int = 281,
) -> Outcome:
    """Sweep a 1T1R cell in its two static states, and compare the states at a read.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Not used: nothing is drawn.
    sweep_volts
        Ends of the loop; as published.
    points
        Of each curve.

    Returns
    -------
    Outcome
        One row without a simulated number and no figure where the technology has no transport law.
    """
    bench = Bench("cycling", "Quasi-static cycling (Fig. 2d, e)", technology, seed)
    law = bench.device.transport
    if law is None:
        bench.row("resistance_ratio", "HRS/LRS ratio", Estimate(None), Shown("The technology has no transport law."))
        return bench.outcome([], [])
    ohms = bench.device.forming.transistor_ohms
    loop = _whole(law, torch.linspace(*sweep_volts, points, dtype=torch.float64), ohms)
    reads = torch.linspace(0.0, _MOST_READ_VOLTS, points, dtype=torch.float64)[1:]
    plot = _plot(bench, loop, _whole(law, reads, ohms), _layer(law, reads))
    _ratio_rows(bench, law)
    _conductivity_rows(bench, law)
    _hopping_rows(bench)
    return bench.outcome([plot], _choices(bench))


def _whole(law: AbstractTransportLaw, volts: Float[Tensor, " points"], transistor_ohms: float) -> Branches:
    return Branches(volts, *(law.current(volts, state, transistor_ohms) for state in _STATES))


def _layer(law: AbstractTransportLaw, volts: Float[Tensor, " points"]) -> Branches:
    return Branches(volts, *(law.cell_current(volts, state) for state in _STATES))


def _choices(bench: Bench) -> list[str]:
    kiloohms = bench.device.forming.transistor_ohms / 1e3
    return [
        "Two static branches: where the loop changes from one to the other (SET at its upper end, RESET at its lower end) is "
        "drawn, not simulated, because a static law moves no vacancies.",
        "The voltage of the loop is that of the 1T1R cell: switching layer, leads and transistor in series.",
        f"The transistor is the {kiloohms:g} kΩ of forming in both directions, without saturation: no gate voltage of this "
        "measurement is at hand.",
        "The ratio in the table is that of the switching layer alone; the figure also shows it with leads and transistor.",
        "The temperature is constant: no self-heating, which matters at the ends of the loop and little at a read.",
        "Constants of the tunnelling current that the paper's figure does not print are those of the group's compact model.",
    ]


def _at(law: AbstractTransportLaw, volts: float) -> float:
    """HRS/LRS ratio of the layer at a read voltage; at 0 its limit."""
    if volts == 0.0:
        return law.conductance_siemens("lrs") / law.conductance_siemens("hrs")
    return float(_layer(law, torch.tensor([volts], dtype=torch.float64)).ratio())


def voltage_of_ratio(law: AbstractTransportLaw, ratio: float, most_volts: float) -> float | None:
    """Lowest voltage across the layer at which the HRS/LRS ratio has fallen to a value.

    Parameters
    ----------
    law
        Of the current.
    ratio
        To be met.
    most_volts
        Where the search ends.

    Returns
    -------
    float or None
        Volts; None where the ratio is not met on the way.
    """
    volts = torch.linspace(0.0, most_volts, 1001, dtype=torch.float64)[1:]
    below = (_layer(law, volts).ratio() <= ratio).nonzero()
    if len(below) == 0 or _at(law, 0.0) < ratio:
        return None
    high = float(volts[int(below[0])])
    low = high - most_volts / 1000
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _at(law, middle) > ratio else (low, middle)
    return (low + high) / 2


def _ratio_rows(bench: Bench, law: AbstractTransportLaw) -> None:
    """The ratio at several voltages, and the voltage at which it is the published one."""
    published, pulse = bench.published("resistance_ratio"), bench.technology.data.get("set_voltage")
    half = pulse.si / 2 if pulse else 1.0
    met = voltage_of_ratio(law, published.si, half) if published else None
    place = f"the curve meets it at {met:.2f} V" if met else "the curve does not meet it"
    against = Shown(f"Published without a voltage; {place}." if published else _NO_RATIO)
    first = READ_VOLTS[0]
    bench.row("resistance_ratio", f"HRS/LRS ratio of the layer at {first:g} V", Estimate(_at(law, first)), against)
    for volts in (0.0, *READ_VOLTS[1:]):
        words = f"HRS/LRS ratio of the layer at {f'{volts:g} V' if volts else 'low field'}"
        bench.row(f"ratio_at_{round(1000 * volts)}_mv", words, Estimate(_at(law, volts)), Shown(_NO_VOLTAGE))
    read = torch.tensor([first], dtype=torch.float64)
    whole = float(_whole(law, read, bench.device.forming.transistor_ohms).ratio())
    series = Shown(f"With leads and transistor in series. {_NO_VOLTAGE}")
    bench.row("ratio_of_1t1r", f"HRS/LRS ratio of the 1T1R cell at {first:g} V", Estimate(whole), series)
    judge: AbstractJudge = Shown(_NO_RATIO)
    if published:
        judge = Limit(at_most=half, remark="A read must stay below half the SET pulse, which disturbs no cell.")
    bench.row("ratio_voltage", "voltage (V) at which the ratio is the published one", Estimate(met, None, "V"), judge)


def _conductivity_rows(bench: Bench, law: AbstractTransportLaw) -> None:
    """Conductivity and resistance of both states without field."""
    found = bench.published("conductivity_ratio")
    met = voltage_of_ratio(law, found.si, 1.0) if found else None
    place = f"the ratio of the currents falls to it at {met:.2f} V" if met else "the ratio of the currents does not fall to it"
    judge = Shown(f"Published without a field; {place}." if found else _NO_RATIO)
    bench.row("conductivity_ratio", "ratio of the conductivities at low field", Estimate(_at(law, 0.0)), judge)
    other = (
        "The figure prints the conductivity beside the radius of the filament; how it enters is not at hand. The law is a "
        "cylinder with the length, the rate and the factor of the compact model."
    )
    for state in _STATES:
        sigma, ohms = law.conductivity_siemens_per_metre(state), 1.0 / law.conductance_siemens(state)
        words = f"of the layer in {state.upper()} at low field"
        bench.row(f"conductivity_{state}", f"conductivity {words}", Estimate(sigma, None, "S/cm"), Shown(other))
        bench.row(f"resistance_{state}", f"resistance {words}", Estimate(ohms, None, "kohm"), Shown("Not published in ohms."))


def _hopping_rows(bench: Bench) -> None:
    """The compact model's lines through hopping distance and energy, at the trap densities of the two states."""
    entry, data = bench.technology.laws.transport, bench.technology.data
    disagree = "Read with medium certainty: the two sources differ by more than the last digit."
    judges: dict[str, dict[State, AbstractJudge]] = {
        "distance": {"lrs": Within(0.01), "hrs": Within(0.01)},
        "energy": {"lrs": Shown(disagree), "hrs": Within(0.03)},
    }
    for kind, unit in (("distance", "nm"), ("energy", "meV")):
        start, slope = (data.get(f"hop_{kind}_{part}") for part in ("at_zero", "slope"))
        for state in _STATES:
            density = entry.quantities.get(f"density_{state}") if entry else None
            value = start.si - slope.si * density.si if start and slope and density else None
            judge = judges[kind][state] if value is not None else Shown("The technology lists no line through them.")
            words = f"hopping {kind} of the compact model at the trap density of {state.upper()}"
            bench.row(f"hop_{kind}_{state}", words, Estimate(value, None, unit), judge)


def _plot(bench: Bench, loop: Branches, cell: Branches, layer: Branches) -> Plot:
    return Plot(
        "cycling",
        "Quasi-static loop and resistance ratio",
        "a: current of the 1T1R cell against its voltage in the two static states; arrows give the course of the loop. The "
        "dotted changes of state are not simulated: static branches move no vacancies. b: resistance against the read voltage. "
        "c: its ratio; the published ratio has no voltage. Solid: the switching layer alone; dashed: with leads and transistor.",
        lambda: _figure(bench, loop, cell, layer),
    )


def _figure(bench: Bench, loop: Branches, cell: Branches, layer: Branches) -> Figure:
    from ohmnia.analysis._style import house_style, new_figure

    with house_style():
        figure = new_figure(3.9)
        panels = figure.subplot_mosaic([["loop", "ohms"], ["loop", "ratio"]], width_ratios=[1.25, 1.0])
        _loop(panels["loop"], loop)
        _resistances(panels["ohms"], cell, layer)
        _ratios(panels["ratio"], bench, cell, layer)
        for key, letter in (("loop", "a"), ("ohms", "b"), ("ratio", "c")):
            panels[key].set_title(letter)
        panels["ohms"].sharex(panels["ratio"])
        panels["ohms"].tick_params(labelbottom=False)
    return figure


def _loop(axes: Axes, loop: Branches) -> None:
    """|I| on a log axis; each branch where the loop runs on it is solid."""
    from ohmnia.analysis._style import DEVICE, LEARNED, MUTED

    for name, current, color, dash in (("LRS", loop.lrs, DEVICE, "-"), ("HRS", loop.hrs, LEARNED, (0, (5, 1)))):
        axes.plot(loop.volts.numpy(), current.abs().numpy(), color=color, linestyle=dash, label=name)
    axes.set_yscale("log")
    axes.set_ylim(1e-7, 2e-3)
    for end, name, down in ((-1, "SET", False), (0, "RESET", True)):
        volts, ends = float(loop.volts[end]), [abs(float(current[end])) for current in (loop.hrs, loop.lrs)]
        axes.plot([volts, volts], ends, color=MUTED, linestyle=(0, (1, 1)), linewidth=1.6, zorder=0)
        style = {"color": MUTED, "fontsize": 8.5, "va": "bottom", "ha": "left" if down else "right"}
        axes.annotate(f"{name}:\nnot simulated", (volts, max(ends)), (0, 4), textcoords="offset points", **style)
    _arrows(axes, loop)
    axes.set_xlabel("voltage of the 1T1R cell (V)")
    axes.set_ylabel("|current| (A)")
    axes.legend(loc="lower left")


def _arrows(axes: Axes, loop: Branches) -> None:
    """The course of the loop: up in HRS, down and on to the lower end in LRS, back in HRS."""
    from ohmnia.analysis._style import INK

    low, high = float(loop.volts[0]), float(loop.volts[-1])
    for current, start, end, name, aside in (
        (loop.hrs, 0.55 * high, 0.7 * high, "1", -7),
        (loop.lrs, 0.45 * high, 0.3 * high, "2", 0),
        (loop.lrs, 0.3 * low, 0.45 * low, "3", 0),
        (loop.hrs, 0.7 * low, 0.55 * low, "4", 7),
    ):
        near = [int((loop.volts - volts).abs().argmin()) for volts in (start, end)]
        tail, head = ((float(loop.volts[k]), abs(float(current[k]))) for k in near)
        axes.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.0})
        axes.annotate(name, tail, (aside, 5 - abs(aside)), textcoords="offset points", color=INK, fontsize=8.5, ha="center")


def _resistances(axes: Axes, cell: Branches, layer: Branches) -> None:
    from ohmnia.analysis._style import DEVICE, LEARNED

    for which, dash in ((layer, "-"), (cell, (0, (4, 2)))):
        for name, current, color in (("HRS", which.hrs, LEARNED), ("LRS", which.lrs, DEVICE)):
            label = name if which is layer else None
            axes.plot(which.volts.numpy(), (which.volts / current).numpy(), color=color, linestyle=dash, label=label)
    axes.set_yscale("log")
    axes.set_ylim(3e3, 1e6)
    axes.set_ylabel("resistance (Ω)")
    axes.legend(loc="upper right", ncols=2)


def _ratios(axes: Axes, bench: Bench, cell: Branches, layer: Branches) -> None:
    from ohmnia.analysis._style import INK, PALETTE

    color = PALETTE["transferred"]
    axes.plot(layer.volts.numpy(), layer.ratio().numpy(), color=color, label="layer alone")
    axes.plot(cell.volts.numpy(), cell.ratio().numpy(), color=color, linestyle=(0, (4, 2)), label="1T1R cell")
    for name, text in (("resistance_ratio", "published: about"), ("conductivity_ratio", "ratio of σ:")):
        found = bench.published(name)
        if found is not None:
            axes.axhline(found.si, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
            style = {"textcoords": "offset points", "color": INK, "fontsize": 8}
            axes.annotate(f"{text} {found.si:g}", (0.0, found.si), (3, -3), va="top", **style)
    axes.set_xlim(0.0, float(layer.volts[-1]))
    axes.set_ylim(0, None)
    axes.set_xlabel("read voltage (V)")
    axes.set_ylabel("HRS/LRS ratio")
    axes.legend(loc="lower left")
