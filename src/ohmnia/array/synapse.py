"""One weight matrix on arrays: a grid of blocks, each with its named tiles, digital buffers and streams.

A layer sees only this: `forward`, `backward`, `request`. A learning rule asks each block for the tiles and buffers that it
needs (`ensure`), and pulses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from ohmnia._errors import InvalidValueError, unknown_name
from ohmnia._validation import Strict
from ohmnia.array._checks import all_finite
from ohmnia.array.circuit import Wires, named_wires
from ohmnia.array.compensation import Compensation
from ohmnia.array.mapping import ZEROS, mapping
from ohmnia.array.periphery import Periphery
from ohmnia.array.reading import Sums, Term, even_parts
from ohmnia.array.records import Activity, UpdateRequest
from ohmnia.array.tile import Tile
from ohmnia.device import Device
from ohmnia.kernels import NAMES
from ohmnia.random import Stream

SLOW = "slow"
_INPUTS, _GRADIENTS = "inputs", "output gradients"


@final
class ArrayConfig(Strict):
    """How a weight matrix is laid out on arrays.

    Parameters
    ----------
    mapping
        "one-device" or "differential".
    zero
        Conductance of weight 0: "symmetry-point" or "mid-window"; None: by the purpose of the network (`ohmnia.nn.convert`), else
        the symmetry point.
    periphery
        Converters.
    max_rows, max_cols
        Largest tile; a larger matrix is split, and partial sums are added digitally.
    acceptance_range
        Of closed-loop writes, a fraction of the target; None: the technology's own.
    kernel
        Kernel member.
    wires
        "ideal", the resistances of every tile's lines, or "exact": those that the technology names. A read then goes through
        the exact circuit, forward and transposed, and a pulse reaches its cell with a part of its voltage. Inputs are the
        row lines of the circuit, outputs the column lines. Rules that read single columns are refused (`ohmnia.training`).
    bias
        Where a layer's bias stands: "digital", or "analog", in one more column that is driven by 1.
    """

    mapping: str = "one-device"
    zero: str | None = None
    periphery: Periphery = Periphery()
    max_rows: int = Field(default=512, ge=1)
    max_cols: int = Field(default=512, ge=1)
    acceptance_range: float | None = Field(default=None, gt=0, le=0.5)
    kernel: str = "cpu"
    wires: Literal["ideal", "exact"] | Wires = "ideal"
    bias: Literal["digital", "analog"] = "digital"

    def check(self, device: Device) -> None:
        """Refuse names that do not exist, before anything is built.

        Raises
        ------
        UnknownNameError
            Another mapping, zero or kernel member; the nearest one is named.
        StateError
            Exact wires where the technology names none.
        """
        mapping(device, self.mapping, self.zero or ZEROS[0])
        if self.kernel not in NAMES:
            raise unknown_name("kernel member", self.kernel, NAMES)
        self.lines(device)

    def lines(self, device: Device) -> Wires | None:
        """The wires of every tile; None: ideal ones."""
        return None if self.wires == "ideal" else self.wires if isinstance(self.wires, Wires) else named_wires(device.technology)


@final
@dataclass(slots=True, eq=False, weakref_slot=True)
class Block:
    """A part of the matrix that fits one array.

    Parameters
    ----------
    rows, cols
        Its place in the matrix.
    tiles, buffers
        Arrays and digital memory by name.
    terms
        What a read of the block adds up; empty: the slow tile alone.
    """

    rows: slice
    cols: slice
    device: Device
    config: ArrayConfig
    stream: Stream
    tiles: dict[str, Tile] = field(default_factory=dict)
    buffers: dict[str, Tensor] = field(default_factory=dict)
    compensation: Compensation | None = None
    terms: tuple[Term, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (outputs) and columns (inputs)."""
        return self.rows.stop - self.rows.start, self.cols.stop - self.cols.start

    @property
    def slow(self) -> Tile:
        """The tile that holds the weight; a rule may have further ones added to its read (`read_together`)."""
        return self.tiles[SLOW]

    def read_together(self, terms: tuple[Term, ...]) -> None:
        """Let every read of the block be a sum over several parts.

        Raises
        ------
        InvalidValueError
            It already is another sum, which a second rule cannot take over.
        """
        if self.terms not in ((), terms):
            parts = [term.part for term in self.terms]
            raise InvalidValueError(
                f"The weights of this block are a sum over {parts}, as an earlier rule has left them. Write them anew "
                "(layer.write) before another rule of several arrays, or other hyper-parameters of its sum, take over."
            )
        self.terms = terms

    def mvm(self, x: Float[Tensor, "samples cols"], use: str) -> Float[Tensor, "samples rows"]:
        """Read y = W x over all parts, in tile weights."""
        if not self.terms:
            return self.slow.mvm(x, use)
        return sum((term.forward(x, self.tiles, self.buffers, use) for term in self.terms), torch.zeros(()))

    def mvm_t(self, d: Float[Tensor, "samples rows"], use: str) -> Float[Tensor, "samples cols"]:
        """Read x = W^T d over all parts, in tile weights."""
        if not self.terms:
            return self.slow.mvm_t(d, use)
        return sum((term.backward(d, self.tiles, self.buffers, use) for term in self.terms), torch.zeros(()))

    def weights(self) -> Float[Tensor, "rows cols"]:
        """Tile weights of all parts together, without a read."""
        if not self.terms:
            return self.slow.weights()
        return sum((term.weights(self.tiles, self.buffers) for term in self.terms), torch.zeros(()))

    def ensure_tile(self, name: str) -> Tile:
        """The tile of this name; a new one is written to weight 0 by the closed loop, but for the slow one (see `program`)."""
        if name not in self.tiles:
            layout = mapping(self.device, self.config.mapping, self.config.zero or ZEROS[0])
            stream, clock = self.stream.child("tile", name), self.slow.clock_seconds if SLOW in self.tiles else 0.0
            tile = Tile(self.shape, self.device, layout, self.config.periphery, stream, self.config.kernel, clock)
            wires = self.config.lines(self.device)
            if wires is not None:
                tile.put_between(wires)
            if name != SLOW:
                tile.program(torch.zeros(self.shape), self.config.acceptance_range)
            self.tiles[name] = tile
        return self.tiles[name]

    def ensure_buffer(self, name: str, value: Tensor) -> Tensor:
        """The digital buffer of this name; a new one starts as `value`."""
        return self.buffers.setdefault(name, value.clone())


@final
class Synapse:
    """A weight matrix W on arrays, y = s (w_tile x).

    Parameters
    ----------
    shape
        Outputs and inputs.
    device, config
        What it is made of.
    stream
        All of its randomness.
    output_scale
        s, digital, one for the layer.
    name
        For error texts.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        device: Device,
        config: ArrayConfig,
        stream: Stream,
        output_scale: float,
        name: str = "layer",
    ) -> None:
        if not 0 < output_scale < float("inf"):
            raise InvalidValueError(f"{name}: output_scale = {output_scale}; valid: a positive number.")
        self.shape, self.device, self.config, self.name = shape, device, config, name
        self.output_scale = float(output_scale)
        self.compensated = False
        self.requests: list[UpdateRequest] = []
        self.blocks = [
            Block(rows, cols, device, config, stream.child("block", rows.start, cols.start))
            for rows in even_parts(shape[0], config.max_rows)
            for cols in even_parts(shape[1], config.max_cols)
        ]
        for block in self.blocks:
            block.ensure_tile(SLOW)

    def tiles(self) -> Iterator[Tile]:
        """Every tile of every block."""
        for block in self.blocks:
            yield from block.tiles.values()

    def weights(self) -> Float[Tensor, "outputs inputs"]:
        """Effective weights s * w_tile as they are, without a read."""
        full = torch.empty(self.shape)
        for block in self.blocks:
            full[block.rows, block.cols] = block.weights()
        return self.output_scale * full

    def program(self, weights: Float[Tensor, "outputs inputs"], acceptance: float | None = None) -> None:
        """Write effective weights by closed-loop program-verify; what belonged to the old weights is dropped.

        That is a rule's digital buffers, the compensation, the waiting update requests, and what a read adds to the slow tile;
        a rule's other arrays stay.

        Raises
        ------
        InvalidValueError
            NaN, or a weight beyond the window; the text names the layer.
        """
        if tuple(weights.shape) != self.shape:
            raise InvalidValueError(f"Layer '{self.name}': weights have the shape {tuple(weights.shape)}; it needs {self.shape}.")
        acceptance = self.config.acceptance_range if acceptance is None else acceptance
        for block in self.blocks:
            try:
                block.slow.program(weights[block.rows, block.cols].detach().float() / self.output_scale, acceptance)
            except InvalidValueError as error:
                raise InvalidValueError(f"Layer '{self.name}': {error}") from None
            block.buffers.clear()
            block.compensation, block.terms = None, ()
        self.requests.clear()

    def forward(self, x: Float[Tensor, "samples inputs"], use: str) -> Float[Tensor, "samples outputs"]:
        """y = s (w_tile x), read through the periphery; compensated digitally where that is switched on."""
        self._check_width(x, _INPUTS, self.shape[1])
        if len(self.blocks) == 1:
            try:
                return self._scaled(self._block_forward(self.blocks[0], x, use))
            except InvalidValueError:
                self._check(x, _INPUTS)
                raise
        self._check(x, _INPUTS)
        sums = Sums()
        for block in self.blocks:
            sums.add(block.rows, self._block_forward(block, x[:, block.cols], use))
        return self._scaled(sums.joined())

    def _scaled(self, y: Tensor) -> Tensor:
        return y if self.output_scale == 1.0 else y.mul_(self.output_scale)

    def _block_forward(self, block: Block, x: Tensor, use: str) -> Tensor:
        z = block.mvm(x, use)
        if self.compensated and block.compensation is not None:
            z = block.compensation.applied(z, x)
        return z

    def backward(self, d: Float[Tensor, "samples outputs"], use: str) -> Float[Tensor, "samples inputs"]:
        """x = s (w_tile^T d), read through the periphery."""
        self._check_width(d, _GRADIENTS, self.shape[0])
        if len(self.blocks) == 1:
            try:
                return self._scaled(self.blocks[0].mvm_t(d, use))
            except InvalidValueError:
                self._check(d, _GRADIENTS)
                raise
        self._check(d, _GRADIENTS)
        sums = Sums()
        for block in self.blocks:
            sums.add(block.cols, block.mvm_t(d[:, block.rows], use))
        return self._scaled(sums.joined())

    def request(self, x: Tensor, d: Tensor) -> None:
        """Queue what a backward pass asks the rule to learn."""
        self._check_width(x, _INPUTS, self.shape[1])
        self._check_width(d, _GRADIENTS, self.shape[0])
        self._check(x, _INPUTS)
        self._check(d, _GRADIENTS)
        self.queue(x, d)

    def queue(self, x: Tensor, d: Tensor) -> None:
        """As `request`, for inputs and gradients that a read has passed already."""
        self.requests.append(UpdateRequest(x.detach(), d.detach()))

    def advance(self, seconds: float) -> None:
        """Let time pass on every tile."""
        for tile in self.tiles():
            tile.advance(seconds)

    def activity(self) -> dict[str, Activity]:
        """Counts by tile name."""
        totals: dict[str, Activity] = {}
        for block in self.blocks:
            for name, tile in block.tiles.items():
                totals.setdefault(name, Activity()).add(tile.activity)
        return totals

    def _check_width(self, value: Tensor, what: str, width: int) -> None:
        if value.shape[-1] != width:
            raise InvalidValueError(f"Layer '{self.name}': the {what} have the width {value.shape[-1]}; it needs {width}.")

    def _check(self, value: Tensor, what: str) -> None:
        if not all_finite(value):
            raise self.not_finite(what == _GRADIENTS)

    def not_finite(self, backward: bool) -> InvalidValueError:
        """The error for NaN or infinity in the inputs, or (backward) in the output gradients."""
        what = _GRADIENTS if backward else _INPUTS
        return InvalidValueError(
            f"Layer '{self.name}': the {what} hold NaN or infinity; a physical array cannot take them. "
            "Check the data and the learning rate."
        )

    # --- saving -------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that makes the synapse what it is, as tensors and as plain data."""
        tensors: dict[str, Tensor] = {}
        blocks: list[dict[str, Any]] = []
        for k, block in enumerate(self.blocks):
            tiles = {name: tile.metadata() for name, tile in block.tiles.items()}
            for name, tile in block.tiles.items():
                tensors |= {f"{k}.tile.{name}.{part}": value for part, value in tile.tensors().items()}
            tensors |= {f"{k}.buffer.{name}": value for name, value in block.buffers.items()}
            if block.compensation is not None:
                tensors |= {f"{k}.scale": block.compensation.scale, f"{k}.offset": block.compensation.offset}
            blocks.append(
                {
                    "tiles": tiles,
                    "buffers": sorted(block.buffers),
                    "compensation": block.compensation is not None,
                    "stream": [block.stream.key0, block.stream.key1],
                    "terms": [[term.part, term.gain, term.signs] for term in block.terms],
                }
            )
        return tensors, {"output_scale": self.output_scale, "compensated": self.compensated, "blocks": blocks}

    def restore(self, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
        """Take over a saved state; everything is checked before anything is changed.

        Raises
        ------
        InvalidValueError
            The state is that of another layout.
        """
        self._check_layout(tensors, metadata)
        self.output_scale, self.compensated = float(metadata["output_scale"]), bool(metadata["compensated"])
        self.requests.clear()
        for k, (block, saved) in enumerate(zip(self.blocks, metadata["blocks"], strict=True)):
            block.stream = Stream(*saved["stream"])
            for name, tile_metadata in saved["tiles"].items():
                tile = block.ensure_tile(name)
                tile.restore({part: tensors[f"{k}.tile.{name}.{part}"] for part in tile.tensors()}, tile_metadata)
            block.tiles = {name: block.tiles[name] for name in saved["tiles"]}
            block.buffers = {name: tensors[f"{k}.buffer.{name}"].clone() for name in saved["buffers"]}
            block.terms = tuple(Term(*term) for term in saved.get("terms", ()))
            saved_compensation = saved["compensation"]
            block.compensation = Compensation(tensors[f"{k}.scale"], tensors[f"{k}.offset"]) if saved_compensation else None

    def _check_layout(self, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
        blocks, full = metadata["blocks"], self.blocks[0].slow.mapping.planes
        sizes = {name: tuple(value.shape) for name, value in tensors.items()}
        shapes = [sizes.get(f"{k}.tile.{SLOW}.conductance") for k in range(len(blocks))]
        own = [(full, *block.shape) for block in self.blocks]
        if shapes != own:
            raise InvalidValueError(f"Layer '{self.name}': the saved arrays (planes, rows, columns) are {shapes}; it has {own}.")
        wrong: list[str] = []
        for k, (block, saved) in enumerate(zip(self.blocks, blocks, strict=True)):
            parts = {part: tuple(value.shape) for part, value in block.slow.tensors().items()}
            wanted = {f"{k}.tile.{name}.{part}": size for name in saved["tiles"] for part, size in parts.items()}
            wrong += [name for name, size in wanted.items() if sizes.get(name) != size]
            wrong += [f"{k}.buffer.{name}" for name in saved["buffers"] if f"{k}.buffer.{name}" not in sizes]
        if wrong:
            raise InvalidValueError(f"Layer '{self.name}': the saved state lacks {wrong}, or holds them in another shape.")
