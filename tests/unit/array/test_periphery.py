"""Converters, noise management and bound management, on a product that the test controls."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from helpers import IDEAL, values
from ohmnia.array import Periphery
from ohmnia.kernels import Converter, member
from ohmnia.random import Stream

CPU, STREAM = member("cpu"), Stream.root(3)


class Wire:
    """Outputs = gain * inputs; remembers what was driven.

    Parameters
    ----------
    gain
        Of every line.
    variance
        Of the read noise of every line.
    """

    def __init__(self, gain: float = 1.0, variance: float = 0.0) -> None:
        self.gain, self.variance, self.driven = gain, variance, []

    def __call__(self, driven: Tensor) -> tuple[Tensor, Tensor]:
        self.driven.append(driven.clone())
        return self.gain * driven, torch.full_like(driven, self.variance)


def read(periphery: Periphery, x: Tensor, wire: Wire, stream: Stream = STREAM) -> tuple[Tensor, int]:
    return periphery.read(wire, x, stream, CPU)[:2]


@pytest.mark.parametrize(("bits", "step"), [(0, 0.0), (1, 1.0), (2, 1.0), (3, 1 / 3), (7, 1 / 63), (8, 1 / 127)])
def test_steps_follow_from_the_bits(bits: int, step: float) -> None:
    # A sign and bits - 1 bits of magnitude.
    assert Periphery(dac_bits=bits).dac_step == pytest.approx(step)
    assert Periphery(adc_bits=bits, adc_range=10.0).converter.step == pytest.approx(10 * step)


def test_output_noise_is_counted_in_steps() -> None:
    assert Periphery(adc_bits=9, adc_range=5.1, output_noise_steps=2.0).converter == pytest.approx(Converter(5.1, 0.02, 0.04))
    assert Periphery(adc_bits=0, adc_range=5.0, output_noise_steps=2.0).converter == pytest.approx(Converter(5.0, 0.0, 0.01))
    assert Periphery(output_noise_steps=0.0).converter.noise == 0.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"dac_bits": -1},
        {"adc_bits": 25},
        {"adc_range": 0.0},
        {"output_noise_steps": -0.1},
        {"adc_range": float("nan")},
        {"bits": 8},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Periphery.model_validate(wrong)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Periphery().adc_range = 1.0


def test_each_vector_is_driven_over_its_own_maximum() -> None:
    x = torch.tensor([[0.5, -0.25, 0.0], [1e-4, 2e-4, -1e-4], [0.0, 0.0, 0.0], [300.0, -400.0, 100.0]])
    wire = Wire(gain=3.0)
    y, saturated = read(IDEAL, x, wire)
    assert wire.driven[0].abs().amax(1).tolist() == [1.0, 1.0, 0.0, 1.0]
    torch.testing.assert_close(y, 3.0 * x, rtol=1e-6, atol=0)
    assert saturated == 0


def test_a_vector_of_zeros_reads_as_zeros_whatever_the_noise() -> None:
    y, _ = read(Periphery(output_noise_steps=50.0), torch.zeros(3, 4), Wire(variance=1.0))
    assert not y.any()


def test_dac_and_adc_round_to_their_steps() -> None:
    # Two bits: inputs -1, 0, 1; three bits over 1.5: outputs in steps of 0.5.
    periphery = Periphery(dac_bits=2, adc_bits=3, adc_range=1.5, output_noise_steps=0.0)
    wire = Wire(gain=0.7)
    y, _ = read(periphery, torch.tensor([[2.0, 0.9, -1.1, -0.4]]), wire)
    assert wire.driven[0].tolist() == [[1.0, 0.0, -1.0, 0.0]]
    assert y.tolist() == [[1.0, 0.0, -1.0, 0.0]]


def test_bound_management_repeats_only_what_saturates_with_half_the_input() -> None:
    periphery = Periphery(dac_bits=0, adc_bits=0, adc_range=3.0, output_noise_steps=0.0)
    x = torch.tensor([[1.0, 0.5], [0.2, 0.0], [1.0, -1.0]])
    gains = torch.tensor([[10.0], [1.0], [5.0]])
    rounds: list[Tensor] = []

    def product(driven: Tensor) -> tuple[Tensor, Tensor]:
        rounds.append(driven.clone())
        rows = {1: [2], 2: [0, 2], 3: [0, 1, 2]}[len(driven)] if len(rounds) < 3 else [0]
        return driven * gains[rows], torch.zeros_like(driven)

    y, saturated, vectors = periphery.read(product, x, STREAM, CPU)
    # 10 fits the range of 3 after two halvings, 5 after one.
    assert [len(driven) for driven in rounds] == [3, 2, 1]
    assert [driven.abs().max().item() for driven in rounds] == [1.0, 0.5, 0.25]
    assert (saturated, vectors) == (0, 6)
    torch.testing.assert_close(y, x * gains, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_what_still_saturates_is_limited_and_counted(rounds: int) -> None:
    periphery = Periphery(dac_bits=0, adc_bits=0, adc_range=3.0, output_noise_steps=0.0, bound_rounds=rounds)
    wire = Wire(gain=20.0)
    x = torch.tensor([[1.0, -0.5, 0.1], [0.1, 0.001, 0.001], [0.0, 0.0, 0.0]])
    y, saturated = read(periphery, x, wire)
    assert len(wire.driven) == rounds + 1
    reach = 3.0 * 2**rounds
    assert saturated == [3, 3, 2, 0][rounds]
    expected = torch.minimum(20.0 * x.abs(), reach * x.abs().amax(1, keepdim=True)) * x.sign()
    torch.testing.assert_close(y, expected, rtol=1e-6, atol=0)


def test_every_round_and_vector_draws_its_own_noise() -> None:
    quiet = Periphery(dac_bits=0, adc_bits=0, adc_range=3.0, output_noise_steps=0.0)
    x = torch.ones(2, 4)
    # Against a range of 3: one round for a gain of 1, two for a gain of 5.
    once = read(quiet, x, Wire(gain=1.0, variance=1e-4))[0] - 1.0
    twice = (read(quiet, x, Wire(gain=5.0, variance=1e-4))[0] - 5.0) / 2.0
    # A counter used twice would give the same number, up to the last bits.
    assert not torch.isclose(once, twice, rtol=0, atol=1e-6).any()
    assert len(once.flatten().unique()) == 8


def test_the_stream_alone_decides_the_noise() -> None:
    periphery, x = Periphery(), values(0, 5, 6)
    first, again = (read(periphery, x, Wire(variance=0.1))[0] for _ in range(2))
    other, _ = read(periphery, x, Wire(variance=0.1), Stream.root(4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_empty_batch_has_no_outputs() -> None:
    y, saturated = read(Periphery(), torch.empty(0, 4), Wire())
    assert (tuple(y.shape), saturated) == ((0, 4), 0)
