"""Convolutions: torch's own for every option, groups, positions, and inputs that do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from contracts.analog_layer import AnalogLayerContract, assert_is_torchs, known
from helpers import QUICK, QUICK_IDEAL, values
from ohmnia._errors import InvalidValueError
from ohmnia.nn import AnalogConv, ConvSettings, analog_layers, convert
from ohmnia.technology import Technology

MODES = ("zeros", "reflect", "replicate", "circular")
CLASSES = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
SIZES = (7, 6, 5)


class TestConv1d(AnalogLayerContract):
    x = values(50, 3, 4, 9)

    def torch_layer(self) -> nn.Module:
        return known(nn.Conv1d(4, 5, 3, stride=2, padding=1))


class TestConv2d(AnalogLayerContract):
    x = values(50, 2, 4, 5, 6)

    def torch_layer(self) -> nn.Module:
        return known(nn.Conv2d(4, 6, (2, 3), padding=(0, 2), dilation=(1, 2), groups=2, padding_mode="reflect"))


class TestConv3d(AnalogLayerContract):
    x = values(50, 2, 1, 4, 4, 3)

    def torch_layer(self) -> nn.Module:
        return known(nn.Conv3d(1, 4, 2, padding=1))


OPTIONS: list[dict[str, object]] = [
    {},
    {"bias": False},
    {"stride": 2},
    {"stride": 3, "padding": 2},
    {"dilation": 2},
    {"dilation": 2, "stride": 2, "padding": 1},
    {"groups": 2},
    {"groups": 4, "bias": False},
    {"padding": "valid", "kernel_size": 1},
    *({"padding": 2, "padding_mode": mode} for mode in MODES),
    *({"padding": "same", "kernel_size": 2, "padding_mode": mode} for mode in MODES),
    {"padding": "same", "kernel_size": 2, "dilation": 3},
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_is_torchs(technology: Technology, dimensions: int, options: dict[str, object]) -> None:
    arguments = {"in_channels": 4, "out_channels": 4, "kernel_size": 3 if dimensions < 3 else 2} | options
    layer = known(CLASSES[dimensions](**arguments))
    assert_is_torchs(layer, values(50, 2, 4, *SIZES[:dimensions]), technology)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": (3, 2), "stride": (1, 2), "padding": (2, 0), "dilation": (2, 1)},
        {"kernel_size": (1, 4), "padding": "same", "dilation": (1, 1), "padding_mode": "circular"},
        {"kernel_size": (2, 3), "padding": (1, 2), "padding_mode": "replicate", "groups": 2},
    ],
    ids=str,
)
def test_dimensions_have_their_own_numbers(technology: Technology, options: dict[str, object]) -> None:
    assert_is_torchs(known(nn.Conv2d(4, 6, **options)), values(50, 2, 4, 7, 6), technology)


def test_a_single_image_needs_no_batch(technology: Technology) -> None:
    assert_is_torchs(known(nn.Conv2d(3, 2, 3)), values(50, 3, 6, 5), technology)


def test_every_position_is_one_vector_of_each_array(technology: Technology) -> None:
    model = convert(known(nn.Conv2d(4, 6, 3, stride=2, groups=2)), technology, config=QUICK_IDEAL)
    y = model(values(50, 5, 4, 7, 9))
    y.sum().backward()
    assert y.shape == (5, 6, 3, 4)
    for _, part in analog_layers(model):
        assert part.synapse.shape == (3, 2 * 9)
        assert part.synapse.blocks[0].slow.activity.reads == 5 * 3 * 4
        (request,) = part.synapse.requests
        assert request.x.shape == (5 * 3 * 4, 2 * 9)


def test_the_output_can_be_viewed_as_torchs(technology: Technology) -> None:
    model = convert(known(nn.Conv2d(1, 3, 3)), technology, config=QUICK)
    assert model(values(50, 2, 1, 5, 5)).view(2, -1).shape == (2, 27)


def test_groups_have_their_own_cells(technology: Technology) -> None:
    model = convert(known(nn.Conv1d(4, 4, 2, groups=2)), technology, config=QUICK)
    first, second = (part.synapse.blocks[0].slow for _, part in analog_layers(model))
    assert not (first.parameters[0] == second.parameters[0]).any()


@pytest.mark.parametrize("shape", [(2, 3, 6, 6), (4,), (4, 6), (2, 2, 4, 6, 6)])
def test_inputs_of_another_shape_are_refused(technology: Technology, shape: tuple[int, ...]) -> None:
    model = convert(known(nn.Conv2d(4, 2, 3)), technology, config=QUICK)
    with pytest.raises(InvalidValueError, match=r"convolution in 2 d has the shape .*valid: \(\[batch,\] 4, size, size\)"):
        model(torch.ones(shape))


def test_an_input_smaller_than_the_kernel_is_refused(technology: Technology) -> None:
    model = convert(known(nn.Conv2d(4, 2, 3, dilation=2)), technology, config=QUICK)
    with pytest.raises(InvalidValueError, match=r"size \(6, 4\), less than the kernel's extent \(5, 5\)"):
        model(torch.ones(1, 4, 6, 4))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"stride": (1,)}, "one number for each dimension"),
        ({"padding": (1,)}, "one number for each dimension"),
        ({"groups": 3}, "multiples of groups"),
        ({"padding": "same", "stride": (2, 1)}, "stride of 1"),
        ({"padding_mode": "mirror"}, "padding_mode"),
    ],
)
def test_settings_are_checked(changes: dict[str, object], text: str) -> None:
    numbers = {
        "in_channels": 4,
        "out_channels": 6,
        "kernel_size": (2, 2),
        "stride": (1, 1),
        "padding": (0, 0),
        "dilation": (1, 1),
    }
    ConvSettings(**numbers)
    with pytest.raises(ValueError, match=text):
        ConvSettings(**(numbers | changes))


def test_parts_must_fit_the_settings(technology: Technology) -> None:
    model = convert(known(nn.Conv1d(4, 4, 2, groups=2)), technology, config=QUICK)
    assert isinstance(model, AnalogConv)
    with pytest.raises(InvalidValueError, match=r"AnalogConv: the parts have the shapes .*the settings need"):
        AnalogConv(model.settings, {"group_0": model.parts()["group_0"]})
