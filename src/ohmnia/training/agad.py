r"""AGAD: analog gradient accumulation with a dynamic reference.

The gradient is pulsed onto a fast array A with chopped inputs; its columns are read in turn, and what differs from a
reference P enters the digital H; where |H| reaches 1, the slow array C (which inference sees) gets a pulse:

    A  <- A - lr_A d (c x)^T                      pulses, every sample
    r   = read of column j of A                   every n_s samples, j in turn
    H_j <- H_j + c_j lr_H (r - P_j)
    M_j <- (1 - beta) M_j + beta r,  beta = min(tail / period, 1)
    C  gets trunc(H) pulses where |H| >= 1, which are subtracted from H (or H is multiplied by `momentum`)
    every `period` reads of column j:  P_j <- M_j,  c_j <- -c_j

No symmetry point is measured or programmed: an offset of A appears in P and cancels.

Scales: lr_A = fast_rate dw_A / (m_x m_d) with running means m of max|x| and max|d|, so that a mean sample asks for
`fast_rate` slots. With n the inputs of the array, dw the granularities,

    scaling "gradient":     lr_H = lr n_s n / (gamma0 dw_C lr_A)     (Rasch et al.)
    scaling "granularity":  lr_H = lr / dw_A                          (H does not follow the size of the gradient)

The default gamma0 makes lr mean what it means in plain SGD. Where A integrates without loss, its N reads of one chopper period
rise by lr_A n_s n times the gradient each, and P lies c reads above the turning point (c: the running mean's lag over the
triangle that A runs through), so that the transfers of a period add up to those of SGD when gamma0 = n_s n ((N + 1) / 2 - c).
A device of few states forgets sooner; its memory counts as 10 times its number of states 2 / dw_A (Rasch et al. use
gamma0 = 200 for 20 states), and the shorter of the two decides:

    1 / gamma0 = 1 / (n_s n ((N + 1) / 2 - c)) + dw_A / 20

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024). Deviations: no significance test, as in the published code; the mean of a
period that is not full is the plain mean of its reads.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal, final

import numpy as np
import torch
from pydantic import Field

from ohmnia.array import SLOW, Block, PulseScheme, Tile, UpdateRequest
from ohmnia.array.tile import pulse_keys
from ohmnia.kernels import TransferSettings, TransferState
from ohmnia.training._abstract import AbstractRule

FAST = "fast"


@final
class AGAD(AbstractRule):
    """Hyper-parameters of AGAD; the defaults suit a device of about 20 states.

    Parameters
    ----------
    fast_rate
        eta0 * l_max: slots that a sample with mean maxima asks for on the fast tile.
    scheme
        Pulse trains of the fast tile.
    transfer_every
        n_s, samples between two column reads.
    in_chop_prob
        Reciprocal of the chopper period: a column flips every ceil(1 / in_chop_prob) of its reads.
    tail_weightening
        Weight of the end of a period in the running mean.
    scaling, gamma0
        See the module's equations; None: the default of gamma0.
    slow_length
        Most pulses of one transfer.
    momentum
        Factor on H after a transfer; None: subtract the transferred steps instead.
    rate_memory
        Time constant of the running means of the maxima, in samples.
    """

    citations: ClassVar[tuple[str, ...]] = ("rasch2024",)

    fast_rate: float = Field(default=1.0, gt=0)
    scheme: PulseScheme = PulseScheme(length=5)
    transfer_every: int = Field(default=1, ge=1)
    in_chop_prob: float = Field(default=0.1, gt=0, le=1)
    tail_weightening: float = Field(default=5.0, gt=0)
    scaling: Literal["gradient", "granularity"] = "gradient"
    gamma0: float | None = Field(default=None, gt=0)
    slow_length: int = Field(default=1, ge=1)
    momentum: float | None = Field(default=None, ge=0, lt=1)
    rate_memory: float = Field(default=1000.0, ge=1)

    @property
    def period(self) -> int:
        """Reads of a column between two flips of its chopper."""
        return math.ceil(1.0 / self.in_chop_prob)

    def prepare(self, block: Block) -> None:
        """A fast tile at weight 0, and the digital buffers H, P, M and choppers."""
        rows, cols = block.shape
        block.ensure_tile(FAST)
        for name in ("hidden", "reference", "mean"):
            block.ensure_buffer(name, torch.zeros(rows, cols))
        block.ensure_buffer("chopper", torch.ones(cols, dtype=torch.int32))
        block.ensure_buffer("reads", torch.zeros(cols, dtype=torch.int32))
        block.ensure_buffer("scalars", torch.zeros(4, dtype=torch.float64))
        block.ensure_buffer("clock", torch.tensor(block.tiles[FAST].clock_seconds, dtype=torch.float64))

    def _restart_after_wait(self, block: Block) -> None:
        """Where time has moved A since the last update, start a new period: no write to C before it is full."""
        clock, now = block.buffers["clock"], block.tiles[FAST].clock_seconds
        if float(clock) != now:
            block.buffers["reads"].zero_()
            block.buffers["mean"].zero_()
            clock.fill_(now)

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """One mini-batch, sample after sample, inside a kernel."""
        self.prepare(block)
        self._restart_after_wait(block)
        fast, slow = block.tiles[FAST], block.tiles[SLOW]
        x, d = request.x.float().contiguous(), request.d.float().contiguous()
        stream, slow_stream = fast.next_stream("update"), slow.next_stream("update")
        read_stream = fast.next_stream("read")
        pulses, short, reads, slow_pulses = fast.kernel.agad_update(
            fast.cells(),
            slow.cells(),
            fast.law,
            self.scheme.trains(fast.granularity),
            pulse_keys(stream),
            (slow_stream.key0, slow_stream.key1),
            (read_stream.key0, read_stream.key1),
            fast.read_variance().contiguous().numpy(),
            np.array([*fast.mapping.gains, fast.mapping.offset]),
            fast.periphery.converter,
            TransferState(*(block.buffers[name].numpy() for name in TransferState._fields)),
            self._settings(fast, slow, learning_rate),
            x.numpy(),
            d.numpy(),
            (fast.write_epoch(), slow.write_epoch()),
        )
        self._count(block, int(pulses), int(short), int(reads), int(slow_pulses))

    def memory(self, fast: Tile) -> float:
        """gamma0, in samples: as given, or the default of the module's equations."""
        if self.gamma0 is not None:
            return self.gamma0
        p, beta = self.period, min(self.tail_weightening / self.period, 1.0)
        # The wave is a triangle: k reads before its turning point, A was |(k + p) mod 2p - p| reads away.
        lag = sum(beta * (1.0 - beta) ** k * abs((k + p) % (2 * p) - p) for k in range(40 * p))
        integrating = self.transfer_every * fast.cols * ((p + 1.0) / 2.0 - lag)
        return 1.0 / (1.0 / integrating + fast.granularity / 20.0)

    def _settings(self, fast: Tile, slow: Tile, learning_rate: float) -> TransferSettings:
        gain, power = learning_rate / fast.granularity, 0.0
        if self.scaling == "gradient":
            gain = learning_rate * self.transfer_every * fast.cols
            gain, power = gain / (self.memory(fast) * slow.granularity * self.fast_rate * fast.granularity), 1.0
        return TransferSettings(
            fast_rate=self.fast_rate,
            rate_memory=self.rate_memory,
            gain=gain,
            gain_power=power,
            every=self.transfer_every,
            period=self.period,
            tail=self.tail_weightening,
            slow_length=self.slow_length,
            forget=-1.0 if self.momentum is None else self.momentum,
        )

    def _count(self, block: Block, pulses: int, short: int, reads: int, slow_pulses: int) -> None:
        fast, slow = block.tiles[FAST], block.tiles[SLOW]
        fast.activity.pulses += pulses
        fast.activity.short_updates += short
        fast.activity.reads += reads
        fast.activity.dac_conversions += reads
        fast.activity.adc_conversions += reads * fast.rows
        slow.activity.pulses += slow_pulses
        fast.touched()
        slow.touched()
