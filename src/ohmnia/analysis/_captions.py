"""Words of the report: its summary, and for each figure a title, a caption and a text for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from ohmnia._units import MICRO
from ohmnia.analysis._tables import plus_minus
from ohmnia.analysis.metrics import (
    RANGES,
    accuracy_over_time,
    duration_words,
    metric,
    percent,
    points_text,
    published_iterations,
    seconds_words,
    series,
    standard_error,
)
from ohmnia.lifecycle.record import Results
from ohmnia.lifecycle.task import CLASSES, PIXELS
from ohmnia.measured import Curve
from ohmnia.technology import Quantity, Technology


@final
@dataclass(frozen=True, slots=True)
class Words:
    """Text of one figure.

    Parameters
    ----------
    title, caption
        Above and below it.
    alt
        Instead of it.
    """

    title: str
    caption: str
    alt: str


def changed_task(results: Results) -> str:
    """The changed task in words."""
    change = results.scenario.relearn
    return f"the same digits turned by {change.degrees:g}°" if change.task == "rotate" else "the same digits with renamed classes"


def network(results: Results) -> str:
    """The sizes of the network's layers, e.g. "64-32-10"."""
    return "-".join(str(size) for size in (PIXELS, *results.scenario.network.hidden, CLASSES))


def summary(results: Results, technology: Technology, held_out: int, measured: Curve | None) -> str:
    """The run in one paragraph."""
    metrics, last = results.metrics, accuracy_over_time(results.metrics, list(results.scenario.retain.times))[-1]
    software, learned = metric(metrics, "fp_accuracy"), metric(metrics, "learn_accuracy")
    again, again_software = metric(metrics, "relearn_accuracy"), metric(metrics, "relearn_fp_accuracy")
    after = duration_words(last.time)
    sentences = [
        f"A network of {network(results)} units learned handwritten digits on simulated arrays of {technology.name}, with the "
        f"learning rule {type(results.scenario.learn.build_rule()).__name__}: it names {percent(learned)} of the held-out "
        f"images correctly, {points_text(learned, software)} ({percent(software)}).",
        f"Then the same cells were left alone. After {after} the chip is right in {percent(last.learned_raw)} of the cases as it "
        f"is, and in {percent(last.learned_compensated)} with digital drift compensation.",
        "The floating-point network, programmed onto fresh arrays, begins with "
        f"{percent(metric(metrics, 'transfer_accuracy.programmed'))} and comes to {percent(last.transferred_raw)} as it is and "
        f"{percent(last.transferred_compensated)} compensated after {after}.",
        f"Finally the aged chip learned a changed task, {changed_task(results)}: from "
        f"{percent(metric(metrics, 'relearn_before_accuracy'))} to {percent(again)}, {points_text(again, again_software)} "
        f"({percent(again_software)}).",
        f"These are the numbers of one seed; counted on {held_out} images, an accuracy of {percent(software)} has a standard "
        f"error of {100 * standard_error(software, held_out):.1f} points.",
    ]
    if measured is not None and last.age_seconds > max(measured.columns["age"]):
        longest = seconds_words(max(measured.columns["age"]))
        sentences.append(f"The published retention was measured for {longest}; what is later than that is an extrapolation.")
    return " ".join(sentences)


def _beyond(measured: Curve | None) -> str:
    if measured is None:
        return "How long this technology was measured is not recorded, so that nothing is marked as an extrapolation."
    return f"Grey: later than the {seconds_words(max(measured.columns['age']))} that was measured, an extrapolation."


def _source(found: Curve | Quantity) -> str:
    return f"[{found.source}] {plus_minus(found.locator)} ({found.kind})"


def learning(results: Results) -> Words:
    """Of the figure `learning_curves`."""
    metrics = results.metrics
    learned, software = percent(metric(metrics, "learn_accuracy")), percent(metric(metrics, "fp_accuracy"))
    before, again = percent(metric(metrics, "relearn_before_accuracy")), percent(metric(metrics, "relearn_accuracy"))
    caption = (
        "Accuracy on held-out images (top) and mean training loss (bottom) after each epoch, for the chip and for the same "
        f"network in floating point, with the same data in the same order. Left: the first task. Right: {changed_task(results)}; "
        "here the chip begins with the conductances that its first life and its wait have left, and epoch 0 is what it "
        "knows of the new task without learning."
    )
    alt = (
        f"Four panels over the epochs. First task: the chip ends at {learned}, floating point at {software}. "
        f"Changed task: the chip rises from {before} to {again}. The training losses fall in both."
    )
    return Words("Learning on the chip", caption, alt)


def accuracy(results: Results, held_out: int, measured: Curve | None) -> Words:
    """Of the figure `accuracy_over_time`."""
    software, last = metric(results.metrics, "fp_accuracy"), accuracy_over_time(results.metrics)[-1]
    caption = (
        "Accuracy of the chip that learned (circles) and of a chip that the floating-point network was programmed onto "
        "(squares), as read (open, dashed) and with digital drift compensation (filled): a scale and an offset for each "
        "output line, fitted to stored outputs of 64 reference vectors. Nothing is written in between. Points of the same "
        f"time are drawn a little apart. Band: ± one standard error of an accuracy of {percent(software)} counted on {held_out} "
        f"images, so that smaller differences mean little. {_beyond(measured)}"
    )
    alt = (
        f"Accuracy against time on a log axis. After {duration_words(last.time)}: learned {percent(last.learned_raw)} raw and "
        f"{percent(last.learned_compensated)} compensated, transferred {percent(last.transferred_raw)} raw and "
        f"{percent(last.transferred_compensated)} compensated; floating point {percent(software)}."
    )
    return Words("Accuracy over time", caption, alt)


def life(results: Results, measured: Curve | None) -> Words:
    """Of the figure `life_of_cells`."""
    cells = series(results, "cells.learn").shape[1]
    wait = duration_words(results.scenario.retain.times[-1])
    caption = (
        f"Conductance of {cells} cells of the first layer's slow array, from the first epoch to the last: while the chip learns "
        f"(left), while it waits {wait} without a write (middle), and while it learns the changed task (right). Each panel "
        "begins with the state in which the one before ends; no cell is copied, reset or reprogrammed in between. Four "
        f"cells are highlighted. Dotted: the window that weights are mapped onto. {_beyond(measured)}"
    )
    alt = (
        f"Three panels with one conductance axis: {cells} cells move in steps while the chip learns, drift slowly and spread "
        f"during {wait}, and move in steps again from where they are when it learns again."
    )
    return Words("The life of single cells: one state", caption, alt)


def pulses(results: Results, symmetry_point_siemens: float) -> Words:
    """Of the figure `pulse_response`."""
    count, cells = series(results, "pulse_response").shape
    point = f"{symmetry_point_siemens / MICRO:.1f} µS"
    caption = (
        f"Open-loop response of {cells} fresh cells to {count} identical pulses, in the order of [falcone2025] Fig. 5: up, down, "
        "up, down, then alternating. Top: mean and standard deviation between cells. Bottom: three single cells. Alternating "
        f"pulses bring a cell to its symmetry point, where its steps up and down are equal; dashed: the mean cell's, {point}."
    )
    alt = (
        f"Conductance against pulse number: the cells saturate at the upper and the lower bound in turn and, under alternating "
        f"pulses, fluctuate around the symmetry point of {point}."
    )
    return Words("Pulse response", caption, alt)


def programming(results: Results, published: Curve | None, technology: Technology) -> Words:
    """Of the figure `programming`."""
    plan = results.scenario.programming
    fine, coarse = (metric(results.metrics, f"programming_iterations.{key}") for key in RANGES)
    caption = (
        f"Closed-loop program-verify to {plan.levels} levels with {plan.cells_per_level} cells each, for the two published "
        "acceptance ranges. Top: standard deviation of the error right after the last pulse. Bottom: mean number of pulses. "
        "Neither is put in: both follow from the open-loop step, its asymmetry and its noise, and from the bounds that the "
        "closed loop's pulses reach."
    )
    if published is not None:
        caption += f" Open circles: {_source(published)}."
        found = list(published_iterations(technology).values())
        means, places = " and ".join(f"{number.si:.0f}" for number in found), sorted({_source(number) for number in found})
        caption += f" Published mean iterations ({means}): {', '.join(places)}." if found else ""
    least = min(float(series(results, f"programming.iterations.{key}").min()) for key in RANGES)
    if least < 1.0:
        caption += " A level that the cells start in needs no pulse, and its error is that of the start."
    alt = (
        "Four panels against the target conductance. The error rises in proportion to the target. Mean iterations: "
        f"{fine:.1f} at a range of 0.2 % and {coarse:.1f} at 2 %."
    )
    return Words("Closed-loop programming", caption, alt)


def retention(results: Results, published: Curve | None, technology: Technology) -> Words:
    """Of the figure `retention`."""
    change = series(results, "retention.change") / MICRO
    wait = duration_words(results.scenario.retain.times[-1])
    caption = (
        f"Change of conductance of {change.shape[1]:,} cells since their last write, one trajectory for each cell. Left: mean "
        "and percentiles. Right: standard deviation. "
    )
    if published is not None:
        start = technology.results["relaxation_start"].si / MICRO
        caption += f"Open circles: cells programmed to {start:g} µS, {_source(published)}. "
    alt = (
        f"Two panels against time on a log axis. After {wait} the mean change is {change[-1].mean():.2f} µS and the standard "
        f"deviation {change[-1].std():.2f} µS."
    )
    return Words("Retention", caption + _beyond(published), alt)
