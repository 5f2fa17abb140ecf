"""An array learns a fixed target matrix from random inputs: the task of Rasch et al. (2024), Fig. 4.

A layer y = W x with m outputs is to become y = W* x. Its loss is L = sum_i (y_i - y*_i)**2 / (2 m), so that d = (y - y*) / m;
what is left is eps = sqrt(mean (W - W*)**2).

References
----------
Rasch et al., Nat. Commun. 15, 7133 (2024), eq. 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.array import ArrayConfig, Block, PulseScheme, Synapse
from ohmnia.device import Device, resolve
from ohmnia.experiments.training import improved, update_quantity, with_update_quantity
from ohmnia.random import Stream, normal_like
from ohmnia.technology import Technology
from ohmnia.training import AGAD, SGD, AbstractRule, ChoppedTTv2, TTv2

LEARNING_RATE, TARGET_SIGMA, BATCH = 0.1, 0.3, 20
# Rasch et al. (2024), caption of Fig. 3: l_max 5, n_s 5, gamma_0 200, flips with probability 0.1, beta 0.5 (tail over period).
_SHARED = {"fast_rate": 5.0, "scheme": PulseScheme(length=5), "transfer_every": 5, "gamma0": 200.0}
RULES: dict[str, AbstractRule] = {
    "SGD": SGD(scheme=PulseScheme(length=5)),
    "TTv2": TTv2.model_validate(_SHARED),
    "c-TTv2": ChoppedTTv2.model_validate(_SHARED | {"in_chop_prob": 0.1}),
    "AGAD": AGAD.model_validate(_SHARED | {"in_chop_prob": 0.1, "tail_weightening": 5.0}),
}


@final
@dataclass(frozen=True, slots=True)
class Task:
    """What all arrays learn, from the same inputs.

    Parameters
    ----------
    target
        W*.
    inputs, outputs
        x, and W* x.
    """

    target: Float[Tensor, "size size"]
    inputs: Float[Tensor, "samples size"]
    outputs: Float[Tensor, "samples size"]


@final
@dataclass(frozen=True, slots=True)
class Cells:
    """The devices of the fast tile and of the tile that holds the weights."""

    fast: Device
    slow: Device


def programming_task(size: int, samples: int, stream: Stream) -> Task:
    """A target of N(0, 0.3) and inputs of N(0, 1)."""
    target = TARGET_SIGMA * normal_like(stream.child("target"), (size, size)).float()
    inputs = normal_like(stream.child("inputs"), (samples, size)).float()
    return Task(target, inputs, inputs @ target.T)


def toy_cells(technology: Technology, states: float, asymmetry_spread: float | None = None) -> Cells:
    """The toy device with a number of states on [-1, 1]; the bounds of the tile that holds the weights are not spread.

    Parameters
    ----------
    technology
        With the law of soft bounds whose steps are stated at weight 0.
    states
        2 / delta.
    asymmetry_spread
        sigma_pm; None: as the technology has it.
    """
    stepped = improved(technology, "step", 2.0 / states)
    if asymmetry_spread is not None:
        stepped = _with_spread(stepped, "asymmetry", asymmetry_spread)
    return Cells(resolve(stepped), resolve(_with_spread(stepped, "bound", 0.0)))


def _with_spread(technology: Technology, quantity: str, value: float) -> Technology:
    old = update_quantity(technology, quantity)
    if old.spread is None:
        raise InvalidValueError(f"{technology.id}: laws.update.{quantity} has no spread; give it one, as 'rasch2024-toy' does.")
    spread = old.spread.model_copy(update={"value": value})
    return with_update_quantity(technology, quantity, old.model_copy(update={"spread": spread}))


def programming_errors(
    rule: AbstractRule,
    offsets: Sequence[float],
    cells: Cells,
    task: Task,
    streams: Iterable[Stream],
    learning_rate: float = LEARNING_RATE,
) -> Float[Tensor, "offsets seeds"]:
    """Weight errors after all samples.

    Parameters
    ----------
    rule
        With all of its settings but the offset.
    offsets
        sigma_r of the reference; AGAD gets such a reference as the first value of its own. SGD takes 0 alone.
    cells
        What the arrays are made of.
    task
        What they learn.
    streams
        One for each set of arrays; the offsets of one set share its cells.
    learning_rate
        lambda.
    """
    devices, size = list(streams), len(task.target)
    synapses = [_started(rule, offset, cells, size, stream) for offset in offsets for stream in devices]
    for x, y in zip(task.inputs.split(BATCH), task.outputs.split(BATCH), strict=True):
        for synapse in synapses:
            synapse.queue(x, (synapse.forward(x, "read") - y) / size)
        # What tells the offsets apart lies in the blocks by now.
        rule.apply_all(synapses, learning_rate)
    errors = [float((synapse.weights() - task.target).double().square().mean().sqrt()) for synapse in synapses]
    return torch.tensor(errors, dtype=torch.float64).reshape(len(offsets), len(devices))


def _started(rule: AbstractRule, offset: float, cells: Cells, size: int, stream: Stream) -> Synapse:
    """An array at weight 0, with the rule's tiles and buffers."""
    synapse = Synapse((size, size), cells.slow, ArrayConfig(), stream, 1.0)
    synapse.program(torch.zeros(size, size))
    block = synapse.blocks[0]
    block.device = cells.fast
    _with_offset(rule, offset).prepare(block)
    if isinstance(rule, AGAD):
        block.buffers["reference"].copy_(_reference(block, offset))
    return synapse


def _with_offset(rule: AbstractRule, offset: float) -> AbstractRule:
    return rule.model_copy(update={"reference_error": offset}) if isinstance(rule, TTv2 | ChoppedTTv2) else rule


def _reference(block: Block, offset: float) -> Float[Tensor, "rows cols"]:
    """R as the other rules get it."""
    return TTv2(reference_error=offset).start(block)
