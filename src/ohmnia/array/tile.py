"""One array of cells: one state, four verbs, in any order, for ever.

`update` (open-loop pulses), `program` (closed loop), `advance` (time) and `mvm` / `mvm_t` (reads) all act on the same
conductances. Time passes only in `advance`; a cell's age is the tile's clock minus the epoch of its last pulse.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from numpy.typing import NDArray
from torch import Tensor

from ohmnia._errors import out_of_range
from ohmnia.array._checks import all_finite, check_update, check_width, not_finite
from ohmnia.array.circuit import Wires, Wiring, sent_trains
from ohmnia.array.mapping import Mapping
from ohmnia.array.noise import read_each, weight_variance
from ohmnia.array.periphery import Periphery
from ohmnia.array.programming import check_sampled, check_write, closed_loop, sampled_law, write, write_sampled
from ohmnia.array.pulses import PulseScheme
from ohmnia.array.records import Activity
from ohmnia.array.uses import Uses
from ohmnia.device import (
    AbstractAgeRelaxation,
    AbstractClosedLoop,
    AbstractRetentionLaw,
    Device,
    ProgramResult,
    RestingCells,
)
from ohmnia.kernels import Cells, Keys, Member, UpdateLaw, member
from ohmnia.random import Stream, normal, quantile_normal

_FLOOR_SIEMENS = 1e-9
_USES = ("update", "read", "evaluate", "program", "advance")


@final
class Tile:
    """An array of rows x cols weights, y = W x.

    Parameters
    ----------
    shape
        Rows (outputs) and columns (inputs).
    device
        The laws of its cells.
    mapping
        Between tile weights and conductances.
    periphery
        Converters.
    stream
        All of its randomness: the cells' parameters and every later draw.
    kernel
        Kernel member, "cpu" or "reference".
    clock_seconds
        Age of the chip that a new tile joins.

    Notes
    -----
    A new tile's cells stand at their own symmetry points, as after cycling. Float32 conductances and parameters and an
    int32 epoch make 28 bytes a device; a retention law that asks for the level (`AbstractRetentionLaw`) adds 4.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        device: Device,
        mapping: Mapping,
        periphery: Periphery,
        stream: Stream,
        kernel: str = "cpu",
        clock_seconds: float = 0.0,
    ) -> None:
        self.rows, self.cols = shape
        self.device, self.mapping, self.periphery, self.stream = device, mapping, periphery, stream
        self.kernel: Member = member(kernel)
        full = (mapping.planes, *shape)
        self.parameters = device.update.sample(full, stream.child("cells")).contiguous()
        self.conductance = device.update.symmetry_points(self.parameters).float().contiguous()
        self.written = None if isinstance(device.retention, AbstractAgeRelaxation) else self.conductance.clone()
        self.epoch_index = torch.zeros(full, dtype=torch.int32)
        self.epochs: list[float] = [clock_seconds]
        self.clock_seconds = clock_seconds
        self.uses = Uses(stream, _USES)
        self.activity = Activity()
        self.wiring: Wiring | None = None
        self._weights: Tensor | None = None
        self._variance: Tensor | None = None
        self._quiet = self._fresh = False

    @cached_property
    def granularity(self) -> float:
        """Mean step at the symmetry point in tile weights (of one pulse on every plane)."""
        return self.device.update.step_siemens * sum(abs(gain) for gain in self.mapping.gains)

    @cached_property
    def law(self) -> UpdateLaw:
        """The update law as the kernels take it."""
        return UpdateLaw(*self.device.update.kernel_coefficients(), *self.device.update.kernel_tables())

    @property
    def cells(self) -> Cells:
        """The cells as the kernels take them; a kernel changes them in place, so call `touched` or `pulsed` afterwards."""
        return Cells(self.conductance.numpy(), self.parameters.numpy(), self.epoch_index.numpy())

    def write_epoch(self) -> int:
        """Index of the epoch of a pulse given now."""
        if self.epochs[-1] != self.clock_seconds:
            self.epochs.append(self.clock_seconds)
        return len(self.epochs) - 1

    def touched(self) -> None:
        """Forget what was derived from the conductances."""
        self._weights = self._variance = None
        if self.wiring is not None:
            self.wiring.forget()

    def put_between(self, wires: Wires) -> None:
        """Read and pulse through wires from now on (the state does not change); `weights` stays what the cells hold."""
        self.wiring = Wiring(wires, self.mapping)

    def pulsed(self, weights_kept: bool = False) -> None:
        """Forget what open-loop pulses given now have changed, but for weights that the kernel has kept true."""
        self._fresh = True
        if not weights_kept:
            self._weights = None
        if self.wiring is not None:
            self.wiring.forget()

    def ages(self) -> Float64[Tensor, "planes rows cols"]:
        """Seconds since the last pulse of each cell."""
        return self._epoch_ages()[self.epoch_index.long()]

    def weights(self) -> Float[Tensor, "rows cols"]:
        """Tile weights as they are, without a read."""
        return self._ideal().clone()

    def kept_weights(self) -> NDArray[np.float32] | None:
        """The memory of the weights that reads use, if there is any, for a kernel that keeps them true."""
        return None if self._weights is None else self._weights.numpy()

    def _ideal(self) -> Float[Tensor, "rows cols"]:
        """Tile weights, kept up to date in place."""
        if self._weights is None:
            self._weights = self.mapping.weights(self.conductance)
        return self._weights

    def read_variance(self) -> Float[Tensor, "rows cols"]:
        """Variance of one read of each weight at its present age, tile weights squared. Do not write to it."""
        if self._variance is None:
            law, ages = self.device.read_noise, self._epoch_ages()
            aged = weight_variance(law, self.cells, ages, self.mapping, self.kernel, self._sigma) if self.aged else None
            self._variance = torch.zeros(self.rows, self.cols) if aged is None else aged
            self._quiet, self._fresh = not self._variance.numpy().any(), False
        if self._fresh and not self._quiet:
            # Open-loop pulses go to every plane of a weight, and there is no read noise right after a pulse.
            now = (self.epoch_index == len(self.epochs) - 1).all(0)
            self._variance = self._variance.masked_fill(now, 0.0)
            self._fresh = False
        return self._variance

    def column_read_variance(self, columns: Int64[Tensor, " reads"]) -> Float[Tensor, "rows reads"]:
        """Variance of one read of the weights of some columns, as `read_variance`; no noise where every cell is fresh."""
        if not self.aged:
            return torch.zeros(self.rows, len(columns))
        ages = self._epoch_ages()[self.epoch_index[:, :, columns].long()]
        written = None if self.written is None else self.written[:, :, columns]
        return self.mapping.variance(self.device.read_noise.sigma(self.conductance[:, :, columns], ages, written))

    @property
    def aged(self) -> bool:
        """Whether a cell may be older than now: whether time has passed since the first epoch."""
        return self.epochs[0] != self.clock_seconds

    def _sigma(self) -> Tensor:
        return self.device.read_noise.sigma(self.conductance, self.ages(), self.written)

    def seen(self, drive: str) -> tuple[Tensor, Tensor | None]:
        """Weights and variance of a read that drives "rows" or "columns"; None: no read noise. Do not write to them."""
        if self.wiring is None:
            weights, variance = self._ideal(), self.read_variance()
            return weights, None if self._quiet else variance
        weights, variance = self.wiring.seen(drive, self.conductance, self._sigma)
        return weights, variance if variance.numpy().any() else None

    # --- the four verbs -----------------------------------------------------------------------------------------------

    def update(
        self, x: Float[Tensor, "samples cols"], d: Float[Tensor, "samples rows"], learning_rate: float, scheme: PulseScheme
    ) -> None:
        """Learn `dw = -learning_rate d x^T` by open-loop pulses, sample after sample.

        Parameters
        ----------
        x, d
            float32 inputs and output gradients.
        learning_rate
            In tile weights.
        scheme
            How the trains are made.

        Raises
        ------
        InvalidValueError
            NaN or infinity in `x` or `d`, or a shape that does not fit.
        """
        self._check(x, self.cols, "x")
        self._check(d, self.rows, "d")
        check_update(x, d, learning_rate)
        trains, keys = scheme.trains(self.granularity), Keys(*self.uses.keys("update", 3))
        x_, d_ = x.contiguous().numpy(), d.contiguous().numpy()
        sent = None if self.wiring is None else sent_trains(trains, learning_rate, x, d)
        cells = self.cells if self.wiring is None else self.wiring.pulsed(self.cells, self.device.update, sent)
        pulses, short = self.kernel.pulsed_update(cells, self.law, trains, keys, x_, d_, float(learning_rate), self.write_epoch())
        self.activity.pulses += int(pulses)
        self.activity.short_updates += int(short)
        if pulses:
            self.pulsed()
        if self.wiring is not None and self.wiring.disturb(self.cells, self.device.update, sent):
            self.touched()

    def program(
        self, weights: Float[Tensor, "rows cols"], acceptance: float | None = None, mode: str = "pulses"
    ) -> ProgramResult | None:
        """Write tile weights by closed-loop program-verify.

        Parameters
        ----------
        weights
            Target tile weights.
        acceptance
            Acceptance range as a fraction of the target conductance; the technology's own by default.
        mode
            "pulses": pulse by pulse. "sampled": each cell is put where the loop would leave it, by a draw from the law of
            the mean cell (`device.programming.acceptance`); no cell fails, and activity counts the expected pulses. A law
            without a closed loop is the same in both modes.

        Returns
        -------
        ProgramResult or None
            Per cell, planes x rows x cols flattened; None for a sampled loop, since single cells have no pulses then.

        Raises
        ------
        InvalidValueError
            A weight outside the window, NaN, a range that is no fraction, a sampled write between wires.
        UnknownNameError
            Another mode.
        """
        self._check(weights, self.cols, "weights")
        check_write(weights, self.rows, self.cols, mode)
        law = self.device.programming
        range_ = law.acceptance_range if acceptance is None else acceptance
        if mode == "sampled" and isinstance(law, AbstractClosedLoop) and range_ is not None:
            result = self._write_sampled(law, weights, range_)
        else:
            result = self._write(weights, range_)
        self.touched()
        return result

    def _write(self, weights: Tensor, acceptance: float | None) -> ProgramResult:
        law, target = self.device.programming, self.mapping.conductances(weights)
        if isinstance(law, AbstractClosedLoop) and acceptance is not None:
            law.check(target.flatten(), acceptance)
            stream, epoch = self.uses.stream("program"), self.write_epoch()
            loop = closed_loop(law, acceptance)
            cells = self.cells if self.wiring is None else self.wiring.pulsed(self.cells, self.device.update)
            result = write(cells, target, self.law, loop, stream, epoch, self.kernel)
        else:
            own, stream = self.parameters.flatten(1), self.uses.stream("program")
            result = law.program(self.conductance.flatten(), target.flatten(), own, acceptance, self.device.update, stream)
            self.conductance.copy_(result.conductance.reshape(self.conductance.shape))
            self.epoch_index[(result.pulses > 0).reshape(self.epoch_index.shape)] = self.write_epoch()
        self.activity.count_writes(int(result.pulses.sum()), int(result.reads.sum()), int(result.failed.sum()))
        return result

    def _write_sampled(self, law: AbstractClosedLoop, weights: Tensor, acceptance: float) -> None:
        check_sampled(weights, self.mapping, self.wiring is not None)
        table = sampled_law(law, self.mapping, self.device.update, acceptance)
        stream, epoch = self.uses.stream("program"), self.write_epoch()
        pulses = write_sampled(self.cells, weights, self.mapping, table, stream, epoch, self.kernel)
        self.activity.count_writes(pulses, pulses + self.conductance.numel())

    def advance(self, seconds: float) -> None:
        """Let time pass: relaxation of every cell, coherent with its own past.

        Raises
        ------
        InvalidValueError
            A negative or infinite time.
        """
        if not 0 <= seconds < float("inf"):
            raise out_of_range("time to advance", seconds, "0 <= seconds < infinity", "Time runs forward only.")
        if seconds == 0:
            return
        stream, law = self.uses.stream("advance"), self.device.retention
        if isinstance(law, AbstractAgeRelaxation):
            mean, sigma = (part.numpy() for part in law.increments(self._epoch_ages(), seconds))
            key = stream.key0, stream.key1
            self.activity.floored_cells += self.kernel.advance(self.cells, mean, sigma, _FLOOR_SIEMENS, key)
        else:
            moved = self._relaxed(law, seconds, stream)
            self.activity.floored_cells += int((moved < _FLOOR_SIEMENS).sum())
            self.conductance.copy_(moved.clamp(min=_FLOOR_SIEMENS))
        self.clock_seconds += seconds
        self.touched()

    def _relaxed(self, law: AbstractRetentionLaw, seconds: float, stream: Stream) -> Float64[Tensor, "planes rows cols"]:
        index, ages = self.epoch_index.long(), self.ages()
        cells = torch.arange(index.numel()).reshape(index.shape)
        # Only a pulse moves a cell of age zero, so it stands where it was written.
        self.written = torch.where(ages == 0, self.conductance, self.conductance if self.written is None else self.written)
        own, xi = normal(self.stream.child("own"), cells, index), quantile_normal(stream, cells)
        return law.relaxed(RestingCells(self.conductance, self.written, ages, own, xi), seconds)

    def read_cells(self, use: str = "read") -> Float[Tensor, "planes rows cols"]:
        """Read every cell once by itself, with its read noise and without converters, siemens.

        Parameters
        ----------
        use
            As in `mvm`.
        """
        self.activity.cell_reads += self.conductance.numel()
        law, stream = self.device.read_noise, self.uses.stream(use)
        return read_each(law, self.cells, self._epoch_ages(), stream, self.kernel, self._sigma)

    def _epoch_ages(self) -> Float64[Tensor, " epochs"]:
        return self.clock_seconds - torch.tensor(self.epochs, dtype=torch.float64)

    def mvm(self, x: Float[Tensor, "samples cols"], use: str = "read") -> Float[Tensor, "samples rows"]:
        """Read y = W x for each row of `x`, through DAC, cells with read noise, and ADC.

        Parameters
        ----------
        x
            float32 inputs.
        use
            "read" in training, "evaluate" otherwise: two independent streams.
        """
        check_width(x, self.cols, "x", (self.rows, self.cols))
        weights, variance = self.seen("rows")
        return self._read(x, "x", weights, variance, use)

    def mvm_t(self, d: Float[Tensor, "samples rows"], use: str = "read") -> Float[Tensor, "samples cols"]:
        """Read x = W^T d for each row of `d`, as `mvm`."""
        check_width(d, self.rows, "d", (self.rows, self.cols))
        weights, variance = self.seen("columns")
        return self._read(d, "d", weights.T, None if variance is None else variance.T, use)

    def _read(self, x: Tensor, name: str, weights: Tensor, variance: Tensor | None, use: str) -> Tensor:
        (key,), spread = self.uses.keys(use), None if variance is None else variance.numpy()
        inputs = x.detach().contiguous().numpy()
        read = self.kernel.read(inputs, weights.numpy(), spread, self.periphery.converters, key)
        if not read.finite:
            self.uses.counts[use] -= 1
            raise not_finite(name)
        self.activity.count_reads(read.vectors, weights.shape[1], weights.shape[0], read.saturated)
        return torch.from_numpy(read.outputs)

    def _check(self, value: Tensor, last: int, name: str) -> None:
        check_width(value, last, name, (self.rows, self.cols))
        if not all_finite(value):
            raise not_finite(name)

    # --- saving -------------------------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """State that is large: conductances, the cells' parameters and epochs."""
        tensors = {"conductance": self.conductance, "parameters": self.parameters, "epoch_index": self.epoch_index}
        return tensors if self.written is None else {**tensors, "written": self.written}

    def metadata(self) -> dict[str, Any]:
        """State that is small: clock, epochs, stream positions, activity."""
        return {
            "clock_seconds": self.clock_seconds,
            "epochs": list(self.epochs),
            "uses": dict(self.uses.counts),
            "stream": [self.stream.key0, self.stream.key1],
            "activity": self.activity.as_dict(),
        }

    def restore(self, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
        """Take over a saved state of the same shape."""
        for name, own in self.tensors().items():
            own.copy_(tensors[name])
        self.clock_seconds = float(metadata["clock_seconds"])
        self.epochs = [float(epoch) for epoch in metadata["epochs"]]
        self.stream = Stream(*metadata["stream"])
        self.uses.restore(self.stream, metadata["uses"])
        self.activity = Activity(**metadata["activity"])
        self.touched()
