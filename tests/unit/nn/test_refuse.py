"""Networks that cannot go on arrays: the layer, what is supported, and the way out are named."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.nn import AnalogLinear, convert
from ohmnia.nn._refuse import UNSUPPORTED, check_layers
from ohmnia.technology import Technology

SUPPORTED = (nn.Linear, nn.Conv2d, nn.LSTM)


class Own(nn.Linear):
    """A linear layer that does more."""


def model(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.Sequential(*layers))


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (nn.ConvTranspose1d(1, 1, 2), "ConvTranspose1d"),
        (nn.ConvTranspose2d(1, 1, 2), "ConvTranspose2d"),
        (nn.ConvTranspose3d(1, 1, 2), "ConvTranspose3d"),
        (nn.MultiheadAttention(4, 2), "MultiheadAttention"),
        (nn.TransformerEncoderLayer(4, 2, 4), "TransformerEncoderLayer"),
        (nn.Bilinear(2, 2, 2), "Bilinear"),
        (nn.LSTMCell(2, 2), "LSTMCell"),
        (nn.GRU(2, 2), "GRU"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unsupported_layers_are_named(layer: nn.Module, kind: str) -> None:
    text = rf"Layer '1.0' is a {kind}\. Supported: Linear, Conv2d, LSTM\. Leave it digital by exclude=\('1.0',\)"
    with pytest.raises(InvalidValueError, match=text):
        check_layers(model(layer), SUPPORTED, ())
    assert [name for name, _ in check_layers(model(layer), SUPPORTED, ("1.0",))] == ["0"]


def test_every_unsupported_class_is_a_module() -> None:
    assert all(issubclass(cls, nn.Module) for cls in UNSUPPORTED)


def test_a_decoder_is_refused_for_its_attention(technology: Technology) -> None:
    with pytest.raises(InvalidValueError, match="'self_attn' is a MultiheadAttention"):
        convert(nn.TransformerDecoderLayer(4, 2, 4), technology)
    converted = convert(nn.TransformerDecoderLayer(4, 2, 4, dropout=0.0), technology, exclude=("self_attn", "multihead_attn"))
    assert isinstance(converted.linear1, AnalogLinear)
    assert converted(torch.ones(2, 1, 4), torch.ones(2, 1, 4)).shape == (2, 1, 4)


def test_a_class_of_ones_own_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"Layer '1.0' is a Own, no plain Linear: what it does besides would be lost"):
        check_layers(model(Own(4, 4)), SUPPORTED, ())
    weighted = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    with pytest.raises(InvalidValueError, match=r"'1.0' is a ParametrizedLinear, no plain Linear"):
        check_layers(model(weighted), SUPPORTED, ())


def test_lazy_layers_are_refused_until_they_have_a_shape() -> None:
    lazy = model(nn.LazyLinear(3))
    with pytest.raises(InvalidValueError, match=r"'1.0' is lazy and has no shape yet; run the network once"):
        check_layers(lazy, SUPPORTED, ())
    lazy(torch.ones(1, 4))
    assert [name for name, _ in check_layers(lazy, SUPPORTED, ())] == ["0", "1.0"]


def test_hooks_are_refused() -> None:
    hooked = model(nn.Linear(4, 4))
    hook = hooked[1][0].register_forward_hook(lambda *_: None)
    with pytest.raises(InvalidValueError, match=r"'1.0' has hooks, which would be lost"):
        check_layers(hooked, SUPPORTED, ())
    hook.remove()
    check_layers(hooked, SUPPORTED, ())


def test_tied_weights_are_refused() -> None:
    tied = model(nn.Linear(4, 4))
    tied[1][0].weight = tied[0].weight
    with pytest.raises(InvalidValueError, match=r"Layers '0' and '1.0' share a weight.*use one module in both places"):
        check_layers(tied, SUPPORTED, ())
    with pytest.raises(InvalidValueError, match="share a weight"):
        check_layers(tied, SUPPORTED, ("0",))
    assert not any(name == "0" for name, _ in check_layers(model(nn.Linear(4, 4)), SUPPORTED, ("0",)))
    embedding = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 4))
    embedding[1].weight = embedding[0].weight
    with pytest.raises(InvalidValueError, match=r"Layers '0' and '1' share a weight"):
        check_layers(embedding, SUPPORTED, ())


def test_one_module_in_two_places_is_no_tie() -> None:
    shared = nn.Linear(4, 4)
    assert [name for name, _ in check_layers(nn.Sequential(shared, shared), SUPPORTED, ())] == ["0"]


def test_layers_that_need_no_array_stay_digital(technology: Technology) -> None:
    network = nn.Sequential(nn.Embedding(5, 4), nn.LayerNorm(4), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.PReLU())
    converted = convert(network, technology)
    assert [type(layer).__name__ for layer in converted] == ["Embedding", "LayerNorm", "AnalogLinear", "BatchNorm1d", "PReLU"]
    assert converted(torch.tensor([1, 2])).shape == (2, 3)


def test_exclude_takes_patterns() -> None:
    network = nn.ModuleDict({"conv_a": nn.Conv2d(1, 1, 1), "conv_b": nn.Conv2d(1, 1, 1), "body": nn.Sequential(nn.Linear(2, 2))})
    assert [name for name, _ in check_layers(network, SUPPORTED, ("conv_*",))] == ["body.0"]
    assert [name for name, _ in check_layers(network, SUPPORTED, ("body",))] == ["conv_a", "conv_b"]
    with pytest.raises(UnknownNameError, match="'bodi' in exclude.*Did you mean 'body'"):
        check_layers(network, SUPPORTED, ("bodi",))
    with pytest.raises(InvalidValueError, match="no layer to put on arrays, of Linear, Conv2d, LSTM"):
        check_layers(network, SUPPORTED, ("*",))
