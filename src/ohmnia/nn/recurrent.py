r"""Recurrent layers on arrays: one loop over time, and a table of cells.

Each layer and direction has two matrices on arrays, W_i for its input and W_h for its state (and W_p where the state is
projected). With a = W_i x_t + b_i, c = W_h h_{t-1} + b_h, parts of both named by their gate, and s the logistic function:

    rnn     h_t = tanh(a + c)  or  relu(a + c)
    gru     r = s(a_r + c_r),  z = s(a_z + c_z),  n = tanh(a_n + r c_n),  h_t = n + z (h_{t-1} - n)
    lstm    i, f, o = s(a + c) of each,  g = tanh(a_g + c_g),  m_t = f m_{t-1} + i g,  h_t = o tanh(m_t)

m is the LSTM's cell state. These are the equations of `torch.nn.RNN`, `GRU` and `LSTM`, in their order of gates; everything
but the products is digital. The products W_i x of all times are one read of many vectors; those of W_h follow one another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, final

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ohmnia._errors import InvalidValueError
from ohmnia._validation import Strict
from ohmnia.nn._abstract import AbstractComposite
from ohmnia.nn._digital import filled
from ohmnia.nn.linear import AnalogLinear, Matrix
from ohmnia.random import uniform

State = tuple[Tensor, ...]
_CLASSES: dict[str, type[nn.Module]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Cell(NamedTuple):
    """What tells one kind of recurrent layer from another.

    Attributes
    ----------
    gates
        Parts of the products.
    states
        1 (h), or 2 (h and m).
    step
        (a, c, state before) to the state after.
    """

    gates: int
    states: int
    step: Callable[[Tensor, Tensor, State], State]


def _rnn_tanh(a: Tensor, c: Tensor, state: State) -> State:
    return (torch.tanh(a + c),)


def _rnn_relu(a: Tensor, c: Tensor, state: State) -> State:
    return (torch.relu(a + c),)


def _gru(a: Tensor, c: Tensor, state: State) -> State:
    (a_r, a_z, a_n), (c_r, c_z, c_n) = a.chunk(3, -1), c.chunk(3, -1)
    n = torch.tanh(a_n + torch.sigmoid(a_r + c_r) * c_n)
    return (n + torch.sigmoid(a_z + c_z) * (state[0] - n),)


def _lstm(a: Tensor, c: Tensor, state: State) -> State:
    i, f, g, o = (a + c).chunk(4, -1)
    m = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(m), m


CELLS = {
    "rnn_tanh": Cell(1, 1, _rnn_tanh),
    "rnn_relu": Cell(1, 1, _rnn_relu),
    "gru": Cell(3, 1, _gru),
    "lstm": Cell(4, 2, _lstm),
}


@final
class RecurrentSettings(Strict):
    """Shape and options of a recurrent layer, named and understood as torch does.

    Parameters
    ----------
    cell
        "rnn_tanh", "rnn_relu", "gru" or "lstm".
    input_size, hidden_size, num_layers
        Shape.
    bias
        Whether the products have one.
    batch_first
        Whether the batch stands before the time.
    dropout
        Probability of a zero between two layers, in training mode.
    bidirectional
        Whether every layer also runs backwards in time.
    proj_size
        Of an LSTM: size of its projected h; 0: none.
    """

    cell: Literal["rnn_tanh", "rnn_relu", "gru", "lstm"]
    input_size: int = Field(ge=1)
    hidden_size: int = Field(ge=1)
    num_layers: int = Field(default=1, ge=1)
    bias: bool = True
    batch_first: bool = False
    dropout: float = Field(default=0.0, ge=0, le=1)
    bidirectional: bool = False
    proj_size: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> RecurrentSettings:
        if self.proj_size and (self.cell != "lstm" or self.proj_size >= self.hidden_size):
            raise ValueError("proj_size is for an LSTM, and smaller than hidden_size")
        return self

    @property
    def suffixes(self) -> list[str]:
        """torch's names of layers and directions: "l0", "l0_reverse", ..."""
        ways = ("", "_reverse") if self.bidirectional else ("",)
        return [f"l{layer}{way}" for layer in range(self.num_layers) for way in ways]

    @property
    def directions(self) -> int:
        """1 or 2."""
        return 1 + self.bidirectional

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes of h, and of m where there is one."""
        return (self.proj_size or self.hidden_size, self.hidden_size)[: CELLS[self.cell].states]


@final
class AnalogRecurrent(AbstractComposite[RecurrentSettings]):
    """`torch.nn.RNN`, `GRU` or `LSTM` on arrays; `ohmnia.nn.convert` makes it.

    Parameters
    ----------
    settings
        Shape and options.
    parts
        torch's names without "weight_": "ih_l0", "hh_l0", "hr_l0", "ih_l0_reverse", ...

    Notes
    -----
    The zeros of dropout come from a stream of the layer, counted in the buffer `dropout_uses`, so that a saved layer goes on
    with the zeros that it would have had.
    """

    settings_type: ClassVar[type[Strict]] = RecurrentSettings
    dropout_uses: Tensor

    def __init__(self, settings: RecurrentSettings, parts: dict[str, AnalogLinear]) -> None:
        super().__init__(settings, parts)
        self.register_buffer("dropout_uses", torch.zeros((), dtype=torch.int64))

    @classmethod
    def shapes(cls, settings: RecurrentSettings) -> dict[str, tuple[int, int]]:
        """W_i and W_h, and W_p of an LSTM with a projection, of every layer and direction."""
        rows, width, shapes = CELLS[settings.cell].gates * settings.hidden_size, settings.widths[0], {}
        for k, suffix in enumerate(settings.suffixes):
            inputs = settings.input_size if k < settings.directions else settings.directions * width
            shapes |= {f"ih_{suffix}": (rows, inputs), f"hh_{suffix}": (rows, width)}
            if settings.proj_size:
                shapes[f"hr_{suffix}"] = (width, settings.hidden_size)
        return shapes

    @classmethod
    def split(cls, module: nn.RNN | nn.GRU | nn.LSTM) -> tuple[RecurrentSettings, dict[str, Matrix]]:
        """Settings and matrices of a torch layer."""
        names = [name for name in RecurrentSettings.model_fields if name not in ("cell", "dropout")]
        options: dict[str, Any] = {name: getattr(module, name) for name in names} | {"cell": module.mode.lower()}
        settings = RecurrentSettings(dropout=float(module.dropout) if module.num_layers > 1 else 0.0, **options)
        own = dict(module.named_parameters())
        return settings, {name: Matrix(own[f"weight_{name}"], own.get(f"bias_{name}")) for name in cls.shapes(settings)}

    def join(self, matrices: dict[str, Matrix]) -> nn.Module:
        """The torch layer of these matrices."""
        options = dict(self.settings)
        kind, _, nonlinearity = options.pop("cell").partition("_")
        if kind != "lstm":
            options.pop("proj_size")
        options |= {"nonlinearity": nonlinearity} if nonlinearity else {}
        weights = {f"weight_{name}": matrix.weight for name, matrix in matrices.items()}
        biases = {f"bias_{name}": matrix.bias for name, matrix in matrices.items()}
        return filled(_CLASSES[kind], options, weights | biases)

    def forward(
        self, x: Tensor | PackedSequence, state: Tensor | State | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor | State]:
        """Run through time.

        Parameters
        ----------
        x
            (time, batch, inputs), with `batch_first` (batch, time, inputs), (time, inputs), or packed sequences.
        state
            h, or (h, m) of an LSTM, (layers * directions, [batch,] size) each; None: zeros.

        Returns
        -------
        tuple
            Outputs in the form of `x`, and the last state in the form of `state`.

        Raises
        ------
        InvalidValueError
            Shapes that do not fit.
        """
        if isinstance(x, PackedSequence):
            sizes = x.batch_sizes.tolist()
            data, initial = x.data, self._initial(state, sizes[0], x.sorted_indices)
            data, last = self._layers(data, sizes, initial)
            packed = PackedSequence(data, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
            return packed, self._returned(last, x.unsorted_indices)
        if x.ndim not in (2, 3) or x.shape[-1] != self.settings.input_size or not x.numel():
            raise InvalidValueError(
                f"The input of a recurrent layer has the shape {tuple(x.shape)}; valid: "
                f"({'batch, time' if self.settings.batch_first else 'time, batch'}, {self.settings.input_size}) or "
                f"(time, {self.settings.input_size})."
            )
        single, first = x.ndim == 2, self.settings.batch_first and x.ndim == 3
        x = x[:, None] if single else x.transpose(0, 1) if first else x
        if single and state is not None:
            state = state[:, None] if isinstance(state, Tensor) else tuple(part[:, None] for part in state)
        steps, batch = x.shape[:2]
        data, last = self._layers(x.flatten(0, 1), [batch] * steps, self._initial(state, batch, None))
        y = data.reshape(steps, batch, -1)
        y = y[:, 0] if single else y.transpose(0, 1) if first else y
        return y, self._returned(tuple(part[:, 0] for part in last) if single else last, None)

    def _initial(self, state: Tensor | State | None, batch: int, order: Tensor | None) -> State:
        """The state at the beginning, checked, in the order of the packed sequences."""
        settings = self.settings
        wanted = [(len(settings.suffixes), batch, width) for width in settings.widths]
        if state is None:
            return tuple(torch.zeros(shape) for shape in wanted)
        parts = (state,) if isinstance(state, Tensor) else state
        if [tuple(part.shape) for part in parts] != wanted:
            found = [tuple(part.shape) for part in parts]
            raise InvalidValueError(f"The initial state has the shapes {found}; this {settings.cell} needs {wanted}.")
        return parts if order is None else tuple(part.index_select(1, order) for part in parts)

    def _returned(self, state: State, order: Tensor | None) -> Tensor | State:
        parts = state if order is None else tuple(part.index_select(1, order) for part in state)
        return parts if len(parts) == 2 else parts[0]

    def _layers(self, data: Tensor, sizes: list[int], state: State) -> tuple[Tensor, State]:
        """All layers: `data` (sum of sizes, inputs), of which each time t has sizes[t] rows."""
        ends: list[State] = []
        for k in range(0, len(self.settings.suffixes), self.settings.directions):
            data = data if k == 0 else self._drop(data)
            outputs = []
            for way in range(self.settings.directions):
                start = tuple(part[k + way] for part in state)
                output, end = self._run(self.settings.suffixes[k + way], data, sizes, start)
                outputs.append(output)
                ends.append(end)
            data = torch.cat(outputs, -1)
        return data, tuple(torch.stack(parts) for parts in zip(*ends, strict=True))

    def _run(self, suffix: str, data: Tensor, sizes: list[int], state: State) -> tuple[Tensor, State]:
        """One layer in one direction: its outputs at all times, and its last state."""
        parts, cell = self.parts(), CELLS[self.settings.cell]
        recurrent, projection = parts[f"hh_{suffix}"], parts.get(f"hr_{suffix}")
        driven = parts[f"ih_{suffix}"](data).split(sizes)
        outputs = [data] * len(sizes)
        for t in reversed(range(len(sizes))) if suffix.endswith("_reverse") else range(len(sizes)):
            # Sequences that have ended keep their last state; backwards, those that have not begun keep their first.
            before = tuple(part[: sizes[t]] for part in state)
            after = cell.step(driven[t], recurrent(before[0]), before)
            if projection is not None:
                after = (projection(after[0]), *after[1:])
            outputs[t] = after[0]
            whole = sizes[t] == len(state[0])
            state = after if whole else tuple(torch.cat([new, part[len(new) :]]) for new, part in zip(after, state, strict=True))
        return torch.cat(outputs), state

    def _drop(self, data: Tensor) -> Tensor:
        """Dropout from the layer's own stream; nothing outside training mode."""
        p = self.settings.dropout
        if not (self.training and p):
            return data
        self.dropout_uses += 1
        synapse = next(iter(self.parts().values())).synapse
        stream = synapse.blocks[0].stream.child("dropout").at(int(self.dropout_uses))
        kept = uniform(stream, torch.arange(data.numel())).reshape(data.shape) >= p
        return data * kept.float() / (1.0 - p if p < 1 else 1.0)
