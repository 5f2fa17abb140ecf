"""The bench of matrix-vector products: random weights are programmed, aged and read, and products are held against exact ones.

All goes through the verbs of a tile: `program`, `advance`, `mvm`. Half of the vectors measure; the other half calibrate a
digital correction where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia.array import Compensation, Periphery, Tile, Wires, mapping
from ohmnia.device import Device
from ohmnia.experiments._verdict import Estimate
from ohmnia.random import Stream, uniform

Correction = Literal["none", "scale", "lines"]
CONVERTERS = Periphery(dac_bits=6, adc_bits=8, adc_range=15.0, output_noise_steps=0.0, bound_rounds=0)
NO_CONVERTERS = Periphery(dac_bits=0, adc_bits=0, adc_range=1e4, output_noise_steps=0.0, bound_rounds=0)


@final
@dataclass(frozen=True, slots=True)
class Setup:
    """What is programmed and read.

    Parameters
    ----------
    size
        Rows and columns.
    matrices, vectors
        Random weight matrices, and measuring vectors for each (and as many to calibrate).
    acceptance
        Of the closed loop, a fraction of the target; None: the technology's own.
    pairs
        Differential pairs; else one device a weight, with weight 0 in mid-window.
    reference_line
        One more output of weight 0 is read and subtracted, instead of a digital constant.
    periphery
        Converters.
    wires
        Between the cells in every read; None: ideal ones. Cells are written without wires, so that these alone add an error.
    """

    size: int = 64
    matrices: int = 20
    vectors: int = 100
    acceptance: float | None = None
    pairs: bool = False
    reference_line: bool = False
    periphery: Periphery = CONVERTERS
    wires: Wires | None = None


@final
@dataclass(frozen=True, slots=True)
class Products:
    """Products of all matrices at all ages.

    Parameters
    ----------
    ages_seconds
        Since the write.
    inputs
        (matrices, vectors, size); the first half measures, the second calibrates.
    expected
        Exact products, (matrices, vectors, size).
    measured
        (ages, matrices, vectors, size).
    """

    ages_seconds: tuple[float, ...]
    inputs: Float[Tensor, "matrices vectors size"]
    expected: Float[Tensor, "matrices vectors size"]
    measured: Float[Tensor, "ages matrices vectors size"]

    @property
    def _half(self) -> int:
        return self.inputs.shape[1] // 2

    def errors(self, correction: Correction = "none") -> Float[Tensor, "ages matrices half size"]:
        """Measured minus exact products of the measuring vectors.

        Parameters
        ----------
        correction
            "none"; "scale": all products times one number that brings the mean |product| of the calibration vectors back to
            that of the first age; "lines": scale and share of sum(x) of each line, fitted to their exact products.
        """
        half, exact = self._half, self.expected[:, : self._half]
        if correction == "none":
            return self.measured[:, :, :half] - exact
        if correction == "scale":
            level = self.measured[:, :, half:].abs().mean((2, 3), keepdim=True)
            return self.measured[:, :, :half] * (level[:1] / level) - exact
        corrected = torch.empty_like(self.measured[:, :, :half])
        for age in range(len(self.ages_seconds)):
            for k, x in enumerate(self.inputs):
                y = self.measured[age, k]
                found = Compensation.fitted(y[half:], x[half:], self.expected[k, half:])
                corrected[age, k] = found.applied(y[:half], x[:half])
        return corrected - exact

    def rmse(self, correction: Correction = "none") -> Float[Tensor, "ages matrices"]:
        """Root of the mean square error of each matrix."""
        return self.errors(correction).double().square().mean((2, 3)).sqrt()

    def at(self, seconds: float, correction: Correction = "none") -> Estimate:
        """RMSE at an age: mean over the matrices and its standard error; no number at an age that was not reached."""
        if seconds not in self.ages_seconds:
            return Estimate(None)
        return Estimate.of_mean(self.rmse(correction)[self.ages_seconds.index(seconds)])


def reachable(device: Device, ages_seconds: tuple[float, ...]) -> tuple[float, ...]:
    """The ages that the technology's retention law knows."""
    return tuple(age for age in ages_seconds if age <= device.retention.longest_seconds)


def products(device: Device, setup: Setup, ages_seconds: tuple[float, ...], stream: Stream) -> Products:
    """Program, age and read; matrices and vectors follow from the stream alone, so that set-ups can be compared."""
    inputs, expected, tiles = _written(device, setup, stream)
    measured = torch.empty(len(ages_seconds), *expected.shape)
    for k, tile in enumerate(tiles):
        for index, age in enumerate(ages_seconds):
            tile.advance(age - tile.clock_seconds)
            measured[index, k] = _read(tile, inputs[k], setup)
    return Products(ages_seconds, inputs, expected, measured)


def through_wires(device: Device, setup: Setup, wires: Sequence[Wires], stream: Stream) -> list[Products]:
    """Program, and read right after the write through one set of wires after the other."""
    inputs, expected, tiles = _written(device, setup, stream)
    found = []
    for each in wires:
        for tile in tiles:
            tile.put_between(each)
        measured = torch.stack([_read(tile, inputs[k], setup) for k, tile in enumerate(tiles)])
        found.append(Products((0.0,), inputs, expected, measured[None]))
    return found


def _written(
    device: Device, setup: Setup, stream: Stream
) -> tuple[Float[Tensor, "matrices vectors size"], Float[Tensor, "matrices vectors size"], list[Tile]]:
    """Inputs, exact products, and a programmed tile for each matrix."""
    count, size = 2 * setup.vectors, setup.size
    inputs, expected, tiles = [], [], []
    for k in range(setup.matrices):
        own = stream.child("matrix", k)
        weights = _symmetric(own.child("weights"), size, size)
        inputs.append(_symmetric(own.child("inputs"), count, size))
        expected.append((inputs[k].double() @ weights.double().T).float())
        tiles.append(_programmed(device, setup, weights, own.child("tile")))
    return torch.stack(inputs), torch.stack(expected), tiles


def _read(tile: Tile, inputs: Float[Tensor, "vectors size"], setup: Setup) -> Float[Tensor, "vectors size"]:
    y = tile.mvm(inputs, "evaluate")
    return y[:, :-1] - y[:, -1:] if setup.reference_line else y


def _symmetric(stream: Stream, rows: int, cols: int) -> Float[Tensor, "rows cols"]:
    return (2.0 * uniform(stream, torch.arange(rows * cols)).reshape(rows, cols) - 1.0).float()


def _programmed(device: Device, setup: Setup, weights: Float[Tensor, "size size"], stream: Stream) -> Tile:
    if setup.reference_line:
        weights = torch.cat([weights, torch.zeros(1, setup.size)])
    layout = mapping(device, "differential" if setup.pairs else "one-device", "mid-window")
    tile = Tile((weights.shape[0], setup.size), device, layout, setup.periphery, stream)
    tile.program(weights, setup.acceptance)
    if setup.wires is not None:
        tile.put_between(setup.wires)
    return tile
