"""Time a kernel member on a GPU, as a fraction of the card's memory bandwidth.

    PYTHONPATH=src python benchmarks/gpu.py OUT.json [--member cuda] [--quick]

It needs torch, triton, numpy and the package's source, and imports nothing of ohmnia but `ohmnia.kernels` and
`ohmnia.random`. The "cuda" member gets the arrays of the contract as torch tensors on the card; any other member gets
numpy arrays and is timed by the clock. The device is the ReRamSB cell of `ohmnia.bench`, without spread.

The bandwidth is that of a copy. An update moves at least `min(pulses, cells)` cells, 32 bytes each: conductance (read and
written), five parameters, epoch index (written). A conversion moves a product, its variance and an output, 4 bytes each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ohmnia.kernels import Cells, Converter, Keys, Trains, UpdateLaw, member
from ohmnia.random import Stream, uniform

BYTES_PER_CELL = 32
SPANS = {"dense": 0.3, "medium": 0.1, "sparse": 0.01}
BATCH, LENGTH = 32, 31
# ReRamSB in siemens: weight 0 at 100 uS, 20 uS a unit of weight; see ohmnia.bench.soft_bounds_reference.
STEP_WEIGHT, LOW, HIGH, NOISE = 0.002, -0.75, 1.25, 3.75
ZERO_SIEMENS, PER_WEIGHT_SIEMENS = 100e-6, 20e-6
STREAM = Stream.root(20)


class Bench:
    """One member and where its arrays live."""

    def __init__(self, name: str, quick: bool) -> None:
        self.name, self.kernel, self.on_card = name, member(name), name == "cuda"
        self.repeats = 3 if quick else 20
        self.sides = (32,) if quick else (512, 2048, 4096)

    def place(self, values: torch.Tensor) -> Any:
        """An array where the member wants it."""
        return values.contiguous().cuda() if self.on_card else values.contiguous().numpy()

    def seconds(self, run: Callable[[], Any]) -> list[float]:
        """Times of one run, after two for warming up; CUDA events on a card."""
        for _ in range(2):
            run()
        return [self._event(run) if self.on_card else self._clock(run) for _ in range(self.repeats)]

    @staticmethod
    def _clock(run: Callable[[], Any]) -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    @staticmethod
    def _event(run: Callable[[], Any]) -> float:
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        before.record()
        run()
        after.record()
        torch.cuda.synchronize()
        return before.elapsed_time(after) / 1e3

    def copy_bandwidth(self, size: int) -> float:
        """Bytes a second that a copy reads and writes."""
        source = torch.ones(size // 4, device="cuda" if self.on_card else "cpu")
        target = torch.empty_like(source)
        return 2.0 * size / statistics.median(self.seconds(lambda: target.copy_(source)))

    def cells(self, side: int) -> Cells:
        """A square tile at weights U(-.5, .5)."""
        weights = uniform(STREAM.child("weights"), torch.arange(side**2)).reshape(1, side, side) - 0.5
        span = HIGH - LOW
        steps = PER_WEIGHT_SIEMENS * STEP_WEIGHT * span / HIGH, PER_WEIGHT_SIEMENS * STEP_WEIGHT * span / -LOW
        edges = (ZERO_SIEMENS + PER_WEIGHT_SIEMENS * bound for bound in (LOW, HIGH))
        values = (*steps, *edges, NOISE * PER_WEIGHT_SIEMENS * STEP_WEIGHT)
        parameters = torch.tensor(values, dtype=torch.float32).reshape(5, 1, 1, 1).expand(5, 1, side, side)
        conductance = (ZERO_SIEMENS + PER_WEIGHT_SIEMENS * weights).float()
        epochs = torch.zeros(1, side, side, dtype=torch.int32)
        return Cells(self.place(conductance), self.place(parameters), self.place(epochs))

    def update(self, side: int, span: float) -> dict[str, Any]:
        """Pulsed updates of batch 32, BL 31, without management."""
        cells, law, trains = self.cells(side), UpdateLaw(0, 0, 1.0, 1.0), Trains(STEP_WEIGHT, LENGTH, 0, 0)
        counters = torch.arange(BATCH * side)
        x = self.place((span * uniform(STREAM.child("x"), counters).reshape(BATCH, side)).float())
        d = self.place((span * (2.0 * uniform(STREAM.child("d"), counters) - 1.0).reshape(BATCH, side)).float())
        use, pulses = 0, 0

        def run() -> None:
            nonlocal use, pulses
            use += 1
            parts = [STREAM.at(use).at(part) for part in range(3)]
            keys = Keys(*((part.key0, part.key1) for part in parts))
            pulses = self.kernel.pulsed_update(cells, law, trains, keys, x, d, 1.0, 0)[0]

        seconds = self.seconds(run)
        traffic = min(int(pulses), side**2) * BYTES_PER_CELL
        return _row(seconds, traffic) | {"pulses": int(pulses), "pulses_per_second": int(pulses) / statistics.median(seconds)}

    def convert(self, side: int) -> dict[str, Any]:
        """Read noise, ADC and rescaling of `side` vectors of `side` outputs: 12 bytes an output."""
        drawn = uniform(STREAM.child("z"), torch.arange(side**2)).reshape(side, side)
        z, variance = self.place((8.0 * drawn - 4.0).float()), self.place(torch.full((side, side), 0.01))
        scale, counters = self.place(torch.ones(side)), self.place(torch.arange(side))
        converter = Converter(20.0, 20.0 / 255.0, 0.1)
        return _row(self.seconds(lambda: self.kernel.convert(z, variance, converter, (1, 2), counters, scale)), 12.0 * side**2)

    def agreement(self, side: int = 32) -> float | None:
        """Largest relative difference of conductances to the compiled member after one dense update; None for that member."""
        if self.name == "cpu":
            return None
        own, other = (bench.once_updated(side) for bench in (self, Bench("cpu", quick=True)))
        return float(np.max(np.abs(own - other) / other))

    def once_updated(self, side: int) -> np.ndarray:
        """Conductances after one dense update with fixed keys."""
        cells, x = self.cells(side), self.place(torch.full((2, side), 0.2))
        keys = Keys((1, 2), (3, 4), (5, 6))
        self.kernel.pulsed_update(cells, UpdateLaw(0, 0, 1.0, 1.0), Trains(STEP_WEIGHT, LENGTH, 0, 0), keys, x, x, 1.0, 0)
        return torch.as_tensor(cells.conductance).cpu().double().numpy()


def _row(seconds: list[float], traffic: float) -> dict[str, Any]:
    middle = statistics.median(seconds)
    return {"seconds": middle, "repeats": len(seconds), "fastest": min(seconds), "slowest": max(seconds), "bytes": traffic}


def measure(name: str, quick: bool) -> dict[str, Any]:
    """Every row for one member."""
    bench = Bench(name, quick)
    bandwidth = bench.copy_bandwidth(1 << 20 if quick else 1 << 30)
    rows: list[dict[str, Any]] = []
    for side in bench.sides:
        for size, span in SPANS.items():
            rows.append({"id": f"update.{size}", "side": side, **bench.update(side, span)})
        rows.append({"id": "convert", "side": side, **bench.convert(side)})
    for row in rows:
        row["share_of_bandwidth"] = row["bytes"] / row["seconds"] / bandwidth
    device = torch.cuda.get_device_name() if bench.on_card else "cpu"
    return {
        "member": name,
        "device": device,
        "torch": torch.__version__,
        "copy_bytes_per_second": bandwidth,
        "largest_difference_to_cpu_member": bench.agreement(),
        "rows": rows,
    }


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--member", default="cuda", help="kernel member (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="one small array: does everything run?")
    given = parser.parse_args(arguments)
    if given.member == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no GPU here; --member cpu times the compiled member on this machine instead.")
    try:
        results = measure(given.member, given.quick)
    except ValueError as error:
        parser.error(str(error))
    given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"{results['device']}: copy {results['copy_bytes_per_second'] / 1e9:.4g} GB/s")
    for row in results["rows"]:
        rates = f"{100 * row['share_of_bandwidth']:.3g} % of the bandwidth"
        rates += f", {row['pulses_per_second']:.3g} pulses a second" if "pulses" in row else ""
        print(f"{row['id']:14} {row['side']:5}  {1e3 * row['seconds']:9.3f} ms  {rates}")


if __name__ == "__main__":
    main()
