"""Rules that cannot be served, and arrays at their bounds."""

from __future__ import annotations

import dataclasses
import math

import pytest
from torch import nn

import ohmnia
from helpers import make_synapse, make_tile
from ohmnia._errors import ConvergenceError, StateError
from ohmnia.array import ArrayConfig
from ohmnia.device import Device
from ohmnia.nn import convert
from ohmnia.training import RULES, AnalogOptimizer
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


def test_rules_that_can_are_named(device: Device) -> None:
    narrow = dataclasses.replace(device, g_min_siemens=1e-6, g_max_siemens=2e-6)
    with pytest.raises(StateError, match="needs a symmetry point.*can serve: agad, mixed-precision, residual-tiles, rider, sgd"):
        check_served(RULES.get("ttv2")(), narrow, "0", RULES)


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
    watch = Watch("fc1", synapse)
    for _ in range(49):
        watch.after()
    if stops:
        with pytest.raises(ConvergenceError, match="'fc1', step 50.*80 % of its weights at a bound.*smaller learning rate"):
            watch.after()
    else:
        watch.after()
