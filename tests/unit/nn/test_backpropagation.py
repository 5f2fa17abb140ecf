"""Backpropagation in one call: what the model and its loss do by themselves, with the same noise, to the rounding of float32."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import ohmnia
from helpers import IDEAL, QUICK, QUICK_IDEAL, values
from ohmnia._errors import InvalidValueError, StateError, TrainingWarning
from ohmnia.array import ArrayConfig
from ohmnia.nn import AnalogLinear, Backpropagation
from ohmnia.nn import linear as linear_module

INPUTS, HIDDEN, OUTPUTS, SAMPLES = 9, 7, 4, 6
LABELS = torch.tensor([0, 3, 1, 1, 2, 0])
SMALL_TILES = {"max_rows": 3, "max_cols": 4}
RELATIVE = 2e-6


def drawn(model: nn.Module, seed: int) -> nn.Module:
    """With weights that no global generator has drawn."""
    with torch.no_grad():
        for k, parameter in enumerate(model.parameters()):
            parameter.copy_(0.3 * values(100 * seed + k, *parameter.shape))
    return model


def network(*between: nn.Module, config: ArrayConfig = QUICK_IDEAL, seed: int = 0, bias: bool = True) -> nn.Sequential:
    """Two layers on arrays with something between and behind them."""
    middle, *end = between or (nn.Sigmoid(),)
    model = nn.Sequential(nn.Linear(INPUTS, HIDDEN, bias), middle, nn.Linear(HIDDEN, OUTPUTS, bias), *end)
    return ohmnia.nn.convert(drawn(model, seed), ohmnia.technology("cmo-hfox"), config=config, seed=seed)


def layers(model: nn.Module) -> list[AnalogLinear]:
    return [module for module in model.modules() if isinstance(module, AnalogLinear)]


def biased(model: nn.Module) -> nn.Module:
    """With biases that are not zero."""
    with torch.no_grad():
        for k, parameter in enumerate(model.parameters()):
            parameter.copy_(values(k, *parameter.shape))
    return model


def plainly(model: nn.Module, loss: nn.Module, x: Tensor, y: Tensor) -> float:
    value = loss(model(x), y)
    value.backward()
    return float(value.detach())


def everything(model: nn.Module) -> list[Tensor]:
    """Update requests and gradients of the biases."""
    found = []
    for layer in layers(model):
        for request in layer.synapse.requests:
            found += [request.x, request.d]
        if layer.bias is not None and layer.bias.grad is not None:
            found.append(layer.bias.grad)
    return found


def counted(model: nn.Module) -> list[object]:
    return [(tile.activity.as_dict(), tile.uses.counts) for layer in layers(model) for tile in layer.synapse.tiles()]


def assert_alike(model: nn.Module, loss: nn.Module, x: Tensor, y: Tensor, calls: int = 2) -> nn.Module:
    """The pass beside the model and its loss, several times in turn."""
    plain, own = model, copy.deepcopy(model)
    backpropagate = Backpropagation(own, loss)
    for _ in range(calls):
        expected, found = plainly(plain, loss, x, y), backpropagate(x, y)
        assert found == pytest.approx(expected, rel=1e-5)
        theirs, ours = everything(plain), everything(own)
        assert len(theirs) == len(ours) > 0
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=RELATIVE, atol=RELATIVE * float(other.abs().max()))
        assert counted(plain) == counted(own)
    return own


@pytest.mark.parametrize("between", [nn.Sigmoid, nn.Tanh, nn.ReLU, nn.Sequential])
@pytest.mark.parametrize("config", [QUICK_IDEAL, QUICK_IDEAL.model_copy(update=SMALL_TILES)], ids=["one", "blocks"])
def test_it_is_the_model_and_its_loss(between: Callable[[], nn.Module], config: ArrayConfig) -> None:
    assert_alike(biased(network(between(), config=config)), nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS), LABELS)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_and_functions_at_the_end(reduction: str) -> None:
    x, targets = values(1, SAMPLES, INPUTS), values(2, SAMPLES, OUTPUTS)
    assert_alike(network(nn.Tanh(), nn.Sigmoid()), nn.MSELoss(reduction=reduction), x, targets)
    assert_alike(network(nn.Tanh(), nn.LogSoftmax(1)), nn.NLLLoss(reduction=reduction), x, LABELS)
    assert_alike(network(nn.Tanh()), nn.CrossEntropyLoss(reduction=reduction), x, LABELS)


@pytest.mark.parametrize("bias", ["digital", "analog"])
@pytest.mark.parametrize("pair", ["one-device", "differential"])
def test_layouts(bias: str, pair: str) -> None:
    changes = {"bias": bias, "mapping": pair, **SMALL_TILES}
    model = network(nn.Tanh(), config=QUICK_IDEAL.model_copy(update=changes))
    assert_alike(model, nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS), LABELS)


def test_one_layer_without_a_bias_and_pictures_that_are_flattened() -> None:
    single = ohmnia.nn.convert(
        drawn(nn.Sequential(nn.Linear(INPUTS, OUTPUTS, bias=False)), 0), ohmnia.technology("cmo-hfox"), config=QUICK_IDEAL, seed=1
    )
    x = values(1, SAMPLES, INPUTS)
    assert_alike(single[0], nn.CrossEntropyLoss(), x, LABELS)
    pictures = nn.Sequential(nn.Flatten(), nn.Sequential(single[0], nn.Tanh()))
    assert_alike(pictures, nn.MSELoss(), x.view(SAMPLES, 3, 3), values(2, SAMPLES, OUTPUTS))


def test_cells_that_have_aged_are_read_with_their_noise() -> None:
    model = network(nn.Tanh(), config=QUICK_IDEAL.model_copy(update=SMALL_TILES))
    quiet = Backpropagation(copy.deepcopy(model), nn.CrossEntropyLoss())(values(1, SAMPLES, INPUTS), LABELS)
    ohmnia.Chip(model).advance(86400.0)
    own = assert_alike(model, nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS), LABELS)
    assert Backpropagation(own, nn.CrossEntropyLoss())(values(1, SAMPLES, INPUTS), LABELS) != quiet


def test_the_same_noise_and_the_same_rounds_of_bound_management() -> None:
    """With converters, a step may flip in the last bit; here none does in all but a few of the outputs."""
    narrow = QUICK.periphery.model_copy(update={"adc_range": 1.0})
    model = biased(network(nn.Tanh(), config=QUICK.model_copy(update={"periphery": narrow})))
    plain, own = model, copy.deepcopy(model)
    x, y = values(1, 200, INPUTS), torch.arange(200) % OUTPUTS
    plainly(plain, nn.CrossEntropyLoss(), x, y)
    Backpropagation(own, nn.CrossEntropyLoss())(x, y)
    for one, other in zip(everything(own), everything(plain), strict=True):
        close = torch.isclose(one, other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))
        assert close.double().mean() > 0.98
    reads = [tile.activity.reads for layer in layers(own) for tile in layer.synapse.tiles()]
    assert max(reads) > 250


def test_a_step_of_training_is_the_same() -> None:
    results = []
    for compiled in (False, True):
        model = network(nn.Sigmoid())
        optimizer = ohmnia.AnalogOptimizer(model, ohmnia.AGAD(), lr=0.5)
        loss = nn.CrossEntropyLoss()
        backpropagate = Backpropagation(model, loss)
        for step in range(4):
            optimizer.zero_grad()
            if compiled:
                backpropagate(values(step, SAMPLES, INPUTS), LABELS)
            else:
                plainly(model, loss, values(step, SAMPLES, INPUTS), LABELS)
            optimizer.step()
        results.append(torch.cat([layer.synapse.weights().flatten() for layer in layers(model)]))
        assert not any(layer.synapse.requests for layer in layers(model))
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


def test_what_is_frozen_asks_for_nothing() -> None:
    for frozen in ([0], [0, 1], [1]):
        model = network(nn.Tanh())
        for k in frozen:
            layers(model)[k].handle.requires_grad_(False)
            layers(model)[k].bias.requires_grad_(False)
        if frozen == [0, 1]:
            Backpropagation(model, nn.CrossEntropyLoss())(values(1, SAMPLES, INPUTS), LABELS)
            assert everything(model) == []
            assert all(tile.activity.reads == SAMPLES for layer in layers(model) for tile in layer.synapse.tiles())
        else:
            assert_alike(model, nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS), LABELS)
    model = network(nn.Tanh())
    layers(model)[0].handle.requires_grad_(False)
    assert_alike(model, nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS), LABELS)


def test_gradients_add_up_and_batches_may_differ() -> None:
    model = network(nn.Tanh())
    backpropagate = Backpropagation(model, nn.CrossEntropyLoss(reduction="sum"))
    x = values(1, SAMPLES, INPUTS)
    for part in (slice(0, 4), slice(4, 6)):
        backpropagate(x[part], LABELS[part])
    whole = network(nn.Tanh())
    Backpropagation(whole, nn.CrossEntropyLoss(reduction="sum"))(x, LABELS)
    for one, other in zip(layers(model), layers(whole), strict=True):
        torch.testing.assert_close(one.bias.grad, other.bias.grad)
        assert [len(request.x) for request in one.synapse.requests] == [4, 2]


def test_a_state_that_is_loaded_is_what_is_read() -> None:
    model, other = network(nn.Tanh()), biased(network(nn.Tanh(), seed=3))
    backpropagate = Backpropagation(model, nn.CrossEntropyLoss())
    x = values(1, SAMPLES, INPUTS)
    before = backpropagate(x, LABELS)
    model.load_state_dict(other.state_dict())
    after = backpropagate(x, LABELS)
    assert after == pytest.approx(float(nn.CrossEntropyLoss()(other(x), LABELS).detach()), rel=1e-5)
    assert after != pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused_by_name_and_undone(bad: float) -> None:
    model = network(nn.Tanh())
    x = values(1, SAMPLES, INPUTS)
    before, wrong = counted(copy.deepcopy(model)), x.clone()
    wrong[2, 3] = bad
    with pytest.raises(InvalidValueError, match="Layer '0': the inputs hold NaN"):
        Backpropagation(model, nn.CrossEntropyLoss())(wrong, LABELS)
    assert counted(model) == before
    with torch.no_grad():
        layers(model)[0].bias[1] = float("nan")
    with pytest.raises(InvalidValueError, match="Layer '2': the inputs hold NaN"):
        Backpropagation(model, nn.CrossEntropyLoss())(x, LABELS)
    targets = values(2, SAMPLES, OUTPUTS)
    targets[0, 0] = bad
    model = network(nn.Tanh())
    with pytest.raises(InvalidValueError, match="Layer '2': the output gradients hold NaN"):
        Backpropagation(model, nn.MSELoss())(x, targets)
    assert counted(model) == before
    assert everything(model) == []


@pytest.mark.parametrize("label", [-1, -100, OUTPUTS])
def test_a_label_that_is_no_output_is_refused(label: int) -> None:
    model = network()
    labels = LABELS.clone()
    labels[1] = label
    with pytest.raises(InvalidValueError, match=f"label {label}; the model has 4 outputs, so that 0 to 3"):
        Backpropagation(model, nn.CrossEntropyLoss())(values(1, SAMPLES, INPUTS), labels)
    assert everything(model) == []


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (values(1, 6, 8), LABELS, r"x has the shape \(6, 8\); the model needs \(samples, 9\)"),
        (values(1, 9), LABELS, r"x has the shape \(9,\)"),
        (values(1, 6, 9), LABELS[:5], r"y has the shape \(5,\) and the type torch.int64; the loss needs labels, int64 \(6,\)"),
        (values(1, 6, 9), values(2, 6), "the type torch.float32; the loss needs labels"),
        (values(1, 6, 9), LABELS > 0, "the type torch.bool"),
        (values(1, 6, 9).requires_grad_(), LABELS, "x requires a gradient"),
    ],
)
def test_batches_that_do_not_fit_are_refused(x: Tensor, y: Tensor, text: str) -> None:
    with pytest.raises(InvalidValueError, match=text):
        Backpropagation(network(), nn.CrossEntropyLoss())(x, y)


def test_targets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"needs targets, float32 \(6, 4\)"):
        Backpropagation(network(), nn.MSELoss())(values(1, 6, 9), LABELS)


def test_models_and_losses_that_it_does_not_know_are_refused() -> None:
    loss, twice = nn.CrossEntropyLoss(), network()
    for model, text in (
        (network(nn.GELU()), "'1' is a GELU; a compiled pass takes"),
        (nn.Sequential(nn.Tanh(), network()), "'0' is a Tanh"),
        (nn.Sequential(network(), nn.Tanh(), nn.Tanh()), "'2' is a Tanh"),
        (nn.Sequential(network(), nn.Linear(4, 4)), "'1' is a Linear"),
        (nn.Sequential(twice[2], twice[2]), "Layer '1' is used twice"),
        (nn.Sequential(nn.Flatten()), "no analog layer"),
        (nn.Sequential(network(), nn.LogSoftmax(0)), "NLLLoss belongs to"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            Backpropagation(model, loss)
    for wrong, text in (
        (nn.L1Loss(), "The loss is a L1Loss; a compiled pass knows CrossEntropyLoss"),
        (nn.CrossEntropyLoss(label_smoothing=0.1), "no other options"),
        (nn.CrossEntropyLoss(weight=torch.ones(4)), "no other options"),
        (nn.CrossEntropyLoss(ignore_index=2), "no other options"),
        (nn.CrossEntropyLoss(reduction="none"), "'mean' or 'sum'"),
        (nn.NLLLoss(), "NLLLoss belongs to a model that ends in LogSoftmax"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            Backpropagation(network(), wrong)
    with pytest.raises(InvalidValueError, match="LogSoftmax over dim = 0"):
        Backpropagation(nn.Sequential(network(), nn.LogSoftmax(0)), nn.NLLLoss())
    hooked = network()
    hooked[1].register_forward_hook(lambda *_: None)
    with pytest.raises(InvalidValueError, match="'1' has hooks"):
        Backpropagation(hooked, loss)
    doubled = network().double()
    with pytest.raises(InvalidValueError, match=r"Layer '0': its bias is torch.float64"):
        Backpropagation(doubled, loss)(values(1, SAMPLES, INPUTS), LABELS)


def test_arrays_that_are_read_in_another_way_are_refused() -> None:
    loss, x = nn.CrossEntropyLoss(), values(1, SAMPLES, INPUTS)
    with pytest.raises(InvalidValueError, match="Layer '0' is on the kernel member 'reference'"):
        Backpropagation(network(config=QUICK_IDEAL.model_copy(update={"kernel": "reference"})), loss)
    with pytest.raises(InvalidValueError, match="Layer '0' lies between wires"):
        Backpropagation(network(config=QUICK_IDEAL.model_copy(update={"wires": "exact"})), loss)
    model = network()
    backpropagate = Backpropagation(model, loss)
    ohmnia.AnalogOptimizer(model, ohmnia.training.ResidualTiles(), lr=0.1)
    with pytest.raises(StateError, match="Layer '0': its reads are a sum over several arrays"):
        backpropagate(x, LABELS)


def test_requests_that_nobody_takes_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_module, "_PILE", 3)
    backpropagate = Backpropagation(network(), nn.CrossEntropyLoss())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(4):
            backpropagate(values(1, SAMPLES, INPUTS), LABELS)
        with pytest.raises(TrainingWarning, match="4 update requests that no rule has taken"):
            backpropagate(values(1, SAMPLES, INPUTS), LABELS)


def test_the_periphery_of_the_tests_is_ideal() -> None:
    assert QUICK_IDEAL.periphery == IDEAL
