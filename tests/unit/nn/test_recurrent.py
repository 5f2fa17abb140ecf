"""Recurrent layers: torch's own for every option, initial states, sequences of unequal lengths, dropout."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from contracts.analog_layer import AnalogLayerContract, assert_is_torchs, bits, known
from helpers import QUICK, QUICK_IDEAL, values
from ohmnia import Chip, load_chip
from ohmnia._errors import InvalidValueError
from ohmnia.nn import AnalogRecurrent, RecurrentSettings, analog_layers, convert, to_digital
from ohmnia.nn.recurrent import CELLS
from ohmnia.technology import Technology
from tolerances import of_share

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

CLASSES: dict[str, tuple[type[nn.Module], dict[str, object]]] = {
    "rnn_tanh": (nn.RNN, {}),
    "rnn_relu": (nn.RNN, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, {}),
    "lstm": (nn.LSTM, {}),
}
X = values(50, 4, 3, 5)


def layer(cell: str, **options: object) -> nn.Module:
    """5 inputs and 3 states with known weights."""
    cls, own = CLASSES[cell]
    return known(cls(5, 3, **own, **options))


class TestRNN(AnalogLayerContract):
    x = X

    def torch_layer(self) -> nn.Module:
        return layer("rnn_tanh")


class TestGRU(AnalogLayerContract):
    x = X

    def torch_layer(self) -> nn.Module:
        return layer("gru", batch_first=True)


class TestLSTM(AnalogLayerContract):
    x = X

    def torch_layer(self) -> nn.Module:
        return layer("lstm", num_layers=2)


OPTIONS: list[dict[str, object]] = [
    {},
    {"bias": False},
    {"batch_first": True},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "batch_first": True},
]


@pytest.mark.parametrize("cell", CLASSES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_is_torchs(technology: Technology, cell: str, options: dict[str, object]) -> None:
    assert_is_torchs(layer(cell, **options), X, technology)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_a_projection_is_torchs(technology: Technology, options: dict[str, object]) -> None:
    assert_is_torchs(layer("lstm", proj_size=2, **options), X, technology)


def pair(torch_layer: nn.Module, technology: Technology) -> tuple[nn.Module, nn.Module]:
    """On arrays and digital, of the same weights."""
    analog = convert(torch_layer, technology, config=QUICK_IDEAL)
    return analog, to_digital(analog)


def start(cell: str, *batch: int, layers: int = 4, proj: int = 0) -> Tensor | tuple[Tensor, ...]:
    """An initial state that needs a gradient."""
    sizes = (proj or 3, 3)[: CELLS[cell].states]
    parts = tuple(values(k, layers, *batch, size).requires_grad_() for k, size in enumerate(sizes))
    return parts if len(parts) == 2 else parts[0]


def parts_of(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def assert_states(technology: Technology, torch_layer: nn.Module, x: Tensor | PackedSequence, *states: object) -> None:
    """Outputs, last states and the gradients of the first states are torch's."""
    results = []
    for model, state in zip(pair(torch_layer, technology), states, strict=True):
        y, last = model(x, state)
        assert type(last) is type(state)
        data = y.data if isinstance(y, PackedSequence) else y
        (data.square().sum() + sum(part.sum() for part in parts_of(last))).backward()
        results.append([data, *parts_of(last), *(part.grad for part in parts_of(state))])
    for value, wanted in zip(*results, strict=True):
        torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CLASSES)
def test_states_go_in_and_out(technology: Technology, cell: str) -> None:
    assert_states(technology, layer(cell, num_layers=2, bidirectional=True), X, start(cell, 3), start(cell, 3))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_one_sequence_needs_no_batch(technology: Technology, cell: str, batch_first: bool) -> None:
    torch_layer = layer(cell, num_layers=2, bidirectional=True, batch_first=batch_first)
    assert_is_torchs(torch_layer, X[:, 0], technology)
    assert_states(technology, torch_layer, X[:, 0], start(cell), start(cell))


@pytest.mark.parametrize("cell", CLASSES)
def test_sequences_of_unequal_lengths(technology: Technology, cell: str) -> None:
    packed = pack_sequence([values(k, length, 5) for k, length in enumerate((2, 5, 1, 3))], enforce_sorted=False)
    torch_layer = layer(cell, num_layers=2, bidirectional=True)
    assert_states(technology, torch_layer, packed, start(cell, 4), start(cell, 4))
    analog, digital = pair(torch_layer, technology)
    y, wanted = analog(packed)[0], digital(packed)[0]
    torch.testing.assert_close(y.data, wanted.data, rtol=1e-5, atol=1e-5)
    assert torch.equal(y.batch_sizes, wanted.batch_sizes)
    assert torch.equal(y.unsorted_indices, wanted.unsorted_indices)


def test_what_is_over_is_not_read(technology: Technology) -> None:
    model = convert(layer("gru"), technology, config=QUICK_IDEAL)
    model(pack_sequence([values(k, length, 5) for k, length in enumerate((5, 3, 1))]))
    for _, part in analog_layers(model):
        assert part.synapse.blocks[0].slow.activity.reads == 9


def test_a_detached_state_goes_on_where_it_was(technology: Technology) -> None:
    model = convert(layer("lstm", num_layers=2), technology, config=QUICK_IDEAL)
    with torch.no_grad():
        whole = model(X)[0]
        first, state = model(X[:2])
        second, _ = model(X[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_inputs_of_all_times_are_one_read_and_states_one_each(technology: Technology) -> None:
    model = convert(layer("gru"), technology, config=QUICK_IDEAL)
    model(X)[0].sum().backward()
    queues = {name: [tuple(request.x.shape) for request in part.synapse.requests] for name, part in analog_layers(model)}
    assert queues == {"ih_l0": [(12, 5)], "hh_l0": [(3, 3)] * 4}


# --- dropout ----------------------------------------------------------------------------------------------------------


def dropping(technology: Technology, p: float, seed: int = 0) -> AnalogRecurrent:
    """Two layers whose first passes its relu of the input on, and whose second shows its input."""
    torch_layer = nn.RNN(5, 5, 2, bias=False, nonlinearity="relu", dropout=p)
    for name, parameter in torch_layer.named_parameters():
        parameter.data.copy_(torch.eye(5) if "ih" in name else torch.zeros(5, 5))
    model = convert(torch_layer, technology, config=QUICK_IDEAL, seed=seed)
    assert isinstance(model, AnalogRecurrent)
    return model


def shown(model: AnalogRecurrent, x: Tensor) -> list[Tensor]:
    """What goes into the second layer, in the forward pass and as a gradient."""
    caught: list[Tensor] = []
    hook = model.parts()["ih_l1"].register_forward_pre_hook(lambda module, inputs: caught.append(inputs[0]))
    model(x)
    hook.remove()
    return caught


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_a_share_is_zero_and_the_rest_is_larger(technology: Technology, p: float) -> None:
    model, x = dropping(technology, p), values(1, 40, 20, 5, low=0.5)
    (data,) = shown(model, x)
    (whole,) = shown(model.eval(), x)
    share = float((data == 0).float().mean())
    assert share == pytest.approx(p, abs=of_share(p, data.numel()))
    kept = data != 0
    torch.testing.assert_close(data[kept], whole[kept] / (1 - p), rtol=1e-5, atol=1e-5)


def test_everything_can_be_dropped(technology: Technology) -> None:
    assert not shown(dropping(technology, 1.0), X)[0].any()


def test_dropout_is_for_training_mode_and_for_several_layers(technology: Technology) -> None:
    model = dropping(technology, 0.5).eval()
    model(X)
    assert int(model.dropout_uses) == 0
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        single = layer("gru", dropout=0.5)
    model = convert(single, technology, config=QUICK)
    assert model.settings.dropout == 0.0
    assert to_digital(convert(layer("gru", num_layers=2, dropout=0.25), technology, config=QUICK)).dropout == 0.25


def test_its_stream_is_the_layers_own(technology: Technology) -> None:
    x = values(1, 20, 4, 5, low=0.5)
    models = [dropping(technology, 0.5, seed=seed) for seed in (0, 0, 1)]
    before = torch.get_rng_state()
    zeros = [shown(model, x)[0] == 0 for model in models]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(zeros[0], zeros[1])
    assert not torch.equal(zeros[0], zeros[2])
    assert not torch.equal(shown(models[0], x)[0] == 0, zeros[0])


def test_its_stream_goes_on_from_a_saved_state(technology: Technology, tmp_path: Path) -> None:
    model, other = dropping(technology, 0.5), dropping(technology, 0.5, seed=1)
    with torch.no_grad():
        model(X)
        other.load_state_dict(copy.deepcopy(model.state_dict()))
        Chip(nn.Sequential(model)).save(tmp_path / "chip")
        loaded = load_chip(tmp_path / "chip").model[0]
        zeros = [shown(network, X)[0] == 0 for network in (model, other, loaded)]
    assert torch.equal(zeros[0], zeros[1])
    assert torch.equal(zeros[0], zeros[2])
    assert bits(model) == bits(other) == bits(loaded)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3, 6), (5,), (1, 4, 3, 5), (0, 3, 5)])
def test_inputs_of_another_shape_are_refused(technology: Technology, shape: tuple[int, ...]) -> None:
    model = convert(layer("lstm"), technology, config=QUICK)
    with pytest.raises(InvalidValueError, match=r"recurrent layer has the shape .*valid: \(time, batch, 5\) or \(time, 5\)"):
        model(torch.ones(shape))


def test_states_of_another_shape_are_refused(technology: Technology) -> None:
    model = convert(layer("lstm"), technology, config=QUICK)
    for state in (torch.zeros(1, 3, 3), (torch.zeros(1, 3, 3), torch.zeros(1, 2, 3)), (torch.zeros(2, 3, 3),) * 2):
        with pytest.raises(InvalidValueError, match=r"initial state .*this lstm needs \[\(1, 3, 3\), \(1, 3, 3\)\]"):
            model(X, state)


@pytest.mark.parametrize(
    "changes",
    [{"cell": "lstn"}, {"proj_size": 3}, {"cell": "gru", "proj_size": 1}, {"dropout": 1.5}, {"num_layers": 0}, {"hiden": 1}],
)
def test_settings_are_checked(changes: dict[str, object]) -> None:
    numbers = {"cell": "lstm", "input_size": 5, "hidden_size": 3, "proj_size": 2}
    RecurrentSettings(**numbers)
    with pytest.raises(ValueError, match=r"RecurrentSettings"):
        RecurrentSettings(**(numbers | changes))
