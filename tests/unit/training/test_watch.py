"""Rules that cannot be served, and arrays at their bounds."""

from __future__ import annotations

import dataclasses
import re
import warnings

import pytest
import torch
from torch import nn

import ohmnia
from helpers import make_synapse, saturate, values
from ohmnia._errors import ConvergenceError, StateError, TrainingWarning
from ohmnia.array import ArrayConfig, PulseScheme, UpdateRequest
from ohmnia.device import Device
from ohmnia.nn import convert
from ohmnia.training import AGAD, RULES, SGD, AbstractRule, AnalogOptimizer, MixedPrecision, ResidualTiles, TikiTaka, TTv2
from ohmnia.training._abstract import BOTH_WAYS, SYMMETRY_POINT
from ohmnia.training._watch import Watch, check_served, offers


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


def train(rule: AbstractRule, lr: float, steps: int, size: float = 1.0, shape: tuple[int, int] = (6, 5)) -> list[str]:
    """Texts of the warnings of a regression, whose errors are multiplied by `size`."""
    linear = nn.Linear(*shape)
    linear.load_state_dict({"weight": 0.3 * values(9, *linear.weight.shape), "bias": torch.zeros(shape[1])})
    model = convert(linear, ohmnia.technology("cmo-hfox"), config=ArrayConfig(acceptance_range=0.02), seed=0)
    optimizer = AnalogOptimizer(model, rule, lr, digital_lr=0.01)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(steps):
            x = values(step, 5, shape[0])
            optimizer.zero_grad()
            (size * (model(x) - 0.1 * x.sum(1, keepdim=True)).square().mean()).backward()
            optimizer.step()
    assert all(warning.category is TrainingWarning for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        (SGD(), "larger learning rate"),
        (MixedPrecision(), "larger learning rate"),
        (ResidualTiles(), "larger learning rate"),
        (AGAD(fast_rate=1e-6), "larger fast_rate"),
    ],
    ids=lambda value: getattr(type(value), "__name__", ""),
)
def test_no_pulses_at_all_are_told_once_with_the_figure(rule: AbstractRule, fix: str) -> None:
    texts = train(rule, 1e-7, 450)
    assert len(texts) == 1
    pattern = rf"gradient has given no pulse in the first 200 steps; {type(rule).__name__} asks for at most (\S+) pulses.*{fix}"
    found = re.search(pattern, texts[0])
    assert found
    assert 1e-9 < float(found[1]) < 1e-4


def test_the_figure_is_that_of_the_request(device: Device) -> None:
    """One sample of x = 0.5 and d = 0.25 asks the cell for lr x d / (scale dw) pulses."""
    synapse = make_synapse(device, (3, 4), scale=2.0)
    watch = Watch("fc1", synapse, SGD())
    for _ in range(199):
        synapse.requests[:] = [UpdateRequest(torch.full((1, 4), 0.5), torch.full((1, 3), -0.25))]
        watch.before(1e-6)
        watch.after()
    watch.before(1e-6)
    expected = 1e-6 * 0.125 / (2.0 * synapse.blocks[0].slow.granularity)
    with pytest.warns(TrainingWarning, match=f"at most {expected:.1g} pulses"):
        watch.after()


def test_a_slow_array_that_will_never_move_is_told_once() -> None:
    texts = train(AGAD(), 1e-5, 450)
    assert len(texts) == 1
    assert re.search("no pulse on the slow array in .00 steps, .* AGAD holds at most .* larger learning", texts[0])


@pytest.mark.parametrize(
    ("rule", "lr", "fix"),
    [
        (SGD(scheme=PulseScheme(length=1)), 20.0, "smaller learning rate"),
        (AGAD(fast_rate=1000.0), 1e-1, "smaller fast_rate"),
    ],
    ids=["SGD", "AGAD"],
)
def test_trains_that_are_all_too_short_are_told_once_with_the_share(rule: AbstractRule, lr: float, fix: str) -> None:
    texts = train(rule, lr, 450)
    assert len(texts) == 1
    found = re.search(rf"in the last 200 steps the trains of (\S+) % of the samples were too short.*{fix}", texts[0])
    assert found
    assert 99.0 <= float(found[1]) <= 100.0


@pytest.mark.parametrize("rule", [AGAD(), SGD(), TTv2(), TikiTaka(), MixedPrecision()], ids=lambda rule: type(rule).__name__)
def test_a_usual_training_is_quiet(rule: AbstractRule) -> None:
    assert train(rule, 0.1, 450) == []


def test_a_first_pulse_that_comes_late_is_no_silence(device: Device) -> None:
    """The digital memory is full after 300 steps."""
    synapse, rule, lr = make_synapse(device, (3, 4)), MixedPrecision(), 0.1
    rule.prepare(synapse.blocks[0])
    watch, slow = Watch("fc1", synapse, rule), synapse.blocks[0].slow
    d = torch.full((1, 3), -slow.granularity / lr / 299.5)
    given = []
    for _ in range(310):
        synapse.requests[:] = [UpdateRequest(torch.ones(1, 4), d)]
        watch.before(lr)
        rule.apply(synapse, lr)
        watch.after()
        given.append(slow.activity.pulses)
    assert given[250] == 0
    assert given[-1] == 12


@pytest.mark.parametrize("rule", [AGAD(), SGD(), MixedPrecision()], ids=lambda rule: type(rule).__name__)
def test_a_solved_task_is_no_silence(rule: AbstractRule) -> None:
    assert train(rule, 0.1, 450, size=1e-8) == []
