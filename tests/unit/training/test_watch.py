"""Rules that cannot be served, arrays at their bounds, and updates without an effect."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import nn

import ohmnia
from helpers import QUICK, make_synapse, make_tile
from ohmnia._errors import ConvergenceError, StateError
from ohmnia.array import ArrayConfig
from ohmnia.device import Device
from ohmnia.nn import convert
from ohmnia.technology import Technology
from ohmnia.training import RULES, SGD, AnalogOptimizer
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT
from ohmnia.training._watch import Watch, check_served, offers, saturated_share


def test_what_devices_offer(device: Device) -> None:
    assert offers(device) == {BOTH_WAYS, SYMMETRY_POINT}
    assert offers(ohmnia.resolve(ohmnia.technology("pcm"))) == set()


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_technology_without_an_update_law_is_refused_at_once(name: str) -> None:
    model = convert(nn.Linear(4, 3), ohmnia.technology("pcm"), config=ArrayConfig(zero="mid-window"))
    with pytest.raises(StateError, match=r"'pcm' does not have \(it has no update law\). No rule can train it"):
        AnalogOptimizer(model, RULES.get(name)(), 0.1)


class Narrow:
    """A device whose symmetry point lies above its window."""

    def __init__(self, device: Device) -> None:
        self.update, self.technology, self.g_min_siemens, self.g_max_siemens = device.update, device.technology, 1e-6, 2e-6


def test_rules_that_can_are_named(device: Device) -> None:
    narrow = Narrow(device)
    with pytest.raises(StateError, match="needs a symmetry point.*can serve: agad, mixed-precision, residual-tiles, rider, sgd"):
        check_served.__wrapped__(RULES.get("ttv2")(), narrow, "0", RULES)


def saturate(tile: object, share: float) -> None:
    flat = tile.conductance.view(-1)
    count = round(share * flat.numel())
    flat[:count] = tile.parameters[3].reshape(-1)[:count]
    tile.touched()


def test_the_share_at_a_bound(device: Device) -> None:
    tile = make_tile(device, (10, 10))
    assert saturated_share(tile) == 0
    saturate(tile, 0.3)
    assert saturated_share(tile) == pytest.approx(0.3)
    tile.conductance[0, 9, 9] = math.nan
    assert math.isnan(saturated_share(tile))


def test_a_fresh_pair_is_not_saturated(device: Device) -> None:
    synapse = make_synapse(device, config=ArrayConfig(mapping="differential", acceptance_range=0.02))
    assert saturated_share(synapse.blocks[0].slow) == 0


@pytest.mark.parametrize(("share", "stops"), [(0.4, False), (0.8, True)])
def test_saturation_stops_with_layer_and_step(device: Device, share: float, stops: bool) -> None:
    synapse = make_synapse(device, (10, 10))
    saturate(synapse.blocks[0].slow, share)
    watch = Watch("fc1", synapse, SGD())
    for _ in range(49):
        watch.after()
    if stops:
        with pytest.raises(ConvergenceError, match="'fc1', step 50.*80 % of its weights at a bound.*smaller learning rate"):
            watch.after()
    else:
        watch.after()


def train(technology: Technology, rate: float, size: float = 1.0) -> list[str]:
    """600 samples, and the warnings of them."""
    model = convert(nn.Linear(6, 3), technology, config=QUICK)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        optimizer = AnalogOptimizer(model, SGD(), rate, digital_lr=1e-3)
        for _ in range(12):
            (size * model(torch.ones(50, 6))).sum().backward()
            optimizer.step()
    return [str(warning.message) for warning in found]


def test_updates_without_an_effect_warn_once_with_the_figure(technology: Technology) -> None:
    (text,) = train(technology, 1e-12)
    assert "no pulse at all; the largest update asks for" in text
    (text,) = train(technology, 100.0)
    assert "100 % of the trains are saturated" in text
    assert not train(technology, 0.1)
    assert not train(technology, 0.1, size=0.0)
