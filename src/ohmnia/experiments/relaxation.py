"""Relaxation (Falcone et al. 2025, Fig. 4a-e): programmed levels after minutes and hours, cells at one level over years."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from ohmnia.experiments._bench import Bench
from ohmnia.experiments._levels import counted_overlaps, overlaps
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._relaxed import LONG_AGES, SHORT_AGES, TEN_MINUTES, Relaxed, memory, relax
from ohmnia.experiments._verdict import Estimate, Shown, Within
from ohmnia.measured import Curve
from ohmnia.technology import Technology

CURVE = "falcone2025-retention"


def relaxation(
    technology: Technology | str | Path = "cmo-hfox",
    seed: int = 0,
    levels: int = 35,
    cells: int = 1000,
    long_cells: int = 20_000,
) -> Outcome:
    """Program tiles and let time pass: levels over the window for an hour, one level for years.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file.
    seed
        Of every draw.
    levels, cells
        Levels of the short test, evenly spaced over the window, 35 as published, and cells at each.
    long_cells
        Cells of the long test.

    Returns
    -------
    Outcome
        Overlap of neighbouring states after 10 minutes, mean error after an hour, mean and deviation of one level up to
        10 years, and the memory of the trajectories.
    """
    bench = Bench("relaxation", "Relaxation (Fig. 4a-e)", technology, seed)
    device, start = bench.device, bench.published("relaxation_start")
    target = torch.linspace(device.g_min_siemens, device.g_max_siemens, levels, dtype=torch.float64)
    level = (device.g_min_siemens + device.g_max_siemens) / 2 if start is None else start.si
    short = relax(bench, "short", target, cells, SHORT_AGES)
    # Rows of a tile at one level: only the number of cells counts.
    long = relax(bench, "long", torch.full((max(long_cells // 1000, 1),), level), min(long_cells, 1000), LONG_AGES.values())
    curve = bench.measured(CURVE)
    _short_rows(bench, short)
    _long_rows(bench, long, curve)
    return bench.outcome(_plots(bench, short, long, curve), _choices(bench, cells, long_cells))


def _choices(bench: Bench, cells: int, long_cells: int) -> list[str]:
    return [
        f"{cells} cells at each level and {long_cells} in the long test, each programmed pulse by pulse and then left alone.",
        "Trajectories are a Brownian motion in the variance: only the distributions at single times are published.",
        "Mean and deviation do not depend on the level: the authors' fit comes from one level.",
        "Ten years lie beyond the last measurement, one week: a straight line in the logarithm of time.",
        *bench.assumptions("retention"),
    ]


def _plots(bench: Bench, short: Relaxed, long: Relaxed, curve: Curve | None) -> list[Plot]:
    from ohmnia.experiments import _relaxation_figures as figures

    measured = "" if curve is None else f" Circles: measured [{curve.source}]."
    return [
        Plot(
            "relaxation-levels",
            "Levels after 10 minutes and an hour",
            "Top: distribution of each level 10 minutes after programming, and its standard deviation then and right after "
            "programming. Bottom: one cell of each level for an hour, and the error of all cells after it.",
            lambda: figures.levels(bench, short),
        ),
        Plot(
            "relaxation-long",
            "One level over ten years",
            "Distribution of the cells at each time, mean, and standard deviation; dashed: the published fit. Ten years are an "
            f"extrapolation.{measured}",
            lambda: figures.long(bench, long, curve),
        ),
        Plot(
            "relaxation-memory",
            "A cell remembers",
            "Correlation of the conductances of the same cells at two times, against the ratio of their standard deviations; a "
            "random walk in the logarithm of time lies on the diagonal, distributions without memory lie at zero.",
            lambda: figures.memory(long),
        ),
    ]


def _short_rows(bench: Bench, short: Relaxed) -> None:
    after, number = short.conductance_siemens[TEN_MINUTES], short.programmed_siemens.size
    sigma = (after - short.target_siemens[:, None]).std(1, ddof=1)
    # A row of deviations is known to 1 / sqrt(2 n); the overlap follows its logarithm.
    shared, spacing = overlaps(short.target_siemens, sigma), float(np.diff(short.target_siemens).mean())
    steepness = math.sqrt(2 / math.pi) * spacing / 2 / float(sigma.mean()) * math.exp(-((spacing / 2 / sigma.mean()) ** 2) / 2)
    estimate = Estimate(float(shared.mean()), steepness / math.sqrt(2 * number), "percent")
    bench.row("overlap_10min", "overlap of neighbouring states after 10 min", estimate, Within(0.15))
    counted = counted_overlaps(after)
    share = Estimate(float(counted.mean()), math.sqrt(counted.mean() / number), "percent")
    reason = "The same without the assumption of normal errors; the paper gives the Gaussian number."
    bench.row("overlap_10min_counted", "the same by counting cells beyond the middle", share, Shown(reason))
    error = short.error_siemens[-1]
    mean = Estimate(float(error.mean()), float(error.std()) / math.sqrt(number), "uS")
    bench.row("error_1h", "mean error of all levels after 1 h", mean, Within(0.10))


def _long_rows(bench: Bench, long: Relaxed, curve: Curve | None) -> None:
    cells = long.conductance_siemens.reshape(len(long.age_seconds), -1)
    sigma, number = cells.std(1, ddof=1), cells.shape[1]
    last = math.inf if curve is None else max(curve.columns["age"])
    for k, (name, age) in enumerate(LONG_AGES.items()):
        text, far = f"after {name[:-1]} {name[-1]}", age > last
        mean = Estimate(float(cells[k].mean()), float(sigma[k]) / math.sqrt(number), "uS")
        spread = Estimate(float(sigma[k]), float(sigma[k]) / math.sqrt(2 * number), "uS")
        bench.row(f"mean_{name}", f"mean of the cells {text}", mean, Within(0.002), "input check", far)
        bench.row(f"sigma_{name}", f"standard deviation {text}", spread, Within(0.05), "input check", far)
    if curve is not None:
        measured = np.array(curve.columns["sigma"])
        there = [k for k, age in enumerate(long.age_seconds) if age in curve.columns["age"]]
        deviation = Estimate(float(np.sqrt(np.mean((sigma[there] / measured - 1) ** 2))), None, "percent")
        reason = "The measured points scatter by up to 40 % about the authors' own fit."
        name, source = "RMS relative deviation of sigma from the measured points", f"{curve.source}, {curve.locator}"
        bench.row("sigma_deviation", name, deviation, Shown(reason), source=source)
    correlation, ratio = memory(long)
    gap = Estimate(float(np.abs(correlation - ratio).max()), None)
    name = "largest |corr(t1, t2) - sigma(t1) / sigma(t2)|"
    # Of 15 pairs the worst of a true random walk lies within about 4 standard errors.
    bench.row("memory", name, gap, bench.limit(at_most=4 / math.sqrt(number), remark="A random walk in the logarithm of time."))
