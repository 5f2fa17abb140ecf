"""The Triton member: the contract of `_contract` with tensors on a GPU in place of numpy arrays.

Every array, also those of `Cells`, `ReadPath` and `TransferState`, is a contiguous torch tensor on one device. Counts come
back as tensors, too, so that no call waits for the device; only the cells' work stays with the other members' 32-bit words.
Of update laws it has soft bounds alone: a tabulated law is refused. With TRITON_INTERPRET=1 the kernels run on CPU tensors,
slowly: for tests.
"""

# Triton gives these functions another meaning, and need not be installed.

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from ohmnia.kernels import _cuda_read, _cuda_verbs
from ohmnia.kernels._contract import (
    Cells,
    Keys,
    ReadPath,
    Trains,
    Transfer,
    TransferKeys,
    TransferSettings,
    TransferState,
    UpdateLaw,
)
from ohmnia.kernels._contract_records import check_soft_bounds
from ohmnia.kernels._cuda_cells import cells_kernel
from ohmnia.kernels._cuda_plan import SLOTS_A_WORD, maxima_kernel, trains_kernel, visits_kernel
from ohmnia.kernels._cuda_words import LAUNCH, numbers, table, words_of

_TWO_POW_32 = 4294967296.0
_LINES = 128
_COUNTS = 5


class _Plan(NamedTuple):
    """Trains of a mini-batch, and its column reads; see `visits_kernel`."""

    col_words: Any
    row_words: Any
    counts: Any
    visits: int = 0
    sample: Any = None
    read: Any = None
    flags: Any = None
    beta: Any = None
    signs: Any = None
    gains: Any = None


def _blocks(lines: int) -> int:
    return -(-lines // _LINES)


def _law(law: UpdateLaw) -> tuple[float, float]:
    check_soft_bounds(law)
    return float(law.exponent_up), float(law.exponent_down)


def _parts(length: int) -> int:
    return -(-length // SLOTS_A_WORD)


def _empty(x: Tensor, d: Tensor, length: int) -> _Plan:
    words = len(x) * _parts(length)
    col_words = torch.empty((words, x.shape[1]), dtype=torch.uint32, device=x.device)
    row_words = torch.empty((words, d.shape[1]), dtype=torch.uint32, device=x.device)
    return _Plan(col_words, row_words, torch.zeros((32, _COUNTS), dtype=torch.int64, device=x.device))


def _make_trains(plan: _Plan, trains: Trains, keys: Keys, x: Tensor, d: Tensor, own: Tensor, maxima: Any, asked: Any) -> None:
    """Launch `trains_kernel`; without maxima the update is a plain one, and `own` its rate and granularity."""
    samples, rows, cols = len(x), d.shape[1], x.shape[1]
    planned = maxima is not None
    trains_kernel[(samples, _blocks(cols) + _blocks(rows))](
        x,
        d,
        own,
        maxima if planned else own,
        asked if planned else own,
        plan.sample if planned else plan.counts,
        plan.signs if planned else plan.counts,
        plan.col_words,
        plan.row_words,
        plan.counts,
        samples,
        rows,
        cols,
        int(trains.length),
        plan.visits,
        *words_of(keys.columns),
        *words_of(keys.rows),
        PLANNED=planned,
        UPDATE_MANAGEMENT=bool(trains.update_management),
        LENGTH_MANAGEMENT=bool(trains.length_management),
        PARTS=_parts(trains.length),
        BLOCK=_LINES,
        num_warps=4,
        **LAUNCH,
    )


def _plan_transfer(
    state: TransferState, settings: TransferSettings, trains: Trains, keys: TransferKeys, x: Tensor, d: Tensor
) -> _Plan:
    """Maxima, running means, choppers and column reads, and trains; moves the digital state on."""
    samples, rows, cols = len(x), d.shape[1], x.shape[1]
    device, plan = x.device, _empty(x, d, trains.length)
    reads = -(-samples // settings.every)
    visits = -(-reads // cols)
    floats = torch.empty((4, samples), dtype=torch.float64, device=device)
    maxima, asked, gains = floats[:2], floats[2], floats[3]
    table_of = torch.empty((3, visits, cols), dtype=torch.int32, device=device)
    beta = torch.empty((visits, cols), dtype=torch.float64, device=device)
    signs = torch.empty((visits + 1, cols), dtype=torch.int32, device=device)
    snapshot = torch.empty(2, dtype=torch.float64, device=device)
    scalars: Any = state.scalars
    plan = plan._replace(
        visits=visits, sample=table_of[0], read=table_of[1], flags=table_of[2], beta=beta, signs=signs, gains=gains
    )
    maxima_kernel[(samples,)](x, d, scalars, maxima, snapshot, rows, cols, BLOCK=1024, num_warps=4, **LAUNCH)
    threshold = math.floor(settings.flip_probability * _TWO_POW_32 + 0.5)
    gain = settings.gain, settings.gain_power
    own = numbers(device, settings.fast_rate, settings.rate_memory, settings.mean_rate, float(threshold), *gain)
    visits_kernel[(1 + _blocks(cols),)](
        scalars,
        maxima,
        snapshot,
        own,
        state.chopper,
        state.reads,
        asked,
        gains,
        plan.sample,
        plan.read,
        plan.flags,
        beta,
        signs,
        plan.counts,
        samples,
        cols,
        int(settings.every),
        int(settings.period),
        int(settings.wait),
        visits,
        *words_of(keys.chopper),
        HAS_MEMORY=settings.rate_memory > 0.0,
        DYNAMIC=bool(settings.dynamic),
        BLOCK=_LINES,
        num_warps=4,
        **LAUNCH,
    )
    _make_trains(plan, trains, keys.pulses, x, d, own, maxima, asked)
    return plan


@final
class Cuda:
    """The Triton member of the contract, over torch tensors.

    Parameters
    ----------
    block
        Cells of a row that one program owns; a power of 2.
    """

    drive = staticmethod(_cuda_read.drive)
    convert = staticmethod(_cuda_read.convert)
    read = staticmethod(_cuda_read.read)
    program = staticmethod(_cuda_verbs.program)
    program_sampled = staticmethod(_cuda_verbs.program_sampled)
    advance = staticmethod(_cuda_verbs.advance)
    read_cells = staticmethod(_cuda_verbs.read_cells)
    read_variance = staticmethod(_cuda_verbs.read_variance)

    def __init__(self, block: int = 64) -> None:
        self.block = block

    def _pulse(
        self,
        fast: Cells,
        slow: Cells,
        law: UpdateLaw,
        trains: Trains,
        plan: _Plan,
        own: Tensor,
        keys: tuple[tuple[int, int], ...],
        epochs: tuple[int, int],
        samples: int,
        path: ReadPath | None = None,
        state: TransferState | None = None,
        settings: TransferSettings | None = None,
    ) -> Tensor:
        """Launch `cells_kernel`; the five counts."""
        planes, rows, cols = fast.conductance.shape
        counts = plan.counts
        visits = (plan.sample, plan.read, plan.flags, plan.beta, plan.signs, plan.gains) if state else (counts,) * 6
        digital = (state.hidden, state.reference, state.mean) if state else (own,) * 3
        read = (path.variance, path.weight) if path else (own,) * 2
        cells_kernel[(rows * (-(-cols // self.block)),)](
            *fast,
            *slow,
            plan.col_words,
            plan.row_words,
            table(counts.device),
            *visits,
            *digital,
            *read,
            own,
            counts,
            samples,
            rows,
            cols,
            int(trains.length),
            int(settings.slow_length) if settings else 1,
            int(settings.slow_unit) if settings else 1,
            *map(int, epochs),
            plan.visits,
            int(path.variance.shape[1]) if path else 0,
            *(word for key in keys for word in words_of(key)),
            PLANES=planes,
            PARTS=_parts(trains.length),
            MULTIPLICATIVE=bool(law.multiplicative),
            LINEAR=law.exponent_up == law.exponent_down == 1.0,
            TRANSFER=state is not None,
            DIRECT=bool(settings.direct) if settings else False,
            DYNAMIC=bool(settings.dynamic) if settings else False,
            BLOCK=self.block,
            num_warps=1,
            **LAUNCH,
        )
        return counts.sum(0)

    def pulsed_update(
        self,
        cells: Cells,
        law: UpdateLaw,
        trains: Trains,
        keys: Keys,
        x: Any,
        d: Any,
        learning_rate: float,
        epoch: int,
    ) -> Any:
        """See `Member.pulsed_update`; the counts are an int64 tensor."""
        exponents, plan = _law(law), _empty(x, d, trains.length)
        if not len(x):
            return plan.counts[0, :2]
        _make_trains(plan, trains, keys, x, d, numbers(x.device, float(learning_rate), float(trains.granularity)), None, None)
        own, no_key = numbers(x.device, *exponents), (0, 0)
        all_keys = (keys.cells, no_key, no_key, no_key)
        return self._pulse(cells, cells, law, trains, plan, own, all_keys, (epoch, 0), len(x))[:2]

    def _transfer(self, work: Transfer) -> Tensor:
        exponents, x, d = _law(work.law), torch.as_tensor(work.x), torch.as_tensor(work.d)
        if not len(x):
            return torch.zeros(_COUNTS, dtype=torch.int64, device=x.device)
        path, state, settings, keys = work.path, work.state, work.settings, work.keys
        if not path.variance.shape[1]:
            path = path._replace(variance=torch.zeros(d.shape[1], len(x), device=x.device))
        plan = _plan_transfer(state, settings, work.trains, keys, x, d)
        own = numbers(x.device, *exponents, *path.converter, settings.forget)
        all_keys = (keys.pulses.cells, keys.slow, keys.read, keys.transfer)
        cells = work.fast, work.slow, work.law, work.trains
        counts = self._pulse(*cells, plan, own, all_keys, work.epochs, len(x), path, state, settings)
        if work.weights is not None:
            gains, conductance = path.weight.float(), work.slow.conductance
            total = conductance[0] * gains[0]
            for gain, plane in zip(gains[1:], conductance[1:], strict=False):
                total = total + gain * plane
            work.weights.copy_(total - gains[-1])
        return counts

    def transfer_update(self, works: Sequence[Transfer]) -> Any:
        """See `Member.transfer_update`; the counts are an int64 tensor."""
        return torch.stack([self._transfer(work) for work in works])
