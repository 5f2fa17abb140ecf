"""AGAD: what its definition promises, on a near-ideal device, and what it does after a wait, on a real one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

import ohmnia
from contracts.learning_rule import LearningRuleContract
from helpers import IDEAL, LINEAR, QUICK, QUICK_IDEAL, SIGMAS, YEARS_10, make_synapse, near_ideal, values
from ohmnia.array import SLOW, ArrayConfig, PulseScheme, Synapse
from ohmnia.device import Device
from ohmnia.kernels import TransferState
from ohmnia.training import AGAD
from ohmnia.training.agad import FAST

# Trains that hold the mean sample, whole transfers, and no factor on H: all that is asked reaches the slow tile.
PLAIN = AGAD(fast_rate=5.0, transfer_every=2, scaling="gradient", gamma0=200.0, slow_length=10000)


class TestAGAD(LearningRuleContract):
    rule = AGAD(in_chop_prob=0.5, scaling="granularity")


def run(rule: AGAD, synapse: Synapse, x: torch.Tensor, d: torch.Tensor, rate: float, samples: int) -> None:
    """The same sample again and again."""
    synapse.request(x.expand(samples, -1).contiguous(), d.expand(samples, -1).contiguous())
    rule.apply(synapse, rate)


def period_samples(rule: AGAD, synapse: Synapse) -> int:
    """Samples until every column of a single block has been read for one chopper period."""
    return rule.transfer_every * rule.period * synapse.shape[1]


# --- the mean change of the slow tile ---------------------------------------------------------------------------------


def predicted_factor(rule: AGAD, inputs: int) -> float:
    """Ratio of the slow tile's mean change to -lr d x^T a sample, for a constant gradient.

    Between two reads of its column A moves by D = n_s n lr_A d x^T, so that in a period of p reads the k-th one exceeds the
    turning point by k D. P lags behind the turning point by a geometric mean over the triangle that A runs through, in the
    other direction: H collects (k - lag) D. With the gain lr n_s n / (gamma0 dw_C lr_A) over p n_s n samples this is below.
    """
    p, beta = rule.period, min(rule.tail_weightening / rule.period, 1.0)
    lag = sum(beta * (1 - beta) ** k * abs((k + p) % (2 * p) - p) for k in range(2000))
    return rule.transfer_every * inputs * ((p + 1) / 2 - lag) / rule.gamma0


def measured_factor(rule: AGAD, folder: Path, *, inputs: int = 6, rate: float = 2e-4, size: float = 1.0) -> tuple[float, float]:
    """That ratio over 40 periods, and the cosine between the change and -d x^T."""
    synapse, periods = make_synapse(ohmnia.resolve(near_ideal(folder, LINEAR)), (4, inputs)), 40
    x, d, samples = values(11, 1, inputs), size * values(12, 1, 4), period_samples(rule, synapse)
    run(rule, synapse, x, d, rate, samples)
    before = synapse.weights().double()
    for _ in range(periods):
        run(rule, synapse, x, d, rate, samples)
    assert synapse.activity()[FAST].short_updates == 0
    change, wanted = synapse.weights().double() - before, -rate * samples * periods * (d.T @ x).double()
    product = float((change * wanted).sum())
    return product / float(wanted.square().sum()), product / float(change.norm() * wanted.norm())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"transfer_every": 1},
        {"fast_rate": 1.0},
        {"in_chop_prob": 0.05},
        {"in_chop_prob": 0.25, "tail_weightening": 1.0},
        {"tail_weightening": 2.0},
        {"tail_weightening": 100.0},
        {"gamma0": 50.0},
    ],
)
def test_the_slow_tile_follows_the_gradient(tmp_path: Path, changes: dict[str, float]) -> None:
    rule = PLAIN.model_copy(update=changes)
    factor, cosine = measured_factor(rule, tmp_path)
    # 24 weights with at least 40 periods of 60 samples of 1 pulse at most: 1 % of noise.
    assert factor == pytest.approx(predicted_factor(rule, 6), rel=0.04)
    assert cosine > 0.998


@pytest.mark.parametrize("changes", [{}, {"in_chop_prob": 0.05}, {"tail_weightening": 2.0}, {"transfer_every": 1}])
def test_by_default_the_learning_rate_is_that_of_gradient_descent(tmp_path: Path, changes: dict[str, float]) -> None:
    # The contract of every rule: within 5 % of plain SGD on a near-ideal device.
    factor, cosine = measured_factor(PLAIN.model_copy(update={"gamma0": None, **changes}), tmp_path, rate=5e-5)
    assert factor == pytest.approx(1.0, abs=0.05)
    assert cosine > 0.998


def test_few_states_shorten_the_memory(device: Device) -> None:
    synapse = make_synapse(device, (4, 100))
    PLAIN.prepare(synapse.blocks[0])
    fast = synapse.blocks[0].tiles[FAST]
    memory = AGAD(gamma0=None).memory(fast)
    # 10 times the 20.5 states on [-1, 1] alone would be 205 samples; 100 inputs alone, 450.
    assert 100 < memory < 205
    assert AGAD(gamma0=7.0).memory(fast) == 7.0


def test_the_factor_grows_with_the_inputs(tmp_path: Path) -> None:
    factor, _ = measured_factor(PLAIN, tmp_path, inputs=12)
    assert factor == pytest.approx(predicted_factor(PLAIN, 12), rel=0.04)
    assert predicted_factor(PLAIN, 12) == pytest.approx(0.54, rel=1e-3)


@pytest.mark.parametrize(("rate", "size"), [(8e-4, 0.25), (1e-4, 2.0), (4e-4, 1.0)])
def test_the_change_is_proportional_to_rate_and_gradient(tmp_path: Path, rate: float, size: float) -> None:
    factor, _ = measured_factor(PLAIN, tmp_path, rate=rate, size=size)
    assert factor == pytest.approx(predicted_factor(PLAIN, 6), rel=0.04)


def test_granularity_scaling_forgets_the_size_of_the_gradient(tmp_path: Path) -> None:
    rule, factors = PLAIN.model_copy(update={"scaling": "granularity"}), []
    for size in (0.1, 1.0):
        factor, cosine = measured_factor(rule, tmp_path, rate=0.02, size=size)
        assert cosine > 0.998
        factors.append(factor * size)
    assert factors[0] == pytest.approx(factors[1], rel=0.02)


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_the_effective_change_does_not_depend_on_the_output_scale(tmp_path: Path, scale: float) -> None:
    device, changes = ohmnia.resolve(near_ideal(tmp_path, LINEAR)), []
    for s in (1.0, scale):
        synapse = make_synapse(device, scale=s)
        before = synapse.weights()
        run(PLAIN, synapse, values(11, 1, 6), values(12, 1, 4), 2e-4, 20 * period_samples(PLAIN, synapse))
        changes.append(synapse.weights() - before)
    assert float((changes[1] - changes[0]).norm() / changes[0].norm()) < 0.05


def test_an_offset_of_the_fast_tile_cancels(tmp_path: Path) -> None:
    synapse = make_synapse(ohmnia.resolve(near_ideal(tmp_path, LINEAR)))
    PLAIN.prepare(synapse.blocks[0])
    fast = synapse.blocks[0].tiles[FAST]
    fast.conductance += 1e-6 * values(1, *fast.conductance.shape, low=0.5)
    fast.touched()
    before = synapse.weights()
    run(PLAIN, synapse, values(11, 1, 6), torch.zeros(1, 4), 1.0, 5 * period_samples(PLAIN, synapse))
    assert torch.equal(synapse.weights(), before)
    assert torch.allclose(synapse.blocks[0].buffers["reference"], fast.weights(), atol=1e-6)


# --- periods ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probability", "period"), [(1.0, 1), (0.5, 2), (0.3, 4), (0.1, 10), (0.02, 50)])
def test_choppers_flip_every_period(device: Device, probability: float, period: int) -> None:
    rule, synapse = AGAD(in_chop_prob=probability), make_synapse(device, (2, 3))
    assert rule.period == period
    for flips in range(3):
        run(rule, synapse, torch.ones(1, 3), torch.ones(1, 2), 0.1, period_samples(rule, synapse))
        assert synapse.blocks[0].buffers["chopper"].tolist() == [(-1) ** (flips + 1)] * 3


@pytest.mark.parametrize("every", [1, 3])
def test_the_slow_tile_waits_for_one_full_period(device: Device, every: int) -> None:
    rule, synapse = AGAD(transfer_every=every, scaling="granularity"), make_synapse(device)
    untouched = synapse.blocks[0].slow.conductance.clone()
    total = period_samples(rule, synapse)
    run(rule, synapse, torch.ones(1, 6), torch.ones(1, 4), 50.0, total)
    assert synapse.blocks[0].tiles[FAST].activity.reads == total // every
    assert synapse.activity()[SLOW].pulses == 0
    assert torch.equal(synapse.blocks[0].slow.conductance, untouched)
    assert not synapse.blocks[0].buffers["hidden"].any()
    run(rule, synapse, torch.ones(1, 6), torch.ones(1, 4), 50.0, 6 * every)
    assert synapse.activity()[SLOW].pulses > 0


# --- after a wait -----------------------------------------------------------------------------------------------------


def waited(device: Device, rate: float = 0.7) -> tuple[AGAD, Synapse]:
    """A synapse that learned for a chopper period, rested for another until P was A, and then lay for ten years."""
    rule, synapse = AGAD(scaling="granularity", momentum=0.1), make_synapse(device, (8, 8), QUICK_IDEAL)
    for size in (1.0, 0.0):
        synapse.request(values(1, 80, 8), size * values(2, 80, 8))
        rule.apply(synapse, rate)
    assert synapse.blocks[0].buffers["chopper"].tolist() == [1] * 8
    synapse.advance(YEARS_10)
    return rule, synapse


def idle(rule: AGAD, synapse: Synapse, periods: int, rate: float = 0.7) -> tuple[float, float]:
    """Updates with d = 0: mean change of the slow tile, and its standard deviation if the pulses have no preference."""
    slow, before = synapse.blocks[0].slow, synapse.weights()
    pulses = slow.activity.pulses
    for k in range(periods):
        synapse.request(values(k + 20, 80, 8), torch.zeros(80, 8))
        rule.apply(synapse, rate)
    # A step at the symmetry point is dw (1 + 0.9 xi).
    noise = slow.granularity * math.sqrt((1 + 0.9**2) * (slow.activity.pulses - pulses)) / 64
    return float((synapse.weights() - before).mean()), noise


def test_a_wait_teaches_nothing(device: Device) -> None:
    mean, noise = idle(*waited(device), 4)
    assert abs(mean) <= SIGMAS * noise


def test_without_a_restart_a_wait_would_be_learned(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, synapse = waited(device)
    monkeypatch.setattr(AGAD, "before", lambda self, block: None)
    mean, noise = idle(rule, synapse, 4)
    # A's mean fell by 1.7 uS, and the slow tile follows it.
    assert mean < -SIGMAS * noise


def test_a_wait_starts_a_new_period(device: Device) -> None:
    rule, synapse = waited(device)
    block = synapse.blocks[0]
    pulses, hidden = block.slow.activity.pulses, block.buffers["hidden"].clone()
    synapse.request(values(1, 80, 8), values(2, 80, 8))
    rule.apply(synapse, 5.0)
    assert block.slow.activity.pulses == pulses
    assert torch.equal(block.buffers["hidden"], hidden)
    assert block.buffers["reads"].tolist() == [10] * 8
    # The reference of the next period is where A is now.
    assert float((block.buffers["reference"] - block.tiles[FAST].weights()).abs().mean()) < 0.2
    synapse.request(values(1, 80, 8), values(2, 80, 8))
    rule.apply(synapse, 5.0)
    assert block.slow.activity.pulses > pulses


def test_a_wait_is_noticed_once(device: Device) -> None:
    rule, synapse = waited(device)
    for reads in (1, 2, 3):
        synapse.request(values(1, 8, 8), values(2, 8, 8))
        rule.apply(synapse, 0.1)
        assert synapse.blocks[0].buffers["reads"].tolist() == [reads] * 8


def still_learns(device: Device, seconds: float) -> float:
    """Ratio of what is learned with a wait after every mini-batch to what is learned without."""
    moved = []
    for wait in (0.0, seconds):
        rule, synapse = AGAD(scaling="granularity"), make_synapse(device, (8, 8))
        before, x, d = synapse.weights(), values(1, 1, 8), values(2, 1, 8)
        for _ in range(60):
            run(rule, synapse, x, d, 0.3, 8)
            if wait:
                synapse.advance(wait)
        moved.append(float(((synapse.weights() - before) * -(d.T @ x)).sum()))
    return moved[1] / moved[0]


@pytest.mark.parametrize("seconds", [1e-6, 1.0])
def test_a_short_wait_after_every_step_starves_nothing(device: Device, seconds: float) -> None:
    # A restart at every one of the 60 waits would leave 0; 64 cells with noise of 0.9 a step spread the ratio by some 10 %.
    assert 0.6 < still_learns(device, seconds) < 1.5


def test_many_short_waits_without_an_update_are_a_long_one(device: Device) -> None:
    rule, synapse = AGAD(), make_synapse(device, (8, 8))
    for k in range(4):
        run(rule, synapse, values(1, 1, 8), values(2, 1, 8), 0.1, 8)
        for _ in range(10):
            synapse.advance(1e5 if k == 2 else 1e-5)
        # 1e6 s move a cell by more than a quarter of its step; then the next mini-batch counts from 0.
        assert synapse.blocks[0].buffers["reads"].tolist() == [k + 1 if k < 3 else 1] * 8


# --- bookkeeping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [QUICK, ArrayConfig(acceptance_range=0.02, periphery=IDEAL, max_rows=2, max_cols=3)])
def test_it_asks_for_a_fast_tile_and_buffers(device: Device, config: ArrayConfig) -> None:
    synapse = make_synapse(device, config=config)
    for block in synapse.blocks:
        AGAD().prepare(block)
        assert list(block.tiles) == [SLOW, FAST]
        assert set(TransferState._fields) | {"clock"} == set(block.buffers)
        for name in ("hidden", "reference", "mean"):
            assert block.buffers[name].shape == block.shape
        assert block.buffers["chopper"].tolist() == [1] * block.shape[1]
        # Acceptance of 2 % around 43.15 uS.
        assert float(block.tiles[FAST].weights().abs().max()) < 0.02 * 43.15 / 39.6 * 1.001


def test_every_read_and_pulse_is_counted(device: Device) -> None:
    rule, synapse = AGAD(transfer_every=3, in_chop_prob=0.5, scaling="granularity"), make_synapse(device)
    rule.prepare(synapse.blocks[0])
    fast, slow = (synapse.blocks[0].tiles[name] for name in (FAST, SLOW))
    starts = [tile.conductance.clone() for tile in (fast, slow)]
    run(rule, synapse, torch.ones(1, 6), torch.ones(1, 4), 1.0, 100)
    assert (fast.activity.reads, fast.activity.dac_conversions, fast.activity.adc_conversions) == (33, 33, 33 * 4)
    assert fast.activity.pulses > 0
    assert slow.activity.pulses > 0
    assert slow.activity.reads == 0
    for tile, start in zip((fast, slow), starts, strict=True):
        assert not torch.equal(tile.conductance, start)
        torch.testing.assert_close(tile.weights(), tile.mapping.weights(tile.conductance))


def test_the_settings_are_those_of_the_equations(device: Device) -> None:
    synapse = make_synapse(device)
    rule = AGAD(fast_rate=3.0, transfer_every=2, gamma0=100.0, scaling="gradient", momentum=0.25, slow_length=4)
    rule.prepare(synapse.blocks[0])
    fast, slow = (synapse.blocks[0].tiles[name] for name in (FAST, SLOW))
    step = 85 / 22 / 39.6
    settings = rule.settings(fast, slow, 0.3)
    # lr n_s n / (gamma0 dw_C lr_A) with lr_A = fast_rate dw_A / (m_x m_d).
    assert settings.gain == pytest.approx(0.3 * 2 * 6 / (100 * step * 3.0 * step), rel=1e-6)
    assert settings.gain_power == 1.0
    assert (settings.every, settings.period, settings.wait, settings.slow_length, settings.forget) == (2, 10, 10, 4, 0.25)
    assert (settings.mean_rate, settings.dynamic, settings.direct, settings.flip_probability) == (0.5, 1, 0, 0.0)
    coarse = rule.model_copy(update={"slow_unit": 4}).settings(fast, slow, 0.3)
    assert (coarse.slow_unit, coarse.gain) == (4, pytest.approx(settings.gain / 4, rel=1e-12))
    other = rule.model_copy(update={"scaling": "granularity", "momentum": None}).settings(fast, slow, 0.3)
    assert (other.gain, other.gain_power, other.forget) == (pytest.approx(0.3 / step, rel=1e-6), 0.0, -1.0)


def test_a_short_train_is_counted(device: Device) -> None:
    synapse = make_synapse(device)
    run(AGAD(fast_rate=7.5, scheme=PulseScheme(length=5)), synapse, torch.ones(1, 6), torch.ones(1, 4), 0.1, 10)
    assert synapse.activity()[FAST].short_updates == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"in_chop_prob": 0.0},
        {"in_chop_prob": 1.5},
        {"momentum": 1.0},
        {"fast_rate": 0.0},
        {"transfer_every": 0},
        {"slow_length": 0},
        {"slow_unit": 0},
        {"scaling": "gradients"},
        {"tail_weightening": -1.0},
        {"rate_memory": 0.5},
        {"gamma": 1.0},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        AGAD.model_validate(wrong)
