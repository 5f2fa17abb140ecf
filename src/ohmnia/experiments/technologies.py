"""Technologies side by side (Falcone et al. 2025, abstract and Fig. 4f): error of the write, and products over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._units import DAY, HOUR, SECOND, YEAR
from ohmnia.array import Tile, mapping
from ohmnia.device import Device, resolve
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._products import CONVERTERS, Correction, Products, Setup, products, reachable
from ohmnia.experiments._verdict import Estimate, Shown
from ohmnia.random import Stream
from ohmnia.technology import Technology
from ohmnia.technology import technology as load

DECADE = 10 * YEAR
AGES = (0.0, SECOND, 60.0, HOUR, DAY, 2 * DAY, YEAR, DECADE)
LEVELS, MIDDLE = 17, 8
_SHOWN = ((SECOND, "1s", "after 1 s"), (DAY, "1d", "after 1 d"), (2 * DAY, "2d", "after 2 d"), (DECADE, "10y", "after 10 y"))
_END = "Published to 2 d only: what comes later is not simulated."
_INDEPENDENT = {
    "wan_1s": "An independent simulation of the same law, with idle devices at 0 and not at 1 µS, gave 0.214.",
    "wan_2d": "An independent simulation of the same law, with idle devices at 0 and not at 1 µS, gave 0.395.",
    "pcm_1s": "An independent simulation of the same law gave 0.221.",
    "pcm_10y": "An independent simulation of the same law gave 1.489.",
    "pcm_scaled_1s": "An independent simulation of the same law gave 0.222.",
    "pcm_scaled_10y": "An independent simulation of the same law gave 0.451.",
}
_CHOICES = [
    "Every technology has all of its published laws, read noise included; the converters and products are those of Fig. 4f.",
    "The first technology stores a weight in one device, the others in a differential pair over their whole window.",
    "Wan 2022: the error at 1 s is that of the write; between 1 s, 1 d and 2 d the width is linear in the logarithm of time.",
    "Phase-change memory: drift begins at the first read, 20 s; each cell keeps its exponent until it is written again.",
    "Global drift compensation multiplies every product by one number, which brings the mean |product| of 100 other vectors "
    "back to that right after the write.",
    "Error of the write: 400 cells at each of 17 levels over the window, in siemens.",
]


@final
@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the comparison.

    Parameters
    ----------
    key, name
        For rows, and for people.
    technology
        As loaded.
    pairs
        Differential pairs.
    correction
        See `Products.errors`.
    """

    key: str
    name: str
    technology: Technology
    pairs: bool
    correction: Correction = "none"


def technologies(
    technology: Technology | str | Path = "cmo-hfox", seed: int = 0, matrices: int = 20, vectors: int = 100, cells: int = 400
) -> Outcome:
    """Hold a technology against Wan 2022 and phase-change memory on one bench.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    matrices, vectors
        Random matrices, and vectors for each.
    cells
        Cells of each level whose error of the write is measured.

    Returns
    -------
    Outcome
        RMSE of products over time, factors between technologies, and the error of the write at each level.
    """
    bench = Bench("technologies", "Against other technologies (abstract, Fig. 4f)", technology, seed)
    pcm, wan = load("pcm"), load("wan-2022")
    contenders = [
        Contender("own", bench.technology.name, bench.technology, pairs=False),
        Contender("wan", "RRAM, Wan 2022", wan, pairs=True),
        Contender("pcm", "PCM", pcm, pairs=True),
        Contender("pcm_scaled", "PCM, global drift compensation", pcm, pairs=True, correction="scale"),
    ]
    bench.citations |= {*wan.citations(), *pcm.citations()}
    devices = {c.technology.id: resolve(c.technology) for c in contenders}
    found: dict[str, Products] = {}
    for c in contenders:
        device, setup = devices[c.technology.id], Setup(64, matrices, vectors, pairs=c.pairs, periphery=CONVERTERS)
        if c.technology.id not in found:
            found[c.technology.id] = products(device, setup, reachable(device, AGES), bench.stream)
    errors = {key: write_errors(device, cells, bench.stream.child(key)) for key, device in devices.items()}
    _time_rows(bench, contenders, found)
    _factor_rows(bench, contenders, found)
    _write_rows(bench, errors, contenders)
    return bench.outcome(_plots(contenders, found, errors), _CHOICES)


@final
@dataclass(frozen=True, slots=True)
class WriteErrors:
    """Error of the write at levels over the window.

    Parameters
    ----------
    level_siemens, sigma_siemens
        Targets, and standard deviation of the error of the cells at each.
    cells
        At each level.
    """

    level_siemens: Float[Tensor, " levels"]
    sigma_siemens: Float[Tensor, " levels"]
    cells: int


def write_errors(device: Device, cells: int, stream: Stream) -> WriteErrors:
    """Write `cells` cells to each of 17 levels by the technology's own procedure."""
    layout = mapping(device, "one-device", "mid-window")
    tile = Tile((LEVELS, cells), device, layout, CONVERTERS, stream.child("levels"))
    weights = torch.linspace(*layout.limits, LEVELS)[:, None].expand(LEVELS, cells).contiguous()
    tile.program(weights)
    target = layout.conductances(weights)[0]
    sigma = (tile.conductance[0].double() - target).std(1)
    return WriteErrors(target[:, 0], sigma, cells)


def _time_rows(bench: Bench, contenders: list[Contender], found: dict[str, Products]) -> None:
    for c in contenders:
        part = found[c.technology.id]
        for age, tag, when in _SHOWN:
            if age == 2 * DAY and c.key != "wan":
                continue
            known = age in part.ages_seconds
            reason = _INDEPENDENT.get(f"{c.key}_{tag}", "Our own number on this bench.") if known else _END
            value = part.at(age, c.correction)
            bench.row(f"{c.key}_{tag}", f"{c.name}: RMSE {when}", value, Shown(reason), extrapolated=known and age == DECADE)


def _ratio(contender: Contender, own: Contender, found: dict[str, Products], age: float) -> Estimate:
    """Error of a contender over that of the technology itself; the matrices are the same."""
    parts = [found[c.technology.id] for c in (contender, own)]
    if any(age not in part.ages_seconds for part in parts):
        return Estimate(None)
    other, mine = (part.rmse(c.correction)[part.ages_seconds.index(age)] for part, c in zip(parts, (contender, own), strict=True))
    return Estimate.of_mean(other / mine)


def _factor_rows(bench: Bench, contenders: list[Contender], found: dict[str, Products]) -> None:
    own, others = contenders[0], contenders[1:]
    bench.row(
        "improvement_1s",
        "error of Wan 2022 over that of the technology at 1 s",
        _ratio(others[0], own, found, SECOND),
        Shown(
            "Not reproduced. The published factor divides an error of about 0.6 that was measured on hardware (0.06 x 10, "
            "0.2 x 3), with all of that chip's circuits in it; its published cell errors alone give this one."
        ),
    )
    bench.row(
        "improvement_10y",
        "the same at 10 y",
        _ratio(others[0], own, found, DECADE),
        Shown("Not simulated: the cells of Wan 2022 are published to 2 d only, and the reference of about 0.6 has no time."),
        extrapolated=True,
    )
    for c, age, tag, when in (
        (others[0], 2 * DAY, "2d", "at 2 d"),
        (others[1], SECOND, "1s", "at 1 s"),
        (others[1], DECADE, "10y", "at 10 y"),
        (others[2], DECADE, "10y", "at 10 y"),
    ):
        value = _ratio(c, own, found, age)
        words = f"error of {c.name} over that of the technology {when}"
        bench.row(f"factor_{c.key}_{tag}", words, value, Shown("Our own number."), extrapolated=age == DECADE)


def _write_rows(bench: Bench, errors: dict[str, WriteErrors], contenders: list[Contender]) -> None:
    own = errors[contenders[0].technology.id]
    remark = "Standard deviations in siemens at mid-window; the figure shows every level."
    for c in contenders[1:3]:
        other = errors[c.technology.id]
        value = float(other.sigma_siemens[MIDDLE] / own.sigma_siemens[MIDDLE])
        # Relative error of a deviation: 1 / sqrt(2 n), for each of the two.
        bench.row(
            f"programming_gain_{c.key}",
            f"error of the write of {c.name} over that of the technology",
            Estimate(value, value / own.cells**0.5),
            bench.limit(at_least=10.0, remark=remark),
        )


def _plots(contenders: list[Contender], found: dict[str, Products], errors: dict[str, WriteErrors]) -> list[Plot]:
    from ohmnia.experiments import _product_figures as figures

    curves: dict[str, tuple[Products, Correction]] = {c.name: (found[c.technology.id], c.correction) for c in contenders}
    levels = {c.name: (errors[c.technology.id].level_siemens, errors[c.technology.id].sigma_siemens) for c in contenders[:3]}
    return [
        Plot(
            "technologies",
            "Products and writes of three technologies",
            "Left: RMSE of 64 x 64 products against time. Right: standard deviation of the error of the write against the level. "
            "Wan 2022 ends where its publication does. Bars: standard error over the matrices, where larger than the marker.",
            lambda: figures.comparison(curves, levels),
        )
    ]
