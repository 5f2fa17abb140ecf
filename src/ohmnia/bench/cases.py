"""ohmnia's side of the benchmark: what each row builds and runs."""

from __future__ import annotations

import inspect
from typing import Any, assert_never

import torch
from torch import Tensor, nn

from ohmnia._errors import StateError
from ohmnia._threads import one_thread
from ohmnia.array import ArrayConfig, Periphery, PulseScheme, Synapse, Tile, mapping
from ohmnia.bench.inputs import STREAM, digits, initial_weights, step_inputs, update_inputs
from ohmnia.bench.soft_bounds_reference import PER_WEIGHT_SIEMENS, STATES_22, ZERO_SIEMENS, PulsedDevice, bench_device
from ohmnia.bench.works import Case, EpochSpec, ForwardSpec, ProgramSpec, Spec, StepSpec, UpdateSpec
from ohmnia.device import Device, resolve
from ohmnia.lifecycle.mnist import TRAINING
from ohmnia.nn import AnalogLinear, Backpropagation
from ohmnia.random import Stream, uniform
from ohmnia.technology import technology
from ohmnia.training import RULES, AbstractRule, AnalogOptimizer

LEARNING_RATE = 0.05
# The converters of the other simulator's presets and of its plain configuration, IOParameters.
PRESET_PERIPHERY = Periphery(dac_bits=7, adc_bits=9, adc_range=20.0, output_noise_steps=0.1 * 255 / 20.0)
PLAIN_PERIPHERY = Periphery(dac_bits=7, adc_bits=9, adc_range=12.0, output_noise_steps=0.06 * 255 / 12.0)
_SCHEMES = {True: PulseScheme(length=31), False: PulseScheme(length=5)}
# Rows of the table in the peer's own numbers: fast_lr * BL, chopping, and so on; see `rule`.
_TRANSFER: dict[str, Any] = {"scaling": "granularity", "momentum": 0.0, "slow_length": 1, "transfer_every": 1}
_RULES: dict[tuple[str, bool], dict[str, Any]] = {
    ("agad", True): {"fast_rate": 0.5 * 31, "in_chop_prob": 0.02, **_TRANSFER},
    ("agad", False): {"fast_rate": 0.1 * 5, "in_chop_prob": 0.1, **_TRANSFER},
    ("ttv2", True): {"fast_rate": 0.5 * 31, **_TRANSFER},
    ("ttv2", False): _TRANSFER,
    ("sgd", False): {},
}
HOUR = 3600.0
_START_SPAN = 0.5


def layout(preset: bool) -> ArrayConfig:
    """Arrays with the converters of the other simulator, weight 0 at mid-window."""
    return ArrayConfig(zero="mid-window", periphery=PRESET_PERIPHERY if preset else PLAIN_PERIPHERY, acceptance_range=0.5)


def rule(algorithm: str, preset: bool, **changes: float) -> AbstractRule:
    """The learning rule with the hyper-parameters of the other simulator's preset or `build_config`, with changes.

    Raises
    ------
    UnknownNameError
        No such rule.
    """
    cls = RULES.get(algorithm)
    scheme = PulseScheme(length=31) if algorithm == "sgd" else _SCHEMES[preset]
    return cls.model_validate({"scheme": scheme, **_RULES[algorithm, preset], **changes})


def make_tile(numbers: PulsedDevice, side: int, preset: bool = True, seed: int = 0) -> Tile:
    """A square tile of the other simulator's cells, written to its initial weights."""
    device, config = bench_device(numbers), layout(preset)
    tile = Tile((side, side), device, mapping(device, zero="mid-window"), config.periphery, Stream.root(seed))
    put(tile, initial_weights(side, side))
    return tile


def put(tile: Tile, weights: Tensor) -> None:
    """Put every cell exactly to a weight, without a pulse: no device does this, it only makes both sides start alike."""
    tile.conductance.copy_(tile.mapping.conductances(weights))
    tile.touched()


def make_layer(device: Device, shape: tuple[int, int], preset: bool, bias: bool) -> AnalogLinear:
    """A layer of scale 1, written to its initial weights."""
    synapse = Synapse(shape, device, layout(preset), Stream.root(sum(shape)), 1.0)
    weights = initial_weights(*shape)
    for block in synapse.blocks:
        put(block.slow, weights[block.rows, block.cols])
    return AnalogLinear(synapse, bias=bias)


def case(spec: Spec) -> Case:
    """Build ohmnia's side of a row."""
    match spec:
        case UpdateSpec():
            return _update(spec)
        case StepSpec():
            return _step(spec)
        case EpochSpec():
            return _epoch(spec)
        case ForwardSpec():
            return _forward(spec)
        case ProgramSpec():
            return _program(spec)
    assert_never(spec)


def update_scheme(spec: UpdateSpec) -> PulseScheme:
    """Trains of a fixed length, without management."""
    return PulseScheme(length=spec.length, update_management=False, length_management=False)


def start_weights(tile: Tile) -> Tensor:
    """Weights spread over +-.5, but inside each cell's own bounds, (rows, cols)."""
    drawn = uniform(STREAM.child("start"), torch.arange(tile.rows * tile.cols)).reshape(tile.rows, tile.cols)
    low, high = (((tile.parameters[k][0].double() - ZERO_SIEMENS) / PER_WEIGHT_SIEMENS) for k in (2, 3))
    return torch.minimum(torch.maximum(_START_SPAN * (2.0 * drawn - 1.0), low), high).float()


def weight_change(tile: Tile, start: Tensor, spec: UpdateSpec) -> Tensor:
    """What one update of the row does to a tile that is put to `start` first, (rows, cols)."""
    put(tile, start)
    before, (x, d) = tile.weights().clone(), update_inputs(tile.rows, spec.batch, spec.span)
    tile.update(x, d, 1.0, update_scheme(spec))
    return tile.weights() - before


def _update(spec: UpdateSpec) -> Case:
    tile, (x, d) = make_tile(spec.device, spec.side), update_inputs(spec.side, spec.batch, spec.span)
    scheme = update_scheme(spec)
    return Case(lambda: tile.update(x, d, 1.0, scheme))


def _step(spec: StepSpec) -> Case:
    layer = make_layer(bench_device(spec.device), (spec.side, spec.side), spec.preset, bias=False)
    x, d = step_inputs(spec.side, spec.batch)
    changes: dict[str, float] = {}
    if spec.algorithm == "ttv2" and not spec.preset:
        # Its fast rate is absolute (1) there, and relative to mean maxima here.
        changes["fast_rate"] = float(x.abs().amax(1).mean() * d.abs().amax(1).mean()) / spec.device.dw_min
    optimizer = AnalogOptimizer(layer, rule(spec.algorithm, spec.preset, **changes), LEARNING_RATE)
    return Case(lambda: one_step(layer, optimizer, x, d))


def one_step(layer: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, d: Tensor) -> None:
    """Forward, backward (to the inputs, too) and update; works for either side's layer."""
    optimizer.zero_grad()
    x.requires_grad_(True)
    x.grad = None
    layer(x).backward(d)
    optimizer.step()


def one_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, batch: int) -> None:
    """Train on the samples in order with cross-entropy; works for either side's network."""
    for start in range(0, len(x), batch):
        loss = nn.functional.cross_entropy(model(x[start : start + batch]), y[start : start + batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def one_compiled_epoch(
    backpropagate: Backpropagation, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, batch: int
) -> None:
    """`one_epoch` with a compiled pass."""
    for start in range(0, len(x), batch):
        optimizer.zero_grad()
        backpropagate(x[start : start + batch], y[start : start + batch])
        optimizer.step()


def perceptron(sizes: tuple[int, ...], layers: list[nn.Module]) -> nn.Sequential:
    """Sigmoids between the layers."""
    parts = [part for layer in layers for part in (layer, nn.Sigmoid())]
    return nn.Sequential(*parts[:-1])


def _epoch(spec: EpochSpec) -> Case:
    data, device = digits(spec.samples), bench_device(spec.step.device)
    shapes = list(zip(spec.sizes[1:], spec.sizes[:-1], strict=True))
    model = perceptron(spec.sizes, [make_layer(device, shape, spec.step.preset, bias=True) for shape in shapes])
    optimizer = AnalogOptimizer(model, rule(spec.step.algorithm, spec.step.preset), LEARNING_RATE)

    backpropagate = Backpropagation(model, nn.CrossEntropyLoss())

    def run() -> None:
        with one_thread():
            if spec.compiled:
                one_compiled_epoch(backpropagate, optimizer, data.x, data.y, spec.batch)
            else:
                one_epoch(model, optimizer, data.x, data.y, spec.batch)

    return Case(run, TRAINING / spec.samples, data.source)


def _forward(spec: ForwardSpec) -> Case:
    tile, (x, _) = make_tile(STATES_22, spec.side), step_inputs(spec.side, spec.batch)
    return Case(lambda: tile.mvm(x))


def _program(spec: ProgramSpec) -> Case:
    options: dict[str, Any] = {"mode": "sampled"} if spec.sampled else {}
    if not options.keys() <= inspect.signature(Tile.program).parameters.keys():
        raise StateError("Programming by a draw from its law is not there yet.")
    device = resolve(technology("cmo-hfox"))
    config = ArrayConfig(zero="mid-window")
    tile = Tile((spec.side, spec.side), device, mapping(device, zero="mid-window"), config.periphery, Stream.root(0))
    drawn = uniform(Stream.root(0), torch.arange(spec.side**2)).reshape(spec.side, spec.side)
    weights, x = (2.0 * drawn - 1.0).float(), step_inputs(spec.side, 1)[0]

    def run() -> None:
        tile.program(weights, **options)
        tile.advance(HOUR)
        tile.mvm(x)

    return Case(run)
