"""Figures of physical cells: states, pulse trains, loops, speed, and a parallel outer product."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import torch

from ohmnia.array.circuit import Coincidence, OuterProduct, PhysicalCells, Wires, bits, ngspice, outer_product
from ohmnia.array.circuit.judge import LIMITS, compare_train
from ohmnia.array.circuit.outer_product import SCHEMES
from ohmnia.bench.circuit_figures import Figure, at_least, at_most, close, near
from ohmnia.device import build
from ohmnia.device.compact import HoppingCell
from ohmnia.device.conduction import SquareLawTransistor
from ohmnia.random import Stream, uniform
from ohmnia.technology import cell_model

UP, DOWN, MICRO = 1.35, -1.3, 1e6
# Density: conductance at .2 V and towards 0 V (uS), temperature at the SET and at the RESET voltage (K).
STATES = {
    7e24: (26.508, 21.50, 728.9, 697.4),
    1.64e25: (54.982, 45.76, 866.7, 828.6),
    3.77e25: (90.333, 79.37, 929.3, 888.4),
}
TRAINS = {
    2.5e-6: ({1: 37.77, 5: 85.60, 20: 93.40, 50: 93.68, 100: 93.08, 200: 93.69, 400: 104.80}, 12.94, 57.43, 73.77),
    1e-6: ({1: 30.01, 5: 57.93, 20: 90.25, 50: 93.40}, 16.06, 62.24, 69.07),
}
LOOPS = {10.0: 49.1, 100.0: 17.6, 200.0: 14.9, 1000.0: 9.43}
SET_VOLTS, RESET_VOLTS = {0.1: 1.256, 0.5: 1.285}, {0.1: -1.04, 0.5: -1.20}
_RAMP_POINTS = 260
TRAIN_SECONDS, PRODUCT_SECONDS, DISTURB = 60.0, 120.0, 0.005


def cell_figures(quick: bool) -> Iterator[Figure]:
    """Every figure of this module; `quick` leaves out the timings and shrinks the outer product."""
    model = build(HoppingCell, cell_model(), "compact")
    yield from _states(model)
    for width in TRAINS:
        yield from _trains(model, width)
    yield from _loops(model)
    judged = compare_train(cell_model(), 5 if quick else 50).difference if ngspice.installed() else None
    yield at_most("conductance after each pulse against ngspice, relative", judged, LIMITS["train"])
    if not quick:
        yield _speed(model)
    for scheme in SCHEMES:
        yield from _products(model, scheme, 6 if quick else 64, 2 if quick else 10)


def _states(model: HoppingCell) -> Iterator[Figure]:
    for density, (micro, ohmic, hot, cold) in STATES.items():
        cell = PhysicalCells(model, density, (1,))
        yield near(f"conductance at 0.2 V, C = {density:g} / m^3, uS", float(cell.conductance()) * MICRO, micro, 0.002)
        yield near(f"conductance towards 0 V, C = {density:g} / m^3, uS", float(cell.conductance(1e-3)) * MICRO, ohmic, 0.002)
        for volts, kelvin in ((UP, hot), (DOWN, cold)):
            yield close(f"temperature at {volts:g} V, C = {density:g} / m^3, K", float(cell.static(volts)[2, 0]), kelvin, 1.0)


def _trains(model: HoppingCell, width: float) -> Iterator[Figure]:
    up, down, low, high = TRAINS[width]
    name, cell = f"pulses of {width * MICRO:g} us", PhysicalCells(model, 7e24, (1,))
    after = cell.train(torch.full((400,), UP), width)[:, 0] * MICRO
    for count, micro in up.items():
        yield near(f"{name}: after {count} of {UP:g} V, uS", float(after[count - 1]), micro, 0.01)
    last = float(cell.train(torch.full((400,), DOWN), width)[-1, 0]) * MICRO
    yield near(f"{name}: then 400 of {DOWN:g} V, uS", last, down, 0.01)
    after_up, after_down = cell.symmetry_point(UP, DOWN, width)
    yield near(f"{name}: then alternating, read after RESET, uS", float(after_down) * MICRO, low, 0.01)
    yield near(f"{name}: then alternating, read after SET, uS", float(after_up) * MICRO, high, 0.01)


def _loops(model: HoppingCell) -> Iterator[Figure]:
    for rate, goal in LOOPS.items():
        cell = PhysicalCells(model, 7e24, (1,))
        low = high = torch.ones(1)
        for _ in range(3):
            cell.sweep((0.0, 1.3, 0.0), rate, 0.1)
            low = cell.conductance()
            cell.sweep((0.0, -1.5, 0.0), rate, 0.1)
            high = cell.conductance()
        yield near(f"ratio of the third loop at {rate:g} V/s", float(low / high), goal, 0.02)
    cell = PhysicalCells(model, 7e24, (1,))
    for _ in range(2):
        cell.sweep((0.0, 1.3, 0.0, -1.5, 0.0), 100.0, 0.1)
    for name, end, goals in (("SET", 1.3, SET_VOLTS), ("RESET", -1.5, RESET_VOLTS)):
        found = _switching_volts(cell, end, tuple(goals))
        for (share, goal), volts in zip(goals.items(), found, strict=True):
            yield near(f"{name} of the third loop at 100 V/s, {100 * share:g} % of ln G, V", volts, goal, 0.02)


def _switching_volts(cell: PhysicalCells, end: float, shares: tuple[float, ...]) -> list[float]:
    """Sweep to a voltage and back at 100 V/s; where the cell's ln G has made these shares of the whole change."""
    volts, logs = [0.0], [float(cell.conductance().log())]
    turning = [end * k / _RAMP_POINTS for k in range(_RAMP_POINTS + 1)]
    for start, stop in itertools.pairwise([*turning, *turning[-2::-1]]):
        cell.ramp(start, stop, abs(stop - start) / 100.0)
        volts.append(stop)
        logs.append(float(cell.conductance().log()))
    made, found = [(log - logs[0]) / (logs[-1] - logs[0]) for log in logs], []
    for share in shares:
        k = next(k for k, part in enumerate(made) if part >= share)
        inside = (share - made[k - 1]) / (made[k] - made[k - 1])
        found.append(volts[k - 1] + inside * (volts[k] - volts[k - 1]))
    return found


def _speed(model: HoppingCell) -> Figure:
    spread = uniform(Stream.root(0).child("density"), torch.arange(1024))
    cells = PhysicalCells(model, 7e24 + 3e25 * spread)
    volts = torch.cat([torch.full((400,), UP), torch.full((400,), DOWN), torch.tensor([UP, DOWN]).repeat(650)])
    start = time.perf_counter()
    cells.train(volts, 2.5e-6)
    return at_most("1,024 cells x 2,100 pulses of 2.5 us, seconds", time.perf_counter() - start, TRAIN_SECONDS)


def example_product(model: HoppingCell, scheme: str, size: int, slots: int) -> OuterProduct:
    """A stochastic outer product of uniform vectors on a square array at its symmetry point, 0.35 ohm a segment."""
    stream = Stream.root(0)
    row_bits, column_bits = (
        bits(2 * uniform(stream.child(side), torch.arange(size)) - 1, slots, stream.child(side, "bits"))
        for side in ("rows", "columns")
    )
    cells, wires = PhysicalCells(model, model.density_start_per_m3, (size, size)), Wires(row_ohm=0.35, column_ohm=0.35)
    transistor = build(SquareLawTransistor, cell_model(), "transistor")
    return outer_product(cells, transistor, wires, row_bits, column_bits, Coincidence(scheme))


def _products(model: HoppingCell, scheme: str, size: int, slots: int) -> Iterator[Figure]:
    start = time.perf_counter()
    found = example_product(model, scheme, size, slots)
    seconds, name = time.perf_counter() - start, f"outer product {size} x {size}, {slots} slots, {scheme}"
    yield at_most(f"{name}: seconds", seconds, PRODUCT_SECONDS)
    margin = found.least_selected / max(found.most_unselected, 1e-300)
    yield at_least(f"{name}: least move of a selected cell over the largest of another", min(margin, 1e99), 1.0)
    yield at_most(f"{name}: disturb, half-selected over selected", found.disturb, DISTURB)
