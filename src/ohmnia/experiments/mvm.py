"""Accuracy of matrix-vector products (Falcone et al. 2025, Fig. 4f): 64 x 64, from the write to ten years; and with wires."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import final

from ohmnia._units import DAY, HOUR, SECOND, YEAR
from ohmnia.array import Wires
from ohmnia.device import Device
from ohmnia.device.read_noise.no_noise import NoReadNoise
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._products import (
    CONVERTERS,
    NO_CONVERTERS,
    Correction,
    Products,
    Setup,
    products,
    reachable,
    through_wires,
)
from ohmnia.experiments._verdict import Estimate, Shown, Within
from ohmnia.random import Stream
from ohmnia.technology import Technology

DECADE = 10 * YEAR
AGES = (0.0, SECOND, HOUR, DAY, DECADE)
NAMES = {0.0: "prog", SECOND: "1s", HOUR: "1h", DAY: "1d", DECADE: "10y"}
WORDS = {0.0: "right after the write", SECOND: "after 1 s", HOUR: "after 1 h", DAY: "after 1 d", DECADE: "after 10 y"}
OHMS = (0.05, 0.1, 0.2, 0.35, 0.7, 1.0, 2.0)
_ALL_ALONE = "Our own number: nothing is published."
_BEYOND = "Beyond what the technology publishes."
_CHOICES = [
    "Weights and inputs are uniform in (-1, 1); 100 vectors a matrix; the RMSE is taken over all products of a matrix, "
    "and its mean and standard error over the matrices.",
    "One device a weight; weight 0 lies in mid-window, and its share is a digital constant, not a reference column.",
    "Closed loop pulse by pulse from the symmetry points of fresh cells. Cells that relax beyond the window stay there.",
    "DAC of 6 bits in steps of 1/31 of full scale, ADC of 8 bits in steps of 15/127: resolutions of 1/(2^6 - 2) and "
    "1/(2^8 - 2) of the whole range. No bound management. Each vector is scaled to its own maximum.",
    "No read noise, as in the published simulation: the read-noise law is replaced by `NoReadNoise`. Own rows switch it on.",
    "No compensation, as published. In own rows each output line gets a scale and a share of sum(x), fitted to the "
    "exact products of 100 other vectors.",
    "Products of 512 inputs are wider by the root of 8, and so is the range of the ADC.",
    "Wires: driven at one end of the rows, sensed at the opposite end of the columns, ideal drivers and amplifiers, one"
    " segment before the first cell. Cells are written with ideal wires and read through these. The published simulation"
    " of wires is not known well enough to be repeated, so that"
    " the judged rows have ideal ones.",
]


@final
@dataclass(frozen=True, slots=True)
class _Found:
    """What was simulated: the published set-up, and variants by name."""

    plain: Products
    variants: dict[str, Products]


def mvm(
    technology: Technology | str | Path = "cmo-hfox",
    seed: int = 0,
    matrices: int = 20,
    vectors: int = 100,
    size: int = 64,
    large: int = 512,
    ohms: tuple[float, ...] = OHMS,
) -> Outcome:
    """Program random matrices, let them age, and hold their products against exact ones.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    matrices, vectors, size
        Random matrices, vectors for each, rows and columns.
    large
        Rows and columns of the larger array.
    ohms
        Resistances of a segment at which wires are simulated, beside the technology's own and 1 ohm.

    Returns
    -------
    Outcome
        The error right after the write and at four ages, and what changes it: read noise, compensation, a wider acceptance
        range, a larger array, wires.
    """
    bench = Bench("mvm", "Accuracy of matrix-vector products (Fig. 4f)", technology, seed)
    device, stream = dataclasses.replace(bench.device, read_noise=NoReadNoise()), bench.stream
    ages = reachable(device, AGES)
    setup = Setup(size, matrices, vectors)
    wide = CONVERTERS.model_copy(update={"adc_range": CONVERTERS.adc_range * (large / 64) ** 0.5})
    several = max(2, matrices // 4)
    found = _Found(
        products(device, setup, ages, stream),
        {
            "noise": products(bench.device, setup, ages, stream),
            "large": products(device, Setup(large, max(2, matrices // 10), vectors, periphery=wide), ages, stream),
            "wired": products(device, dataclasses.replace(setup, matrices=several, wires=_wires(_ohm(bench))), ages, stream),
        },
    )
    if device.programming.acceptance_range is not None:
        found.variants["coarse"] = products(device, dataclasses.replace(setup, acceptance=0.02), ages, stream)
    sweep = _Sweep.run(device, Setup(size, several, vectors, periphery=NO_CONVERTERS), (*ohms, _ohm(bench), 1.0), stream)
    _published_rows(bench, found.plain)
    _own_rows(bench, found)
    _wire_rows(bench, found, sweep)
    assumed = [*bench.assumptions("programming"), *bench.assumptions("retention")]
    return bench.outcome(_plots(bench, found, sweep), [*_CHOICES, *assumed])


def _published_rows(bench: Bench, plain: Products) -> None:
    unknown = Shown("No value is published for this age.")
    for age in AGES:
        judged = Within(0.3, _level(bench, plain, age)) if age in (SECOND, DECADE) else unknown
        judge = judged if age in plain.ages_seconds else Shown(_BEYOND)
        bench.row(f"rmse_{NAMES[age]}", f"RMSE of products, {WORDS[age]}", plain.at(age), judge, extrapolated=age == DECADE)
    if DECADE in plain.ages_seconds:
        rmse = plain.rmse()
        growth = Estimate.of_mean(rmse[plain.ages_seconds.index(DECADE)] / rmse[plain.ages_seconds.index(SECOND)])
        remark = "Free of the level of both numbers."
        bench.row("rmse_growth", "growth of the RMSE from 1 s to 10 y", growth, Within(0.3, remark), extrapolated=True)


def _absolute(plain: Products, age: float) -> Estimate:
    """Mean absolute error at an age."""
    return Estimate.of_mean(plain.errors()[plain.ages_seconds.index(age)].abs().double().mean((1, 2)))


def _level(bench: Bench, plain: Products, age: float) -> str:
    """How the RMSE and the mean absolute error compare with the published number, where there are all three."""
    found, rmse = bench.published(f"rmse_{NAMES[age]}"), plain.at(age).value
    if found is None or rmse is None:
        return ""
    absolute = (_absolute(plain, age).value or 0.0) / found.si
    return f"{rmse / found.si:.2f} times the published number; the mean absolute error, shown below, is {absolute:.2f} times it."


def _own_rows(bench: Bench, found: _Found) -> None:
    def row(name: str, words: str, value: Estimate, reason: str = _ALL_ALONE) -> None:
        bench.row(name, words, value, Shown(reason))

    plain = found.plain
    for age in (SECOND, DECADE):
        if age not in plain.ages_seconds:
            continue
        tag, when = NAMES[age], WORDS[age]
        row(
            f"mae_{tag}",
            f"mean absolute error, {when}",
            _absolute(plain, age),
            "To be read beside the published numbers of the RMSE.",
        )
        row(f"noise_{tag}", f"RMSE with read noise, {when}", found.variants["noise"].at(age))
        if "coarse" in found.variants:
            row(f"coarse_{tag}", f"RMSE at an acceptance range of 2 %, {when}", found.variants["coarse"].at(age))
        large = found.variants["large"]
        side = large.inputs.shape[-1]
        row(f"large_{tag}", f"RMSE of {side} x {side} products, {when}", large.at(age))
        spread = large.expected.double().std((1, 2))
        share = Estimate.of_mean(large.rmse()[plain.ages_seconds.index(age)] / spread)
        row(f"large_share_{tag}", f"the same over the deviation of the exact products, {when}", share)
    known = DECADE in plain.ages_seconds
    limit = bench.limit(at_most=0.16, remark="Scale and share of sum(x) of each output line, fitted on other vectors.")
    bench.row(
        "compensated_10y",
        "RMSE after 10 y, compensated",
        plain.at(DECADE, "lines"),
        limit if known else Shown(_BEYOND),
        extrapolated=True,
    )


# --- wires ------------------------------------------------------------------------------------------------------------


def _ohm(bench: Bench) -> float:
    segment = bench.technology.data.get("wire_segment")
    return segment.si if segment else 0.35


def _wires(ohm: float) -> Wires:
    return Wires(row_ohm=ohm, column_ohm=ohm)


SCHEMES = {
    "digital": "one device a weight",
    "column": "with a reference column",
    "lines": "one device a weight, corrected",
    "pairs": "differential pairs",
}


@final
@dataclass(frozen=True, slots=True)
class _Sweep:
    """RMSE that wires alone cause (no converters, right after the write), by scheme, against ohm a segment."""

    ohms: tuple[float, ...]
    found: dict[str, list[Estimate]]

    @staticmethod
    def run(device: Device, setup: Setup, resistances: tuple[float, ...], stream: Stream) -> _Sweep:
        """Simulate every resistance once."""
        ohms = tuple(sorted(set(resistances)))
        wires = [_wires(value) for value in ohms]
        single = through_wires(device, setup, wires, stream)
        column = through_wires(device, dataclasses.replace(setup, reference_line=True), wires, stream)
        pairs = through_wires(device, dataclasses.replace(setup, pairs=True), wires, stream)
        found = {
            "digital": [each.at(0.0) for each in single],
            "column": [each.at(0.0) for each in column],
            "lines": [each.at(0.0, "lines") for each in single],
            "pairs": [each.at(0.0) for each in pairs],
        }
        return _Sweep(ohms, found)

    def at(self, scheme: str, ohm: float) -> Estimate:
        """One number."""
        return self.found[scheme][self.ohms.index(ohm)]


def _wire_rows(bench: Bench, found: _Found, sweep: _Sweep) -> None:
    ohm = _ohm(bench)
    reason = "Our own number: exact circuit, no converters, right after the write."
    for value, tag in ((ohm, ""), (1.0, "_1ohm")):
        for name, words in SCHEMES.items():
            bench.row(f"wires_{name}{tag}", f"RMSE by wires of {value:g} Ω, {words}", sweep.at(name, value), Shown(reason))
    cell, wires = found.plain.at(SECOND), sweep.at("digital", ohm)
    ratio = None if cell.value is None or wires.value is None else wires.value / cell.value
    spread = (wires.error or 0.0) / (wires.value or 1.0)
    judge = bench.limit(at_least=1.0, remark="Wires, and not the cells, dominate an array that is not corrected.")
    error = None if ratio is None else ratio * spread
    bench.row("wires_over_cell", "error by wires alone over that of the cells at 1 s", Estimate(ratio, error), judge)
    for age in (SECOND, DECADE):
        if age in found.plain.ages_seconds:
            tag, when = NAMES[age], WORDS[age]
            wired = found.variants["wired"]
            bench.row(f"wired_{tag}", f"RMSE of the whole set-up with wires, {when}", wired.at(age), Shown(_ALL_ALONE))
            bench.row(f"wired_lines_{tag}", f"the same, corrected, {when}", wired.at(age, "lines"), Shown(_ALL_ALONE))


# --- figures ----------------------------------------------------------------------------------------------------------


def _plots(bench: Bench, found: _Found, sweep: _Sweep) -> list[Plot]:
    from ohmnia.experiments import _product_figures as figures

    published = {age: value.si for age in (SECOND, DECADE) if (value := bench.published(f"rmse_{NAMES[age]}"))}
    curves: dict[str, tuple[Products | None, Correction]] = {
        "published set-up": (found.plain, "none"),
        "with read noise": (found.variants["noise"], "none"),
        "acceptance range 2 %": (found.variants.get("coarse"), "none"),
        "compensated": (found.plain, "lines"),
    }
    known: dict[str, tuple[Products, Correction]] = {
        name: (part, how) for name, (part, how) in curves.items() if part is not None
    }
    cell = {WORDS[age]: value for age in (SECOND, DECADE) if (value := found.plain.at(age).value) is not None}
    return [
        Plot(
            "mvm",
            "Matrix-vector products from the write to 10 years",
            "Left: products of the array against exact products, right after the write and at three ages; inset: RMSE "
            "against time. Right: the same RMSE with read noise, with a wider acceptance range, and with a digital "
            "scale and offset for each line. Open squares: published. Bars: standard error over the matrices, where "
            "larger than the marker.",
            lambda: figures.accuracy(found.plain, known, published),
        ),
        Plot(
            "wires",
            "What wires do to the same products",
            "RMSE that the wires alone cause against the resistance of one segment, by the exact circuit, right after "
            "the write. Horizontal lines: the RMSE of the whole "
            "set-up with ideal wires. Dotted: the wire of the published simulation.",
            lambda: figures.wires(sweep.ohms, {SCHEMES[name]: values for name, values in sweep.found.items()}, cell, _ohm(bench)),
        ),
    ]
