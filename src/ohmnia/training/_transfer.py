r"""What the rules of the Tiki-Taka family share: a fast tile A, a slow tile C, and column reads that go from one to the other.

    A  <- A - lr_A d (c x)^T                       pulses, every sample, with choppers c of +-1
    r   = read of column j of A                    every n_s samples, j in turn
    v   = c_j lr_H (r - R_j)                       against a reference R
    H_j <- H_j + v;  C gets u trunc(H) pulses where |H| >= 1    (Tiki-Taka v1: C gets v pulses on average, without H)

Scales: lr_A = fast_rate dw_A / (m_x m_d) with running means m of max|x| and max|d|, so that a mean sample asks for
`fast_rate` slots. With n the inputs of the array, dw the granularities,
and u = `slow_unit`,

    scaling "gradient":     lr_H = lr n_s n / (gamma0 u dw_C lr_A)
    scaling "granularity":  lr_H = lr / (u dw_A)                      (H does not follow the size of the gradient)

gamma0 is the memory of A in samples: where A holds the gradients of the last gamma0 samples, lr means what it means in plain
SGD. A device of few states forgets soon; its memory counts as 10 times its number of states 2 / dw_A.

A reference that was measured has an error, R = w* + sigma_r xi with the symmetry points w* of A's cells.

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024), who use gamma0 = 200 for 20 states; the error of R is their eq. 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any, ClassVar, Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ohmnia.array import SLOW, Block, PulseScheme, Tile, UpdateRequest
from ohmnia.kernels import (
    Cells,
    Keys,
    Member,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    reads_of,
)
from ohmnia.random import normal_like
from ohmnia.training._abstract import NO_ERROR, AbstractRule, Lesson

FAST = "fast"
MEMORY_IN_STATES = 10.0
_TAKEN_UP = 10


class AbstractTransferRule(AbstractRule):
    """Hyper-parameters that every transfer rule has.

    Parameters
    ----------
    fast_rate
        eta0 * l_max: slots that a sample with mean maxima asks for on the fast tile.
    scheme
        Pulse trains of the fast tile.
    transfer_every
        n_s, samples between two column reads.
    scaling, gamma0
        See the module's equations; None: the default of gamma0.
    slow_unit
        Pulses on C for one unit of H, which then stands for so many steps: a threshold that stays in weight where the device has
        more states. Tiki-Taka v1 has no H and needs 1.
    slow_length
        Most units of H (Tiki-Taka v1: pulses) of one transfer.
    rate_memory
        Time constant of the running means of the maxima, in samples.
    """

    reads_columns: ClassVar[bool] = True
    quiet_fix: ClassVar[str] = "Try a larger fast_rate."
    short_fix: ClassVar[str] = "Try a smaller fast_rate, or longer trains (`length` of the scheme)."

    fast_rate: float = Field(default=1.0, gt=0)
    scheme: PulseScheme = PulseScheme(length=5)
    transfer_every: int = Field(default=1, ge=1)
    scaling: Literal["gradient", "granularity"] = "gradient"
    gamma0: float | None = Field(default=None, gt=0)
    slow_length: int = Field(default=1, ge=1)
    slow_unit: int = Field(default=1, ge=1)
    rate_memory: float = Field(default=1000.0, ge=1)

    def settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        """The numbers that the kernel takes; here for a reference that stays, no chopper, and H less the steps that left it."""
        gain, power = self.gain(fast, slow, learning_rate)
        return TransferSettings(
            fast_rate=self.fast_rate,
            rate_memory=self.rate_memory,
            gain=gain,
            gain_power=power,
            every=self.transfer_every,
            period=0,
            flip_probability=0.0,
            wait=0,
            dynamic=0,
            mean_rate=1.0,
            direct=0,
            slow_length=self.slow_length,
            forget=-1.0,
            slow_unit=self.slow_unit,
        )

    def start(self, block: Block) -> torch.Tensor:
        """Put a new fast tile where it belongs; the first reference, in tile weights."""
        return torch.zeros(block.shape)

    def before(self, block: Block) -> None:
        """What has to happen before a mini-batch; nothing here."""

    def prepare(self, block: Block) -> None:
        """A fast tile, and the digital buffers H, P, M, choppers and running means."""
        if "scalars" in block.buffers and FAST in block.tiles:
            return
        rows, cols = block.shape
        block.ensure_tile(FAST)
        block.ensure_buffer("hidden", torch.zeros(rows, cols))
        block.ensure_buffer("reference", self.start(block))
        block.ensure_buffer("mean", torch.zeros(rows, cols))
        block.ensure_buffer("chopper", torch.ones(cols, dtype=torch.int32))
        block.ensure_buffer("reads", torch.zeros(cols, dtype=torch.int32))
        block.ensure_buffer("clock", torch.tensor(block.tiles[FAST].clock_seconds, dtype=torch.float64))
        block.ensure_buffer("scalars", torch.zeros(4, dtype=torch.float64))

    def taught(self, block: Block) -> Tile:
        """The fast array."""
        return block.tiles[FAST]

    def most_pulses(self, tile: Tile, products: Float[Tensor, " samples"], learning_rate: float) -> float:
        """`fast_rate` from a mean sample, whatever the gradient's size and the learning rate."""
        return self.fast_rate * int(products.count_nonzero())

    def waiting(self, block: Block) -> float | None:
        """Largest |H|, once it has taken up ten reads of every column."""
        settings, buffers = self.settings(block.tiles[FAST], block.slow, 1.0), block.buffers
        learned = int(buffers["reads"].min()) >= settings.wait + _TAKEN_UP
        asked = float(buffers["scalars"][2:].prod()) > NO_ERROR
        return float(buffers["hidden"].abs().max()) if learned and asked and not settings.direct else None

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """One mini-batch, sample after sample, inside a kernel."""
        self.learn_all([Lesson(block, request, learning_rate)])

    def learn_all(self, lessons: Sequence[Lesson]) -> None:
        """One mini-batch on several blocks, in one call of each kernel member that they use."""
        works: dict[Member, list[tuple[Tile, Tile, Transfer]]] = {}
        for lesson in lessons:
            self.prepare(lesson.block)
            self.before(lesson.block)
            own = self._work(lesson)
            works.setdefault(own[0].kernel, []).append(own)
        for kernel, parts in works.items():
            counts = kernel.transfer_update([work for _, _, work in parts])
            for (fast, slow, _), own in zip(parts, counts.tolist(), strict=True):
                _count(fast, slow, own)

    def _work(self, lesson: Lesson) -> tuple[Tile, Tile, Transfer]:
        """The tiles of a block, and what the kernel takes."""
        block, request, learning_rate = lesson
        fast, slow = block.tiles[FAST], block.tiles[SLOW]
        x, d = _floats(request.x), _floats(request.d)
        own = _bound(self, block, learning_rate)
        path, keys, epochs = own.path, _keys(fast, slow), (fast.write_epoch(), slow.write_epoch())
        if fast.aged:
            columns = torch.from_numpy(reads_of(own.state, own.settings, len(x)))
            path = path._replace(variance=fast.column_read_variance(columns).contiguous().numpy())
        fixed = *own.cells, fast.law, own.trains
        moving = x, d, epochs, slow.kept_weights(), own.memo
        return fast, slow, Transfer(*fixed, keys, path, own.state, own.settings, *moving)

    def derived(self, tile: Tile) -> dict[str, float]:
        """gamma0."""
        return {"gamma0": self.memory(tile)}

    def memory(self, fast: Tile) -> float:
        """gamma0, in samples: as given, or 10 times the number of states on [-1, 1]."""
        return self.gamma0 if self.gamma0 is not None else MEMORY_IN_STATES * 2.0 / fast.granularity

    def gain(self, fast: Tile, slow: Tile, learning_rate: float) -> tuple[float, float]:
        """lr_H without the running means, and the power of their product that belongs to it."""
        if self.scaling == "granularity":
            return learning_rate / (fast.granularity * self.slow_unit), 0.0
        gain = learning_rate * self.transfer_every * fast.cols
        unit = slow.granularity * self.slow_unit
        return gain / (self.memory(fast) * unit * self.fast_rate * fast.granularity), 1.0


class AbstractReferencedRule(AbstractTransferRule):
    """A transfer rule whose reference R is the symmetry points of the fast tile's cells, with an error.

    Parameters
    ----------
    reference_error
        sigma_r, standard deviation of R's error in tile weights, one draw for each cell: R = w* + sigma_r xi.
    """

    reference_error: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    def start(self, block: Block) -> torch.Tensor:
        """Write the fast tile to its cells' own symmetry points; these, with their error, are the reference, in tile weights."""
        fast = block.tiles[FAST]
        points = fast.mapping.weights(fast.device.update.symmetry_points(fast.parameters)).float()
        fast.program(points.clamp(*fast.mapping.limits), block.config.acceptance_range)
        if self.reference_error == 0.0:
            return points
        error = normal_like(block.stream.child("reference error"), tuple(points.shape))
        return points + self.reference_error * error.float()


def _floats(vectors: Tensor) -> NDArray[np.float32]:
    """As the kernels take them; numpy makes a contiguous copy of a part sooner than torch."""
    return np.ascontiguousarray((vectors if vectors.dtype is torch.float32 else vectors.float()).numpy())


def _keys(fast: Tile, slow: Tile) -> TransferKeys:
    """Keys of one use: trains and cells of the fast tile, and all that belongs to reads and transfers."""
    return TransferKeys(Keys(*fast.uses.keys("update", 3)), *slow.uses.keys("update"), *fast.uses.keys("read", 3))


class _Bound(NamedTuple):
    """What stays from one mini-batch to the next, and what it was made from."""

    sources: tuple[object, ...]
    rule: AbstractTransferRule
    learning_rate: float
    cells: tuple[Cells, Cells]
    trains: Trains
    state: TransferState
    settings: TransferSettings
    path: ReadPath
    memo: dict[str, Any]


_BOUND: WeakKeyDictionary[Block, _Bound] = WeakKeyDictionary()


def _bound(rule: AbstractTransferRule, block: Block, learning_rate: float) -> _Bound:
    """Trains, buffers, settings and (where no cell has aged) read path of a block, made anew where another one is there."""
    fast, slow, old = block.tiles[FAST], block.tiles[SLOW], _BOUND.get(block)
    buffers = tuple(block.buffers[name] for name in TransferState._fields)
    if (
        old is None
        or old.rule is not rule
        or old.learning_rate != learning_rate
        or not all(map(is_, old.sources, (fast, slow, *buffers)))
    ):
        state = TransferState(*(buffer.numpy() for buffer in buffers))
        weight, quiet = np.array([*fast.mapping.gains, fast.mapping.offset]), np.empty((fast.rows, 0), np.float32)
        path = ReadPath(weight, quiet, fast.periphery.converter)
        trains, settings = rule.scheme.trains(fast.granularity), rule.settings(fast, slow, learning_rate)
        cells = fast.cells, slow.cells
        old = _Bound((fast, slow, *buffers), rule, learning_rate, cells, trains, state, settings, path, {})
        _BOUND[block] = old
    return old


def _count(fast: Tile, slow: Tile, counts: list[int]) -> None:
    pulses, short, reads, slow_pulses, limited = counts
    fast.activity.pulses += pulses
    fast.activity.short_updates += short
    fast.activity.reads += reads
    fast.activity.dac_conversions += reads
    fast.activity.adc_conversions += reads * fast.rows
    slow.activity.pulses += slow_pulses
    slow.activity.short_updates += limited
    if pulses:
        fast.pulsed()
    if slow_pulses:
        slow.pulsed(weights_kept=True)
