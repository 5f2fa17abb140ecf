"""The other side of the benchmark: IBM's aihwkit, if it is installed. It is never a dependency."""

from __future__ import annotations

import importlib
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from ohmnia._errors import StateError
from ohmnia.bench.cases import HOUR, LEARNING_RATE, make_tile, one_epoch, one_step, perceptron, start_weights, weight_change
from ohmnia.bench.inputs import STREAM, digits, initial_weights, step_inputs, update_inputs
from ohmnia.bench.moments import Samples
from ohmnia.bench.soft_bounds_reference import PulsedDevice, cell_parameters
from ohmnia.bench.works import Case, EpochSpec, ForwardSpec, ProgramSpec, Spec, StepSpec, UpdateSpec
from ohmnia.lifecycle.mnist import TRAINING
from ohmnia.random import uniform

VERSION = "1.2.0"
# Unlike ours, its preset cells write with noise unless it is switched off.
_QUIET = {"write_noise_std": 0.0}
_PRESETS = {"agad": "AGADReRamSBPreset", "ttv2": "TTv2ReRamSBPreset"}
_OUT_NOISE, _OUT_BOUND = 0.1, 20.0
_HIDDEN = ("dwmin_up", "dwmin_down", "min_bound", "max_bound", "reference")


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise StateError(
            f"--peer aihwkit needs aihwkit {VERSION} in this Python ({error}). It is no dependency: benchmarks/README.md "
            "says how to install it beside ohmnia; or leave --peer out."
        ) from error


@final
class Aihwkit:
    """aihwkit at 1 and at 2 threads.

    Raises
    ------
    StateError
        It is not installed.
    """

    def __init__(self) -> None:
        self.name = f"aihwkit {getattr(_load('aihwkit'), '__version__', '')}".strip()
        self.threads: tuple[int, ...] = (1, 2)
        self._configs, self._presets = _load("aihwkit.simulator.configs"), _load("aihwkit.simulator.presets")

    def use_threads(self, count: int) -> None:
        """Set the threads of torch, of OpenMP and of BLAS."""
        limits = _load("threadpoolctl").threadpool_limits
        torch.set_num_threads(count)
        limits(limits=count)

    def case(self, spec: Spec) -> Case | None:
        """Build its side of a row; None for a closed loop of pulses, which it does not have."""
        match spec:
            case UpdateSpec():
                tile, (x, d) = self._tile(spec), update_inputs(spec.side, spec.batch, spec.span)
                return Case(lambda: tile.update(x, d))
            case StepSpec():
                layer = self._layer((spec.side, spec.side), self._step_config(spec), bias=False)
                optimizer, (x, d) = self._sgd(layer), step_inputs(spec.side, spec.batch)
                return Case(lambda: one_step(layer, optimizer, x, d))
            case EpochSpec():
                return self._epoch(spec)
            case ForwardSpec():
                return self._forward(spec)
            case ProgramSpec():
                return self._program(spec) if spec.sampled else None

    # --- its objects --------------------------------------------------------------------------------------------------

    def _device(self, numbers: PulsedDevice) -> Any:
        fields = {name: getattr(numbers, name) for name in numbers.__dataclass_fields__}
        return self._configs.SoftBoundsReferenceDevice(**fields)

    def _tile(self, spec: UpdateSpec) -> Any:
        scheme = self._configs.UpdateParameters(desired_bl=spec.length, update_bl_management=False, update_management=False)
        config = self._configs.SingleRPUConfig(device=self._device(spec.device), update=scheme)
        tile = _load("aihwkit.simulator.tiles").AnalogTile(spec.side, spec.side, config)
        tile.set_weights(initial_weights(spec.side, spec.side))
        tile.set_learning_rate(1.0)
        return tile

    def _step_config(self, spec: StepSpec) -> Any:
        if not spec.preset:
            return self._configs.build_config(spec.algorithm, self._device(spec.device))
        config = getattr(self._presets, _PRESETS[spec.algorithm])()
        for device in config.device.unit_cell_devices:
            for name, value in _QUIET.items():
                setattr(device, name, value)
        return config

    def _layer(self, shape: tuple[int, int], config: Any, bias: bool) -> Any:
        layer = _load("aihwkit.nn").AnalogLinear(shape[1], shape[0], bias=bias, rpu_config=config)
        layer.set_weights(initial_weights(*shape), torch.zeros(shape[0]) if bias else None)
        return layer

    def _sgd(self, model: nn.Module) -> torch.optim.Optimizer:
        optimizer = _load("aihwkit.optim").AnalogSGD(model.parameters(), lr=LEARNING_RATE)
        optimizer.regroup_param_groups(model)
        return optimizer

    def _epoch(self, spec: EpochSpec) -> Case:
        data, shapes = digits(spec.samples), zip(spec.sizes[1:], spec.sizes[:-1], strict=True)
        layers = [self._layer(shape, self._step_config(spec.step), bias=True) for shape in shapes]
        model = perceptron(spec.sizes, layers)
        optimizer = self._sgd(model)
        run = lambda: one_epoch(model, optimizer, data.x, data.y, spec.batch)  # noqa: E731
        return Case(run, TRAINING / spec.samples, data.source)

    def _forward(self, spec: ForwardSpec) -> Case:
        converters = _load("aihwkit.simulator.presets.utils").PresetIOParameters()
        config = self._configs.build_config("sgd", self._device(StepSpec("sgd", False).device))
        config.forward = converters
        layer = self._layer((spec.side, spec.side), config, bias=False)
        x, _ = step_inputs(spec.side, spec.batch)
        tile = next(iter(layer.analog_tiles()))
        return Case(lambda: tile.forward(x))

    def _program(self, spec: ProgramSpec) -> Case:
        noise = _load("aihwkit.inference").ReRamCMONoiseModel(g_min=9.0, g_max=88.2, acceptance_range=0.2)
        config = self._configs.InferenceRPUConfig(noise_model=noise, drift_compensation=None)
        config.mapping.max_input_size = config.mapping.max_output_size = 0
        layer = self._layer((spec.side, spec.side), config, bias=False)
        drawn = uniform(STREAM.child("targets"), torch.arange(spec.side**2)).reshape(spec.side, spec.side)
        layer.set_weights((2.0 * drawn - 1.0).float(), None)
        layer.eval()
        x, _ = step_inputs(spec.side, 1)

        def run() -> None:
            with torch.no_grad():
                layer.program_analog_weights()
                layer.drift_analog_weights(HOUR)
                layer(x)

        return Case(run)

    # --- one law on both sides ----------------------------------------------------------------------------------------

    def update_samples(self, spec: UpdateSpec, repeats: int) -> tuple[Samples, Samples]:
        """Weight changes by one update of the same cells from the same weights: ohmnia's, and its own.

        Its normals are a table of 32,767 numbers for each tile, whose own mean (standard error .0055) is an error of the
        step that all cells share: hence a fresh tile with the same cells for each repeat.
        """
        small = UpdateSpec(spec.span, spec.moments_side, spec.batch, spec.length, spec.device)
        first, ours = self._tile(small), make_tile(spec.device, small.side)
        cells = first.tile.get_hidden_parameters()
        ours.parameters.copy_(self.parameters(first, spec.device))
        (x, d), start = update_inputs(small.side, small.batch, small.span), start_weights(ours)
        changes = np.empty((2, repeats, start.numel()), dtype=np.float32)
        for repeat in range(repeats):
            changes[0, repeat] = weight_change(ours, start, small).flatten().numpy()
            theirs = self._tile(small)
            theirs.tile.set_hidden_parameters(cells)
            theirs.set_weights(start)
            theirs.update(x, d)
            changes[1, repeat] = (theirs.get_weights()[0] - start).flatten().numpy()
        direction = -(d.T.double() @ x.double()).flatten().numpy()
        return Samples(changes[0], direction), Samples(changes[1], direction)

    def parameters(self, tile: Any, numbers: PulsedDevice) -> Tensor:
        """Our parameters of the cells of one of its tiles, (5, 1, rows, cols)."""
        names, values = tile.tile.get_hidden_parameter_names(), tile.tile.get_hidden_parameters()
        up, down, low, high, reference = (values[names.index(name)].double()[None] for name in _HIDDEN)
        return cell_parameters(up, down, (low, high), reference, numbers)
