"""Time a kernel member on a GPU, as a fraction of the card's memory bandwidth.

    PYTHONPATH=src python benchmarks/gpu.py OUT.json [--member cuda] [--quick] [--sides 512 4096] [--blocks 32 64 128]

It needs torch, triton, numpy and the package's source, and imports nothing of ohmnia but `ohmnia.kernels` and
`ohmnia.random`. The "cuda" member gets the arrays of the contract as torch tensors on the card; any other member gets
numpy arrays and is timed by the clock. The device is the ReRamSB cell of `ohmnia.bench`, without spread.

`seconds` is a call as a program makes it, launches included, by CUDA events around a row of calls; `device_seconds` is the
same call replayed from a CUDA graph, without the host. The bandwidth is that of a copy, and `bytes` is what the work has to
move at least: 32 bytes for each cell that an update pulses (conductance read and written, five parameters, epoch), the weights
(and their variances) for a read. Before the times, every verb is compared with the compiled member (numba) at a small size.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ohmnia.kernels import (
    Acceptance,
    Cells,
    ClosedLoop,
    Converter,
    Converters,
    Keys,
    ReadPath,
    Targets,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
    member,
    reads_of,
)
from ohmnia.random import Stream, quantile_normal, uniform

SPANS = {"dense": 0.3, "medium": 0.1, "sparse": 0.01}
BATCH, LENGTH = 32, 31
# ReRamSB in siemens: weight 0 at 100 uS, 20 uS a unit of weight; see ohmnia.bench.soft_bounds_reference.
STEP_WEIGHT, LOW, HIGH, NOISE = 0.002, -0.75, 1.25, 3.75
ZERO_SIEMENS, PER_WEIGHT_SIEMENS = 100e-6, 20e-6
STREAM = Stream.root(20)
LAW, TRAINS = UpdateLaw(0, 0, 1.0, 1.0), Trains(STEP_WEIGHT, LENGTH, 0, 0)
# The presets of ohmnia.bench for this cell: fast_rate .5 * 31, choppers, scaling by granularity.
TTV2 = TransferSettings(0.5 * LENGTH, 1000.0, 0.05 / STEP_WEIGHT, 0.0, 1, 0, 0.0, 0, 0, 1.0, 0, 1, 0.0)
AGAD = TTV2._replace(period=50, wait=50, dynamic=1, mean_rate=0.1)
STEPS = {"agad": AGAD, "ttv2": TTV2}
CONVERTERS = Converters(1.0 / 63.0, Converter(20.0, 20.0 / 255.0, 0.1), 4)
EDGES = (ZERO_SIEMENS + PER_WEIGHT_SIEMENS * LOW, ZERO_SIEMENS + PER_WEIGHT_SIEMENS * HIGH)
ACCEPTANCE = 0.002


class Clock(NamedTuple):
    """Times of one kind of call: `calls` in a row, `repeats` times; the last pulses that it reported."""

    seconds: list[float]
    device_seconds: float | None


@lru_cache(maxsize=4)
def _drawn(count: int) -> torch.Tensor:
    """Uniform numbers for the cells of a tile; drawn once, since a large tile takes a while."""
    return uniform(STREAM.child("weights"), torch.arange(count)).float()


def _keys(use: int) -> Keys:
    return Keys(*((part.key0, part.key1) for part in (STREAM.at(use).at(k) for k in range(3))))


def _pairs(use: int) -> TransferKeys:
    own = [STREAM.at(use).at(k) for k in range(3, 7)]
    return TransferKeys(_keys(use), *((part.key0, part.key1) for part in own))


class Bench:
    """One member and where its arrays live."""

    def __init__(self, name: str, quick: bool = False, block: int | None = None) -> None:
        self.name, self.device = name, "cuda" if name == "cuda" and torch.cuda.is_available() else "cpu"
        kernel: Any = member(name)
        self.kernel: Any = kernel if block is None else type(kernel)(block)
        self.on_card, self.repeats, self.samples = self.device == "cuda", 2 if quick else 15, 2 if quick else BATCH

    def place(self, values: torch.Tensor) -> Any:
        """An array where the member wants it."""
        values = values.contiguous().clone()
        return values.to(self.device) if self.name == "cuda" else values.numpy()

    def measure(self, run: Callable[[], Any], aim_seconds: float = 5e-3) -> Clock:
        """Times of one run, after some for warming up."""
        for _ in range(2):
            run()
        if not self.on_card:
            return Clock([self._clock(run) for _ in range(self.repeats)], None)
        calls = max(1, min(50, math.ceil(aim_seconds / max(self._event(run), 1e-6))))
        times = [self._event(run, calls) for _ in range(self.repeats)]
        return Clock(times, self._replayed(run))

    @staticmethod
    def _clock(run: Callable[[], Any]) -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    @staticmethod
    def _event(run: Callable[[], Any], calls: int = 1) -> float:
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        before.record()
        for _ in range(calls):
            run()
        after.record()
        torch.cuda.synchronize()
        return before.elapsed_time(after) / 1e3 / calls

    def _replayed(self, run: Callable[[], Any], calls: int = 10) -> float | None:
        """The median time of a call in a CUDA graph; None where it cannot be captured."""
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                for _ in range(calls):
                    run()
        except RuntimeError as error:
            print(f"no graph: {str(error).splitlines()[0]}")
            torch.cuda.synchronize()
            return None
        graph.replay()
        return statistics.median(self._event(graph.replay) for _ in range(5)) / calls

    def copy_bandwidth(self, size: int) -> float:
        """Bytes a second that a copy reads and writes."""
        source = torch.ones(size // 4, device=self.device)
        target = torch.empty_like(source)
        return 2.0 * size / statistics.median(self.measure(lambda: target.copy_(source)).seconds)

    # --- what the kernels take ----------------------------------------------------------------------------------------

    def cells(self, side: int, planes: int = 1) -> Cells:
        """A square tile at weights U(-.5, .5)."""
        span, weights = HIGH - LOW, _drawn(planes * side**2).reshape(planes, side, side) - 0.5
        steps = PER_WEIGHT_SIEMENS * STEP_WEIGHT * span / HIGH, PER_WEIGHT_SIEMENS * STEP_WEIGHT * span / -LOW
        values = (*steps, *EDGES, NOISE * PER_WEIGHT_SIEMENS * STEP_WEIGHT)
        row = torch.tensor(values, dtype=torch.float32, device=self.device).reshape(5, 1, 1, 1)
        parameters = row.expand(5, planes, side, side)
        conductance = (ZERO_SIEMENS + PER_WEIGHT_SIEMENS * weights).float()
        return Cells(*map(self.place, (conductance, parameters, torch.zeros(planes, side, side, dtype=torch.int32))))

    def state(self, side: int) -> TransferState:
        """Empty buffers."""
        digital = [torch.zeros(side, side) for _ in range(3)]
        whole = torch.ones(side, dtype=torch.int32), torch.zeros(side, dtype=torch.int32)
        return TransferState(*map(self.place, (*digital, *whole, torch.zeros(4, dtype=torch.float64))))

    def batch(self, side: int, span: float, samples: int = 0) -> tuple[Any, Any]:
        """x ~ U(0, span) and d ~ U(-span, span)."""
        samples = samples or self.samples
        counters = torch.arange(samples * side)
        x = (span * uniform(STREAM.child("x"), counters).reshape(samples, side)).float()
        d = (span * (2.0 * uniform(STREAM.child("d"), counters) - 1.0).reshape(samples, side)).float()
        return self.place(x), self.place(d)

    def normal_batch(self, side: int, sigma: float, name: str, samples: int = 0) -> Any:
        """Vectors of normal numbers."""
        samples = samples or self.samples
        drawn = quantile_normal(STREAM.child(name), torch.arange(samples * side)).reshape(samples, side)
        return self.place((sigma * drawn).float())

    def weights(self, cells: Cells) -> Any:
        """Tile weights of plane 0."""
        return (cells.conductance[0] - ZERO_SIEMENS) * (1.0 / PER_WEIGHT_SIEMENS)

    def read_path(self, side: int, reads: int) -> ReadPath:
        """Column reads of the fast tile, with cells that have no read noise."""
        per_siemens = 1.0 / PER_WEIGHT_SIEMENS
        weight = self.place(torch.tensor([per_siemens, ZERO_SIEMENS * per_siemens], dtype=torch.float64))
        return ReadPath(weight, self.place(torch.zeros(side, reads)), CONVERTERS.converter)

    def loop(self) -> ClosedLoop:
        """The closed loop, between the cells' own bounds."""
        bounds = [self.place(torch.tensor(part, dtype=torch.float64)) for part in ([], [EDGES[0]], [EDGES[1]])]
        return ClosedLoop(*bounds, 1.0, 2000, ACCEPTANCE)

    # --- the rows -----------------------------------------------------------------------------------------------------

    def update(self, side: int, span: float) -> dict[str, Any]:
        """Pulsed updates of batch 32, BL 31, without management."""
        cells, (x, d) = self.cells(side), self.batch(side, span)
        use, counts = 0, None

        def run() -> None:
            nonlocal use, counts
            use += 1
            counts = self.kernel.pulsed_update(cells, LAW, TRAINS, _keys(use), x, d, 1.0, 0)

        clock = self.measure(run)
        counts = self.kernel.pulsed_update(cells, LAW, TRAINS, _keys(use + 1), x, d, 1.0, 0)
        pulses = int(counts[0])
        return _row(clock, min(pulses, side**2) * 32) | {"pulses": pulses, "cells": side**2}

    def step(self, side: int, settings: TransferSettings) -> dict[str, Any]:
        """Forward and backward read of the slow tile, and the rule's update, as a layer does them."""
        fast, slow, state = self.cells(side), self.cells(side), self.state(side)
        x, d = self.normal_batch(side, 0.3, "step x"), self.normal_batch(side, 0.01, "step d")
        path, scheme = self.read_path(side, self.samples), Trains(STEP_WEIGHT, LENGTH, 1, 1)
        use = 0

        def update() -> Any:
            work = Transfer(fast, slow, LAW, scheme, _pairs(use), path, state, settings, x, d, (0, 0))
            return self.kernel.transfer_update([work])[0]

        def run() -> None:
            nonlocal use
            use += 1
            own = self.weights(slow)
            self.kernel.read(x, own, None, CONVERTERS, (use, 1))
            self.kernel.read(d, own.T, None, CONVERTERS, (use, 2))
            update()

        clock, alone = self.measure(run), self.measure(update)
        pulses = int(update()[0])
        row = _row(clock, min(pulses, side**2) * 32 + 16 * side**2)
        return row | {"pulses": pulses, "update_alone": _row(alone, min(pulses, side**2) * 32)}

    def forward(self, side: int, cells: bool) -> dict[str, Any]:
        """A read with noise of the periphery, and of the cells."""
        weights, x = self.weights(self.cells(side)), self.normal_batch(side, 0.3, "step x")
        variance = self.place(torch.full((side, side), 1e-4)) if cells else None
        clock = self.measure(lambda: self.kernel.read(x, weights, variance, CONVERTERS, (1, 2)))
        reading = self.kernel.read(x, weights, variance, CONVERTERS, (1, 2))
        return _row(clock, (8 if cells else 4) * side**2) | {"vectors": int(reading.vectors)}

    def relax(self, side: int) -> dict[str, Any]:
        """Relaxation of every cell."""
        cells, mean, sigma = self.cells(side), *(self.place(torch.tensor([v], dtype=torch.float64)) for v in (-1e-9, 1e-8))
        return _row(self.measure(lambda: self.kernel.advance(cells, mean, sigma, 1e-9, (1, 2))), 12 * side**2)

    def program(self, side: int) -> dict[str, Any]:
        """Program-verify pulse by pulse at 0.2 %, from weights and to weights that are spread."""
        cells, (target, _) = self.cells(side), self._goals(side)
        use, pulses, start = 0, None, _copy(cells.conductance) if self.name == "cuda" else cells.conductance.copy()

        def run() -> None:
            nonlocal use, pulses
            use += 1
            cells.conductance[:] = start
            pulses, _ = self.kernel.program(cells, LAW._replace(multiplicative=1), loop, target, (use, 2), 0)

        loop, cells.parameters[4] = self.loop(), 0.3
        clock = self.measure(run)
        run()
        total = int(pulses.sum()) if pulses is not None else 0
        return _row(clock, 45 * side**2) | {"pulses": total, "pulses_per_cell": total / side**2}

    def _goals(self, side: int) -> tuple[Any, Any]:
        weights = _drawn(side**2).flip(0).reshape(side, side) - 0.4
        return self.place(ZERO_SIEMENS + PER_WEIGHT_SIEMENS * weights.double()[None]), self.place(weights.float())

    def table(self) -> Acceptance:
        """A table of the size of a real one."""
        drawn = uniform(STREAM.child("table"), torch.arange(33 * 16 * 65)).reshape(33, 16, 65)
        quantiles = (2.0 * drawn - 1.0).sort(-1).values.float()
        pulses = torch.full((33, 16), 256 * 40, dtype=torch.int32)
        step = (EDGES[1] - EDGES[0]) / 32
        return Acceptance(self.loop(), EDGES[0], step, self.place(quantiles), self.place(pulses))

    def sampled(self, side: int) -> dict[str, Any]:
        """Sampled programming, relaxation and one read, as the row `program.sampled` of `ohmnia bench`."""
        cells, (_, weights), table = self.cells(side), self._goals(side), self.table()
        mean, sigma = (self.place(torch.tensor([v], dtype=torch.float64)) for v in (-1e-9, 1e-8))
        x, targets, use = self.normal_batch(side, 0.3, "step x", 1), self.targets(), 0

        def run() -> None:
            nonlocal use
            use += 1
            self.kernel.program_sampled(cells, weights, targets, table, (use, 1), 0)
            self.kernel.advance(cells, mean, sigma, 1e-9, (use, 2))
            self.kernel.read(x, self.weights(cells), None, CONVERTERS, (use, 3))

        return _row(self.measure(run), (20 + 12 + 12) * side**2)

    def targets(self) -> Targets:
        """From tile weights to conductances."""
        base, slope = (self.place(torch.tensor([v], dtype=torch.float32)) for v in (ZERO_SIEMENS, PER_WEIGHT_SIEMENS))
        return Targets(base, slope, 0.0)

    def convert(self, side: int) -> dict[str, Any]:
        """Read noise, ADC and rescaling of `side` vectors of `side` outputs: 12 bytes an output."""
        drawn = _drawn(side**2).reshape(side, side)
        z, variance = self.place((8.0 * drawn - 4.0).float()), self.place(torch.full((side, side), 0.01))
        scale, counters, converter = self.place(torch.ones(side)), self.place(torch.arange(side)), CONVERTERS.converter
        clock = self.measure(lambda: self.kernel.convert(z, variance, converter, (1, 2), counters, scale))
        return _row(clock, 12 * side**2)

    # --- the same results as another member ---------------------------------------------------------------------------

    def results(self, side: int) -> dict[str, list[np.ndarray]]:
        """What every verb gives at a small size: decisions (whole numbers) and real numbers."""
        found: dict[str, list[Any]] = {}
        for planes in (1, 2):
            for multiplicative, exponents in ((0, (1.0, 1.0)), (1, (1.0, 1.0)), (1, (1.3, 0.7))):
                law, cells = UpdateLaw(0, multiplicative, *exponents), self.cells(side, planes)
                cells.parameters[4] = 0.3 if multiplicative else 3e-8
                for use, (length, management) in enumerate(((31, 0), (5, 1), (40, 1))):
                    x, d = self.batch(side, 0.1)
                    trains = Trains(STEP_WEIGHT, length, management, management)
                    counts = self.kernel.pulsed_update(cells, law, trains, _keys(use), x, d, 1.0, use)
                    found[f"update {planes} {multiplicative} {exponents} {length}"] = [counts, *cells[::2]]
        rules = {**STEPS, "ttv1": TTV2._replace(direct=1, slow_length=5)}
        for name, settings in rules.items():
            found[f"transfer {name}"] = self._transferred(side, settings._replace(period=2 * settings.dynamic, wait=0))
        return {
            name: [torch.as_tensor(part).cpu().numpy() for part in parts] for name, parts in (found | self._verbs(side)).items()
        }

    def _transferred(self, side: int, settings: TransferSettings) -> list[Any]:
        fast, slow, state, total = self.cells(side), self.cells(side), self.state(side), []
        settings = settings._replace(gain=3.0, rate_memory=10.0, gain_power=0.5)
        for use in range(4):
            x, d = self.batch(side, 0.1, side)
            path = self.read_path(side, len(reads_of(state, settings, side)))
            scheme = Trains(STEP_WEIGHT, LENGTH, 1, 1)
            keys = _pairs(use)
            work = Transfer(fast, slow, LAW, scheme, keys, path, state, settings, x, d, (use, use))
            total += [self.kernel.transfer_update([work])[0]]
        return [*total, *fast[::2], *slow[::2], *state]

    def _verbs(self, side: int) -> dict[str, list[Any]]:
        cells, x, (target, weights) = self.cells(side), self.normal_batch(side, 0.3, "step x"), self._goals(side)
        cells.parameters[4] = 0.3
        own, variance = self.weights(self.cells(side)), self.place(torch.full((side, side), 1e-4))
        found: dict[str, list[Any]] = {"drive": list(self.kernel.drive(x, 1 / 63, 2.0))}
        small = CONVERTERS._replace(converter=Converter(3.0, 0.0, 0.1))
        for name, noise in (("read", None), ("read with noise of cells", variance)):
            found[name] = list(self.kernel.read(x, own, noise, small, (5, 6)))
            found[f"{name}, transposed"] = list(self.kernel.read(x, own.T, noise, small, (5, 6)))
        # One entry for each epoch index: 3 is that of the write before.
        mean, sigma = (self.place(torch.full((4,), v, dtype=torch.float64)) for v in (-1e-7, 1e-6))
        law = UpdateLaw(0, 1, 1.0, 1.0)
        found["program"] = [*self.kernel.program(cells, law, self.loop(), target, (1, 2), 3), *(_copy(p) for p in cells[::2])]
        found["relax"] = [self.kernel.advance(cells, mean, sigma, 9e-5, (3, 4)), _copy(cells.conductance)]
        found["read cells"] = [self.kernel.read_cells(cells, sigma, (5, 6))]
        counts = self.kernel.program_sampled(cells, weights, self.targets(), self.table(), (7, 8), 4)
        found["sampled"] = [*counts, *cells[::2]]
        return found


def _copy(values: Any) -> Any:
    return torch.as_tensor(values).clone()


def _row(clock: Clock, traffic: float) -> dict[str, Any]:
    middle = statistics.median(clock.seconds)
    extremes = {"fastest": min(clock.seconds), "slowest": max(clock.seconds), "repeats": len(clock.seconds)}
    return {"seconds": middle, "device_seconds": clock.device_seconds, **extremes, "bytes": traffic}


def agreement(name: str, side: int, quick: bool) -> dict[str, dict[str, float]] | None:
    """For every verb: whole numbers that differ from the compiled member's, and the largest relative difference of the others."""
    if name == "cpu":
        return None
    try:
        judge = Bench("cpu", quick).results(side)
    except ImportError as error:
        print(f"not compared with the compiled member: {error}")
        return None
    own, found = Bench(name, quick).results(side), {}
    for verb, parts in own.items():
        wrong, largest = 0, 0.0
        for mine, his in zip(parts, judge[verb], strict=True):
            if np.issubdtype(mine.dtype, np.floating):
                size = max(float(np.abs(his).max(initial=0.0)), 1e-30)
                largest = max(largest, float(np.abs(mine - his).max(initial=0.0)) / size)
            else:
                wrong += int((mine != his).sum())
        found[verb] = {"whole_numbers_that_differ": wrong, "largest_difference": largest}
    return found


def rows_of(bench: Bench, side: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """Every row of one array side."""
    rows: dict[str, Callable[[], dict[str, Any]]] = {
        f"update.{size}": lambda span=span: bench.update(side, span) for size, span in SPANS.items()
    }
    rows |= {f"step.{name}": lambda own=settings: bench.step(side, own) for name, settings in STEPS.items()}
    return rows | {
        "forward.noisy": lambda: bench.forward(side, False),
        "forward.cells": lambda: bench.forward(side, True),
        "convert": lambda: bench.convert(side),
        "relax": lambda: bench.relax(side),
        "program.sampled": lambda: bench.sampled(side),
        "program.pulses": lambda: bench.program(side),
    }


def measure(name: str, quick: bool, sides: list[int], blocks: list[int], out: Path) -> dict[str, Any]:
    """Every row for one member; written after each, so that what was measured is not lost."""
    bench = Bench(name, quick)
    results: dict[str, Any] = {
        "member": name,
        "device": torch.cuda.get_device_name() if bench.on_card else "cpu",
        "torch": torch.__version__,
        "copy_bytes_per_second": bench.copy_bandwidth(1 << 20 if quick else 1 << 30),
        "agreement_with_cpu_member": agreement(name, 4 if quick else 48, quick),
        "rows": [],
        "blocks": [],
    }
    print(f"{results['device']}: copy {results['copy_bytes_per_second'] / 1e9:.4g} GB/s")
    for verb, found in (results["agreement_with_cpu_member"] or {}).items():
        print(
            f"{verb:36} {found['whole_numbers_that_differ']:4} whole numbers differ, reals by {found['largest_difference']:.2g}"
        )
    for side in sides:
        for row_id, run in rows_of(bench, side).items():
            _add(results["rows"], {"id": row_id, "side": side}, run, results["copy_bytes_per_second"])
            out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for block in blocks if name == "cuda" else []:
        own = Bench(name, quick, block)
        for side in sides:
            chosen = {row: run for row, run in rows_of(own, side).items() if row.startswith(("update", "step.agad"))}
            for row_id, run in chosen.items():
                _add(results["blocks"], {"id": row_id, "side": side, "block": block}, run, results["copy_bytes_per_second"])
            out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def _add(rows: list[dict[str, Any]], head: dict[str, Any], run: Callable[[], dict[str, Any]], bandwidth: float) -> None:
    try:
        row = head | run()
    except Exception as error:
        rows.append(head | {"error": f"{type(error).__name__}: {error}"})
        print(head, f"failed: {type(error).__name__}: {error}")
        return
    fastest = row["device_seconds"] or row["seconds"]
    row["share_of_bandwidth"] = row["bytes"] / fastest / bandwidth
    rates = f"{100 * row['share_of_bandwidth']:6.3g} % of the bandwidth"
    if row.get("pulses"):
        row["pulses_per_second"] = row["pulses"] / fastest
        rates += f", {row['pulses_per_second']:.3g} pulses a second"
    rows.append(row)
    where = f"{head['side']:5} {head.get('block', ''):4}"
    device = f"{1e3 * row['device_seconds']:9.4f}" if row["device_seconds"] else f"{'-':>9}"
    print(f"{head['id']:16} {where} {1e3 * row['seconds']:9.4f} ms, on the device {device} ms  {rates}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--member", default="cuda", help="kernel member (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="one small array: does everything run?")
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 4096], help="sides of the arrays")
    parser.add_argument("--blocks", type=int, nargs="*", default=[], help="cells a program of the update, to compare")
    given = parser.parse_args(arguments)
    try:
        member(given.member)
    except (ValueError, RuntimeError) as error:
        parser.error(str(error))
    except Exception as error:
        parser.error(f"{error} --member cpu times the compiled member on this machine instead.")
    measure(given.member, given.quick, [8] if given.quick else given.sides, given.blocks, given.out)


if __name__ == "__main__":
    main()
