"""Converters: their steps, their noise, and the record that the kernels take."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ohmnia.array import Periphery
from ohmnia.kernels import Converter, Converters


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


def test_the_converters_are_what_the_kernels_take() -> None:
    periphery = Periphery(dac_bits=7, adc_bits=9, adc_range=5.1, output_noise_steps=2.0, bound_rounds=3)
    assert periphery.converters == Converters(1 / 63, periphery.converter, 3)


def test_what_was_derived_once_does_not_make_a_record_another_one() -> None:
    used = Periphery()
    assert used.converters.converter.step > 0.0
    assert used == Periphery()
    assert used.model_dump() == Periphery().model_dump()


def test_a_changed_copy_has_its_own_converters() -> None:
    used = Periphery(adc_range=15.0)
    assert used.converters.converter.bound == 15.0
    assert used.model_copy(update={"adc_range": 7.5}).converters == Periphery(adc_range=7.5).converters
