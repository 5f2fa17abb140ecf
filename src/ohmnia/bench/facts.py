"""What else a benchmark reports: pulses a second, memory traffic, bytes a cell, growth with the array, compile time."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ohmnia._errors import StateError
from ohmnia.bench.cases import make_tile, update_scheme
from ohmnia.bench.inputs import update_inputs
from ohmnia.bench.soft_bounds_reference import PulsedDevice
from ohmnia.bench.timing import Timing, alone
from ohmnia.bench.works import UpdateSpec

# A pulse reads a conductance, five parameters and writes the conductance and the epoch: 4 + 20 + 4 + 4.
BYTES_PER_PULSE = 32
_COPY_BYTES = 1 << 28
SIDES = (64, 128, 256, 512, 1024, 2048, 4096)
# The same step, noise and bounds in every cell: growth is about memory, and such arrays are built quickly.
EQUAL_CELLS = PulsedDevice(0.002, 0.0, 3.75, 0.0, 0.0, 1.25, -0.75, 0.0, 0.0, mult_noise=False)
_SPANS = {"update.dense": 0.3, "update.sparse": 0.01}

_COMPILE = """
import sys, time, numba
from ohmnia.bench.cases import case
from ohmnia.bench.works import StepSpec, UpdateSpec
total = 0.0
for spec in (UpdateSpec(0.3, 8, 2), StepSpec("agad", True, 8, 2), StepSpec("agad", False, 8, 2)):
    run = case(spec).run
    times = [time.perf_counter()]
    for _ in range(2):
        run()
        times.append(time.perf_counter())
    total += times[1] - times[0] - (times[2] - times[1])
sys.stdout.write(str(total))
"""


def machine() -> dict[str, Any]:
    """Processor, cores, and the versions that matter."""
    names = ("ohmnia", "torch", "numpy", "numba")
    versions = {name: metadata.version(name) if any(metadata.distributions(name=name)) else "source" for name in names}
    return {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version(), **versions}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def copy_bandwidth(size: int = _COPY_BYTES) -> float:
    """Bytes a second that a copy of a large array reads and writes."""
    source = np.ones(size // 4, np.float32)
    target = np.empty_like(source)
    return 2.0 * size / alone(lambda: np.copyto(target, source), 5).median


def bytes_per_cell(side: int = 64) -> float:
    """Bytes that a tile in training holds for each cell: conductance, own parameters, epoch."""
    tile = make_tile(EQUAL_CELLS, side)
    return sum(value.numel() * value.element_size() for value in tile.tensors().values()) / tile.conductance.numel()


def _pulses(spec: UpdateSpec, repeats: int) -> tuple[float, Timing]:
    """Pulses of one run of an update, and its times."""
    tile, (x, d) = make_tile(spec.device, spec.side), update_inputs(spec.side, spec.batch, spec.span)
    runs = 0

    def run() -> None:
        nonlocal runs
        runs += 1
        tile.update(x, d, 1.0, update_scheme(spec))

    timing = alone(run, repeats)
    return tile.activity.pulses / runs, timing


def pulse_rates(side: int = 512, repeats: int = 5) -> dict[str, Any]:
    """Pulses a second of a dense and of a sparse update, and the share of the memory bandwidth that they reach.

    What must be moved at least is every pulsed cell once, `min(pulses, cells)` of them.
    """
    bandwidth, rates = copy_bandwidth(), {}
    for name, span in _SPANS.items():
        pulses, timing = _pulses(UpdateSpec(span, side), repeats)
        traffic = min(pulses, side**2) * BYTES_PER_PULSE / timing.median
        rates[name] = {"pulses": pulses, "pulses_per_second": pulses / timing.median, "share_of_bandwidth": traffic / bandwidth}
    return {"copy_bytes_per_second": bandwidth, "bytes_per_pulse": BYTES_PER_PULSE, **rates}


def growth(sides: tuple[int, ...] = SIDES, repeats: int = 3) -> list[dict[str, float]]:
    """Time of a medium update (s = .1, batch 4) and of a read, for each cell of arrays of several sides."""
    rows = []
    for side in sides:
        spec = UpdateSpec(0.1, side, 4, device=EQUAL_CELLS)
        tile, (x, d) = make_tile(spec.device, side), update_inputs(side, spec.batch, spec.span)
        scheme = update_scheme(spec)
        update = alone(lambda: tile.update(x, d, 1.0, scheme), repeats).median  # noqa: B023
        read = alone(lambda: tile.mvm(x), repeats).median  # noqa: B023
        rows.append({"side": side, "update_seconds_per_cell": update / side**2, "read_seconds_per_cell": read / side**2})
    return rows


def _compile_seconds(folder: str) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
    done = subprocess.run([sys.executable, "-c", _COMPILE], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StateError(f"The kernels did not compile in a process of their own: {done.stderr.strip()[-500:]}")
    return float(done.stdout)


def compile_times() -> dict[str, float]:
    """Seconds that the first run of an update and of AGAD on both devices takes beyond a second run.

    `first_seconds` without a disk cache, `later_seconds` with it, each in a process of its own that has imported numba.

    Raises
    ------
    StateError
        The process that compiles fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        return {"first_seconds": _compile_seconds(folder), "later_seconds": _compile_seconds(folder)}


def all_facts(quick: bool) -> dict[str, Any]:
    """Everything in this module; `quick` for small sizes."""
    start = time.perf_counter()
    facts: dict[str, Any] = {"bytes_per_cell": bytes_per_cell()}
    facts["pulses"] = pulse_rates(64, 3) if quick else pulse_rates()
    facts["growth"] = growth(SIDES[:3]) if quick else growth()
    if not quick:
        facts["compile"] = compile_times()
    facts["seconds"] = time.perf_counter() - start
    return facts
