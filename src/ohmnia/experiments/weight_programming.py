"""Weight programming by learning rules (Rasch et al. 2024, Fig. 4): error against states and offset of the reference.

Four rules teach a 20 x 20 array a fixed matrix, on a toy device. TTv2 and chopped TTv2 read their fast tile against a
reference that should be its symmetry points and is off by N(0, sigma_r); AGAD finds its own reference; SGD has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.device import resolve
from ohmnia.experiments._bench import Bench
from ohmnia.experiments._outcome import Outcome, Plot
from ohmnia.experiments._programmed import (
    BATCH,
    LEARNING_RATE,
    RULES,
    Cells,
    Task,
    programming_errors,
    programming_task,
    toy_cells,
)
from ohmnia.experiments._verdict import AbstractJudge, Estimate, Limit, Shown, Within
from ohmnia.random import Stream
from ohmnia.technology import Technology
from ohmnia.technology import technology as load

TOY, STATES = "rasch2024-toy", 20.0
# sigma_pm of the caption of Fig. 4; that of Fig. 3, which the technology follows, has 0.3.
NARROW = 0.1
# 9 % over 5 %: the rise that the paper calls significant.
FAILURE = 1.8
_SOURCE = "rasch2024, Fig. 4"
_ABOUT = "The paper's 'about' is taken as within a quarter."
_SKEW = (
    "The spread of the asymmetry is the 0.3 of Fig. 3: the 0.1 in the caption of Fig. 4, in rows of their own, does not give the "
    "errors of the paper's text."
)
_KEYS = {"SGD": "sgd", "TTv2": "ttv2", "c-TTv2": "cttv2", "AGAD": "agad"}

Errors = dict[str, dict[float, Float[Tensor, "_ _"]]]


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What all rows share.

    Parameters
    ----------
    states, offsets
        Of the maps.
    task
        What is learned.
    streams
        One for each set of arrays.
    """

    states: tuple[float, ...]
    offsets: tuple[float, ...]
    task: Task
    streams: tuple[Stream, ...]

    def offsets_of(self, name: str) -> tuple[float, ...]:
        """What is simulated: a rule without a reference of its own needs no more than a check that there is no change."""
        return {"SGD": (0.0,), "AGAD": (0.0, self.offsets[-1])}.get(name, self.offsets)


def weight_programming(
    technology: Technology | str | Path = "cmo-hfox",
    seed: int = 0,
    seeds: int = 3,
    states: Sequence[float] = (5.0, 10.0, 20.0, 50.0, 100.0),
    offsets: Sequence[float] = (0.0, 0.1, 0.2, 0.5, 1.0),
    size: int = 20,
    samples: int = 40_000,
) -> Outcome:
    """Learn a fixed matrix with SGD, TTv2, chopped TTv2 and AGAD, on the toy device of Rasch et al. and on a technology.

    Parameters
    ----------
    technology
        A technology, its id, or the path of its file; it gets rows of its own where it has pulses in both directions.
    seed
        Of every draw.
    seeds
        Sets of arrays, each with its own cells, pulses and errors of the reference; target and inputs are the same for all.
    states
        Numbers of states on [-1, 1]; 20 is always among them.
    offsets
        sigma_r in weights; 0, 0.1 and 0.5 are always among them.
    size
        Rows and columns.
    samples
        Inputs.

    Returns
    -------
    Outcome
        Weight errors as rows and heat maps.
    """
    bench = Bench("weight-programming", "Weight programming by learning rules (Rasch et al. 2024, Fig. 4)", TOY, seed)
    bench.citations |= {key for rule in RULES.values() for key in rule.citations}
    plan = Plan(
        tuple(sorted({STATES, *states})),
        tuple(sorted({0.0, 0.1, 0.5, *offsets})),
        programming_task(size, samples, bench.stream),
        tuple(bench.stream.child("arrays", k) for k in range(seeds)),
    )
    errors = _all_errors(bench, plan)
    _error_rows(bench, plan, errors)
    _offset_rows(bench, plan, errors)
    _narrow_rows(bench, plan)
    _digital_rows(bench, plan, size)
    left_out = _technology_rows(bench, plan, technology)
    from ohmnia.experiments import _programmed_figures as figures

    plot = Plot(
        "weight-programming",
        "Weight error against the reference's offset and the number of states",
        f"Root mean square of W - W* in percent of a unit of weight, mean of {seeds} sets of arrays. SGD has no reference, and "
        f"AGAD finds its own: they were simulated without an offset, and AGAD with one of {plan.offsets[-1]:g} too.",
        lambda: figures.maps(_maps(plan, errors), plan.states, plan.offsets),
    )
    return bench.outcome([plot], [*_choices(size, samples), *left_out])


def _all_errors(bench: Bench, plan: Plan) -> Errors:
    found: Errors = {name: {} for name in RULES}
    for number in plan.states:
        cells = toy_cells(bench.technology, number)
        for name, rule in RULES.items():
            found[name][number] = programming_errors(rule, plan.offsets_of(name), cells, plan.task, plan.streams)
    return found


def _maps(plan: Plan, errors: Errors) -> Mapping[str, Float[np.ndarray, "states offsets"]]:
    """Means over the sets of arrays; what does not depend on the offset is repeated."""
    wide = len(plan.offsets)
    found = {}
    for name, by_states in errors.items():
        rows = [own.mean(1) for own in by_states.values()]
        found[name] = torch.stack([row if len(row) == wide else row[:1].expand(wide) for row in rows]).numpy()
    return found


def _error_rows(bench: Bench, plan: Plan, errors: Errors) -> None:
    """The rules at 20 states, without an offset and with the least one that the paper prints a number for."""
    judges: dict[str, AbstractJudge] = {"SGD": Limit(at_least=0.25, remark=_SKEW), "TTv2": Within(0.25, _ABOUT)}
    other = Limit(at_most=1.25 * 0.05, remark="No number is printed; held against TTv2's, which it should not exceed.")
    for name in RULES:
        value, text = Estimate.of_mean(errors[name][STATES][0], "percent"), f"weight error, {name}, 20 states, no offset"
        bench.row(f"{_KEYS[name]}_error", text, value, judges.get(name, other), source=_SOURCE)
    found = Estimate.of_mean(errors["TTv2"][STATES][plan.offsets.index(0.1)], "percent")
    bench.row("ttv2_error_0_1", "weight error, TTv2, 20 states, offset 0.1", found, Within(0.25, f"{_ABOUT} {_SKEW}"))


def _offset_rows(bench: Bench, plan: Plan, errors: Errors) -> None:
    """How much of an offset each rule bears."""
    ttv2, chopped = (_tolerated(plan, errors[name][STATES]) for name in ("TTv2", "c-TTv2"))
    text = f"offset at which the error is {FAILURE:g} times that without one, 20 states"
    bench.row("ttv2_tolerated", f"{text}, TTv2", ttv2, Shown("The paper: from 0.1. Judged by the error at 0.1."), source=_SOURCE)
    remark = "The paper: the same error up to 0.5. The factor is that of TTv2's 9 % over 5 %."
    bench.row("cttv2_tolerated", f"{text}, c-TTv2", chopped, Limit(at_least=0.5, remark=remark), source=_SOURCE)
    at = plan.offsets.index(0.5)
    rise = {number: float((own[at].mean() / own[0].mean()).item()) for number, own in errors["c-TTv2"].items()}
    if plan.states[-1] > STATES:
        name = f"error of c-TTv2 at an offset of 0.5 over that without one, {plan.states[-1]:g} states"
        judge = Limit(at_least=rise[STATES], remark="The paper: the more states, the less is corrected. Limit: at 20 states.")
        bench.row("cttv2_rise_most_states", name, Estimate(rise[plan.states[-1]]), judge, source=_SOURCE)
    changes = [own - own[:1] for own in errors["AGAD"].values()]
    changed = Estimate(float(torch.stack(changes).abs().max()), None, "percent")
    name = f"largest change of AGAD's error by an offset of {plan.offsets[-1]:g}"
    judge = Limit(at_most=0.0, remark="No write before its own reference has replaced the first one.")
    bench.row("agad_change", name, changed, judge, source=_SOURCE)


def _tolerated(plan: Plan, errors: Float[Tensor, "offsets seeds"]) -> Estimate:
    """Where the error passes a multiple of that without offset, interpolated; the last offset where it never does."""
    means = errors.mean(1)
    return Estimate(_crossing(plan.offsets, (means / means[0]).tolist(), FAILURE))


def _crossing(x: Sequence[float], y: Sequence[float], level: float) -> float:
    for k in range(1, len(x)):
        if y[k] > level:
            return x[k - 1] + (x[k] - x[k - 1]) * (level - y[k - 1]) / (y[k] - y[k - 1])
    return x[-1]


def _narrow_rows(bench: Bench, plan: Plan) -> None:
    """The printed numbers once more, with the narrower spread of the asymmetry."""
    cells = toy_cells(bench.technology, STATES, NARROW)
    wanted = {"SGD": (0.0,), "TTv2": (0.0, 0.1), "c-TTv2": (0.0, 0.5)}
    printed = {("SGD", 0.0): " The paper: above 25 %.", ("TTv2", 0.0): " The paper: 5 %.", ("TTv2", 0.1): " The paper: 9 %."}
    for name, offsets in wanted.items():
        found = programming_errors(RULES[name], offsets, cells, plan.task, plan.streams)
        for offset, values in zip(offsets, found, strict=True):
            key = f"{_KEYS[name]}_error" + (f"_{offset:g}".replace(".", "_") if offset else "") + "_narrow"
            text = f"weight error, {name}, 20 states, offset {offset:g}, spread of the asymmetry {NARROW:g}"
            reason = f"The spread of the caption of Fig. 4, not of Fig. 3.{printed.get((name, offset), '')}"
            bench.row(key, text, Estimate.of_mean(values, "percent"), Shown(reason), source=_SOURCE)


def _digital_rows(bench: Bench, plan: Plan, size: int) -> None:
    """The same where H does not follow the size of the gradient, lambda_H = lambda n_s n / (gamma_0 delta)."""
    cells = toy_cells(bench.technology, STATES)
    reason = "The paper also leaves lambda_A out of lambda_H; the noise of H then does not fall with the gradient."
    for name, offset in (("c-TTv2", 0.5), ("AGAD", 0.0)):
        rule = RULES[name].model_copy(update={"scaling": "granularity"})
        rate = LEARNING_RATE * 5 * size / 200.0
        found = programming_errors(rule, (offset,), cells, plan.task, plan.streams, rate)
        text = f"weight error, {name}, 20 states, offset {offset:g}, H without lambda_A"
        bench.row(f"{_KEYS[name]}_error_granularity", text, Estimate.of_mean(found[0], "percent"), Shown(reason), source=_SOURCE)


def _technology_rows(bench: Bench, plan: Plan, technology: Technology | str | Path) -> list[str]:
    """The rules on the technology that was asked for; a word where it cannot learn."""
    own = technology if isinstance(technology, Technology) else load(technology)
    device = resolve(own)
    if not device.update.bidirectional:
        return [f"{own.id} has no pulses in both directions and gets no rows."]
    bench.citations |= set(own.citations())
    for name, rule in RULES.items():
        found = programming_errors(rule, (0.0,), Cells(device, device), plan.task, plan.streams)
        reason = "The same task and settings on the technology itself, which the paper does not have."
        text = f"weight error, {name}, {own.id}, no offset"
        bench.row(f"{_KEYS[name]}_error_technology", text, Estimate.of_mean(found[0], "percent"), Shown(reason))
    return []


def _choices(size: int, samples: int) -> list[str]:
    return [
        f"As published: {size} x {size} target of N(0, 0.3), inputs of N(0, 1), the same for all; lambda 0.1, l_max 5, n_s 5, "
        "gamma_0 200, flips with probability 0.1, beta 0.5; spreads of 0.3 (Fig. 3; the caption of Fig. 4 has 0.1 for the "
        "asymmetry), none for the weights' bounds (Fig. 4).",
        f"Not published, chosen: {samples} inputs; weights that start at 0; d = (y - y*) / m of {BATCH} inputs at once, their "
        "pulses one after the other. With single inputs every error at 20 states stayed within 0.6 points.",
        "lambda_H = lambda n_s n / (gamma_0 delta lambda_A), with lambda_A from running means of the maxima.",
        "AGAD's choppers are regular, every 10 reads; those of c-TTv2 flip at random. H loses the steps that leave it.",
        "Inputs and products pass the default converters, 7 and 9 bits, and so do the reads of the fast tile.",
    ]
