"""The interface of layers of several products."""

from __future__ import annotations

import pytest
from torch import nn

from contracts.analog_layer import known
from helpers import QUICK
from ohmnia.nn import COMPOSITES, AbstractComposite, convert
from ohmnia.technology import Technology


def test_the_interface_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        AbstractComposite(None, {})


def test_every_torch_layer_is_served_by_one_of_them() -> None:
    assert set(COMPOSITES) == {nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNN, nn.GRU, nn.LSTM}
    assert all(issubclass(composite, AbstractComposite) for composite in COMPOSITES.values())


@pytest.mark.parametrize("layer", [nn.Conv1d(2, 2, 3, groups=2), nn.LSTM(2, 3, 2, bidirectional=True, bias=False)], ids=str)
def test_split_and_join_are_inverse(technology: Technology, layer: nn.Module) -> None:
    settings, matrices = COMPOSITES[type(known(layer))].split(layer)
    model = convert(layer, technology, config=QUICK)
    assert isinstance(model, AbstractComposite)
    assert model.settings == settings
    assert {name: tuple(matrix.weight.shape) for name, matrix in matrices.items()} == model.shapes(settings)
    back = model.join({name: matrix._replace(weight=matrix.weight.detach()) for name, matrix in matrices.items()})
    assert all((value == wanted).all() for value, wanted in zip(back.parameters(), layer.parameters(), strict=True))
    assert str(back) == str(layer)


def test_what_is_printed_differs_from_the_defaults(technology: Technology) -> None:
    model = convert(known(nn.GRU(2, 3, bidirectional=True)), technology, config=QUICK)
    first = "cell='gru', input_size=2, hidden_size=3, bidirectional=True"
    assert str(model).startswith(f"AnalogRecurrent(\n  {first}\n  (ih_l0): AnalogLinear(2, 9, bias=True")
