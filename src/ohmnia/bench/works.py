"""The rows of the benchmark: what each does, as plain records that either side can build."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, assert_never, final, runtime_checkable

from ohmnia._registry import Registry
from ohmnia.bench.moments import Samples
from ohmnia.bench.soft_bounds_reference import RERAM_SB, STATES_22, PulsedDevice

SMALL = 64


class Case(NamedTuple):
    """Something to time.

    Attributes
    ----------
    run
        One run of the work; what it needs is built already.
    scale
        Reported seconds for each second of a run: an epoch of 60,000 samples is timed on fewer.
    note
        What a reader of the row should know.
    """

    run: Callable[[], object]
    scale: float = 1.0
    note: str = ""


@final
@dataclass(frozen=True, slots=True)
class UpdateSpec:
    """A pulsed update with the learning rate 1: x ~ U(0, span), d ~ U(-span, span), no update management.

    Parameters
    ----------
    span
        Largest |x| and |d|.
    moments_side, moments_repeats
        Array and repeats with which the moments of the weight change are compared; the law of a cell does not depend on the side.
    """

    span: float
    side: int = 512
    batch: int = 32
    length: int = 31
    device: PulsedDevice = RERAM_SB
    moments_side: int = 64
    moments_repeats: int = 256


@final
@dataclass(frozen=True, slots=True)
class StepSpec:
    """Forward, backward and update of one square layer: x ~ .3 N(0, 1), d ~ .01 N(0, 1), learning rate .05.

    Parameters
    ----------
    algorithm
        "agad", "ttv2" or "sgd".
    preset
        The other simulator's own ReRamSB preset of the algorithm, with PresetIO converters; else its `build_config`.
    """

    algorithm: str
    preset: bool
    side: int = 512
    batch: int = 32

    @property
    def device(self) -> PulsedDevice:
        """The cells; a preset of a transfer rule puts each cell's reference at its symmetry point."""
        return dataclasses.replace(RERAM_SB, subtract_symmetry_point=True) if self.preset else STATES_22


@final
@dataclass(frozen=True, slots=True)
class EpochSpec:
    """One MNIST epoch, training only: 784-256-128-10 sigmoid, batch 10, learning rate .05.

    Parameters
    ----------
    samples
        How many are trained on; the time is scaled to 60,000.
    compiled
        Forward, loss and backward pass by `ohmnia.nn.Backpropagation`; else by autograd, as the other side has it in any case.
    """

    step: StepSpec
    samples: int = 6000
    compiled: bool = True
    sizes: tuple[int, ...] = (784, 256, 128, 10)
    batch: int = 10


@final
@dataclass(frozen=True, slots=True)
class ForwardSpec:
    """A read of a square array: 7-bit DAC, 9-bit ADC, output noise .1, noise and bound management."""

    side: int = 512
    batch: int = 32


@final
@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """CMO/HfOx: programming, relaxation over an hour and one read of every cell of a square array.

    Parameters
    ----------
    sampled
        Draw the programming error from its law; else simulate every pulse and verify read.
    """

    sampled: bool
    side: int = 1000


Spec = UpdateSpec | StepSpec | EpochSpec | ForwardSpec | ProgramSpec


@final
@dataclass(frozen=True, slots=True)
class Work:
    """One row.

    Parameters
    ----------
    id
        In bench.json.
    spec
        What either side builds.
    target
        Ratio (peer over ohmnia) to reach; None: only reported.
    pairs
        Pairs of measurements.
    """

    id: str
    spec: Spec
    target: float | None = None
    pairs: int = 9


@runtime_checkable
class Peer(Protocol):
    """The other simulator: `name` with its version, and the thread counts of which its better one counts."""

    name: str
    threads: tuple[int, ...]

    def case(self, spec: Spec) -> Case | None:
        """The same work; None where it has nothing like it."""
        ...

    def use_threads(self, count: int) -> None:
        """Run its next calls on this many threads."""
        ...

    def update_samples(self, spec: UpdateSpec, repeats: int) -> tuple[Samples, Samples]:
        """Weight changes of ohmnia's cells and of its own, from the same cells, weights and inputs."""
        ...


def small(spec: Spec) -> Spec:
    """The same work at a size that takes a moment, for a quick look."""
    if isinstance(spec, UpdateSpec):
        return dataclasses.replace(spec, side=SMALL, batch=8, moments_side=16)
    if isinstance(spec, EpochSpec):
        return dataclasses.replace(spec, samples=100)
    if isinstance(spec, StepSpec | ForwardSpec):
        return dataclasses.replace(spec, side=SMALL, batch=min(spec.batch, 8))
    return dataclasses.replace(spec, side=100)


def describe(spec: Spec) -> str:
    """What is timed, in words."""
    match spec:
        case UpdateSpec():
            return f"pulsed update, {spec.side} x {spec.side}, batch {spec.batch}, BL {spec.length}, s = {spec.span:g}"
        case StepSpec():
            size = f"{spec.side} x {spec.side}, batch {spec.batch}"
            return f"forward + backward + update, {size}, {spec.algorithm.upper()}, {_cells(spec)}"
        case EpochSpec():
            sizes = "-".join(map(str, spec.sizes))
            rule = f"{spec.step.algorithm.upper()}, {_cells(spec.step)}"
            how = "compiled pass" if spec.compiled else "autograd"
            return f"MNIST epoch ({spec.samples} samples, scaled), {sizes}, batch {spec.batch}, {rule}, {how}"
        case ForwardSpec():
            return f"read, {spec.side} x {spec.side}, batch {spec.batch}, 7 bits in, 9 bits out, output noise"
        case ProgramSpec():
            how = "sampled programming" if spec.sampled else "programming pulse by pulse at 0.2 %"
            return f"CMO/HfOx, {spec.side**2} cells: {how}, relaxation, read"
    assert_never(spec)


def _cells(spec: StepSpec) -> str:
    return "ReRamSB preset" if spec.preset else "22-state device"


def _update(size: str, span: float, target: float, pairs: int, moments_side: int) -> Work:
    return Work(f"update.{size}", UpdateSpec(span, moments_side=moments_side), target, pairs)


def _step(algorithm: str, device: str, target: float, pairs: int, batch: int = 32) -> Work:
    suffix = "" if batch == 32 else f".batch{batch}"
    return Work(f"step.{algorithm}.{device}{suffix}", StepSpec(algorithm, device == "reramsb", batch=batch), target, pairs)


def _epoch(device: str, target: float, pairs: int) -> Work:
    return Work(f"epoch.agad.{device}", EpochSpec(StepSpec("agad", device == "reramsb")), target, pairs)


_ROWS = (
    _update("dense", 0.3, 20.0, 5, 64),
    _update("medium", 0.1, 6.0, 9, 128),
    _update("sparse", 0.01, 1.5, 25, 256),
    _step("agad", "reramsb", 10.0, 9),
    _step("ttv2", "reramsb", 10.0, 9),
    _step("agad", "22", 3.0, 25),
    _step("ttv2", "22", 1.5, 25),
    _step("sgd", "22", 1.2, 25),
    _step("agad", "22", 1.0, 25, batch=1),
    _epoch("22", 2.5, 5),
    _epoch("reramsb", 10.0, 3),
    Work("epoch.agad.22.autograd", EpochSpec(StepSpec("agad", False), compiled=False), None, 3),
    Work("forward.noisy", ForwardSpec(), 1.2, 25),
    Work("program.sampled", ProgramSpec(True), 10.0, 5),
    Work("program.pulses", ProgramSpec(False), None, 3),
)
WORKS: Registry[Work] = Registry("benchmark", {work.id: work for work in _ROWS})


def chosen(ids: tuple[str, ...]) -> list[Work]:
    """The rows of these ids, all of them for none, in the table's order.

    Raises
    ------
    UnknownNameError
        An id that does not exist; the nearest one is named.
    """
    wanted = {WORKS.get(name, "--only").id for name in ids} or {work.id for work in _ROWS}
    return [work for work in _ROWS if work.id in wanted]
