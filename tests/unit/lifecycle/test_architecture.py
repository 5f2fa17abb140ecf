"""A network's structure as plain data."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import ohmnia
from ohmnia import ChipFileError
from ohmnia.device import Device
from ohmnia.lifecycle.architecture import build, describe
from ohmnia.technology import Technology


class Own(nn.Module):
    """A class of the user's, which no file can name."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def network(technology: Technology) -> nn.Module:
    inner = nn.Sequential(nn.Linear(6, 4), nn.LeakyReLU(0.3), nn.Dropout(0.1))
    model = nn.Sequential(
        nn.Conv1d(1, 4, 2, stride=2, groups=1),
        nn.Flatten(),
        nn.Linear(8, 6, bias=False),
        nn.Sigmoid(),
        inner,
        nn.LogSoftmax(dim=1),
    )
    return ohmnia.nn.convert(model, technology, exclude=("4.0",))


def test_description_is_json_and_builds_the_same_structure(technology: Technology, device: Device) -> None:
    model = network(technology)
    spec = json.loads(json.dumps(describe(model)))
    built = build(spec, {"cmo-hfox": device})
    assert describe(built) == describe(model)
    assert str(built) == str(model)


def test_layers_of_several_parts_have_a_description(technology: Technology, device: Device) -> None:
    config = ohmnia.array.ArrayConfig(bias="analog", acceptance_range=0.02)
    for layer in (nn.Conv2d(2, 4, (1, 2), groups=2, padding="same"), nn.LSTM(3, 2, 2, bidirectional=True, proj_size=1)):
        model = ohmnia.nn.convert(layer, technology, config=config)
        built = build(json.loads(json.dumps(describe(model))), {"cmo-hfox": device})
        assert describe(built) == describe(model)
        assert str(built) == str(model)


def test_unknown_structures_have_no_description(technology: Technology) -> None:
    assert describe(Own()) is None
    assert describe(nn.Sequential(nn.ReLU(), Own())) is None
    assert describe(nn.BatchNorm1d(3)) is None


def test_unknown_type_is_refused(device: Device) -> None:
    for kind in ("Modulo", "functional", "None"):
        with pytest.raises(ChipFileError, match=kind):
            build({"type": kind, "arguments": {}}, {"cmo-hfox": device})
