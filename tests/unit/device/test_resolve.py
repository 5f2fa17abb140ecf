"""From a technology file to laws: SI numbers, spreads, and refusals that name law, place and unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

import ohmnia
from ohmnia._errors import InvalidValueError, StateError, UnknownNameError
from ohmnia._validation import validated
from ohmnia.device import LAWS, Device, resolve
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.device.programming.polynomial_error import PolynomialError
from ohmnia.device.update.no_pulses import NoPulses
from ohmnia.random import Stream
from ohmnia.technology import Technology, published

SOURCED = {"source": "falcone2025", "locator": "nowhere", "kind": "assumed", "reason": "A test."}
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def edited(technology: Technology) -> Callable[[Edit], Technology]:
    """The CMO/HfOx technology after a change of its plain data."""

    def apply(edit: Edit) -> Technology:
        data = technology.model_dump()
        edit(data)
        return validated(Technology, data, "test")

    return apply


def number(value: float | list[float], unit: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, **SOURCED, **more}


def quantities(data: dict[str, Any], slot: str) -> dict[str, Any]:
    return data["laws"][slot]["quantities"]


def put(slot: str, name: str, quantity: dict[str, Any]) -> Edit:
    return lambda data: quantities(data, slot).__setitem__(name, quantity)


# --- what comes out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(published()))
def test_every_published_technology_resolves_to_its_registered_laws(name: str) -> None:
    device = resolve(ohmnia.technology(name))
    assert 0 < device.g_min_siemens < device.g_max_siemens
    for slot in LAWS:
        entry = getattr(device.technology.laws, slot)
        if entry is not None:
            assert type(getattr(device, slot)) is LAWS[slot].get(entry.law)


def test_the_mean_symmetry_point_lies_in_the_window(device: Device) -> None:
    assert 0 < device.g_min_siemens < device.update.symmetry_point_siemens < device.g_max_siemens


def test_a_technology_without_forming_and_pulses_says_so(edited: Callable[[Edit], Technology]) -> None:
    def bare(data: dict[str, Any]) -> None:
        data["laws"] |= {"forming": None, "update": None}

    with pytest.raises(InvalidValueError, match=r"'identical-pulses' writes with pulses.*Add \[laws.update\].*polynomial-error"):
        resolve(edited(bare))

    def sampled(data: dict[str, Any]) -> None:
        bare(data)
        rows = {"reference": number(90, "uS"), "coefficients": number([0.01, 0.1], "uS")}
        data["laws"]["programming"] = {"law": "polynomial-error", "quantities": rows}

    device = resolve(edited(sampled))
    assert device.forming_law is None
    with pytest.raises(StateError, match=r"has no forming law. Add \[laws.forming\]"):
        device.forming  # noqa: B018
    assert isinstance(device.update, NoPulses)
    assert device.programming.acceptance_range is None


def test_a_row_reaches_a_law_in_si_and_a_wrong_unit_is_refused(edited: Callable[[Edit], Technology]) -> None:
    def sampled(unit: str) -> Edit:
        rows = {"reference": number(0.09, "mS"), "coefficients": number([10.0, 100.0], unit)}
        return lambda data: data["laws"].update(programming={"law": "polynomial-error", "quantities": rows})

    law = resolve(edited(sampled("nS"))).programming
    assert isinstance(law, PolynomialError)
    assert law.coefficients_siemens == pytest.approx((10e-9, 100e-9))
    with pytest.raises(InvalidValueError, match=r"laws.programming.coefficients has the unit 's'"):
        resolve(edited(sampled("s")))


def test_numbers_arrive_in_si(device: Device) -> None:
    assert device.g_min_siemens == pytest.approx(9.0e-6)
    assert device.g_max_siemens == pytest.approx(88.2e-6)
    assert device.forming.transistor_drop_volts() == pytest.approx(258e-6 * 800)
    # 85 uS in 22 states; 95 - .61 * 85.
    assert device.update.step_siemens == pytest.approx(85e-6 / 22)
    assert device.update.symmetry_point_siemens == pytest.approx(43.15e-6)
    assert device.programming.acceptance_range == pytest.approx(0.002)
    # 5 ms of onset: the variance at 5 ms is ln 2 / ln 201 of that at 1 s.
    early, late = (device.retention.increments(torch.zeros(1, dtype=torch.float64), t)[1].item() for t in (0.005, 1.0))
    assert (early / late) ** 2 == pytest.approx(math.log(2) / math.log(201))
    age = torch.tensor([1.0], dtype=torch.float64)
    assert device.read_noise.sigma(torch.tensor([10e-6], dtype=torch.float64), age).item() == pytest.approx(1.0046e-7, rel=1e-4)


def test_the_unit_of_a_number_does_not_matter(edited: Callable[[Edit], Technology], device: Device) -> None:
    def other_units(data: dict[str, Any]) -> None:
        data["window"] = {"g_min": number(9, "1/Mohm"), "g_max": number(0.0882, "mS")}
        quantities(data, "update")["g_low"] = number(1e4, "nS")
        quantities(data, "update")["g_high"] = number(0.095, "mA/V")
        quantities(data, "update")["symmetry_skew"] = number(0.61, "1")
        quantities(data, "retention")["onset"] = number(5000, "us")

    other = resolve(edited(other_units))
    assert other.g_min_siemens == pytest.approx(device.g_min_siemens)
    assert other.g_max_siemens == pytest.approx(device.g_max_siemens)
    assert other.update.symmetry_point_siemens == pytest.approx(device.update.symmetry_point_siemens)
    ages = torch.zeros(1, dtype=torch.float64)
    assert other.retention.increments(ages, 0.1)[1].item() == pytest.approx(device.retention.increments(ages, 0.1)[1].item())


def test_an_optional_quantity_falls_back_to_the_plain_law(edited: Callable[[Edit], Technology], device: Device) -> None:
    without = resolve(edited(lambda data: quantities(data, "update").pop("exponent_up")))
    assert without.update.kernel_coefficients() == device.update.kernel_coefficients()


def test_a_technology_without_a_transport_law_resolves(edited: Callable[[Edit], Technology], device: Device) -> None:
    other = edited(lambda data: data["laws"].update(transport=None))
    assert resolve(other).transport is None
    assert not [path for path, _ in other.quantities() if path.startswith("laws.transport")]
    assert {path for path, _ in device.technology.quantities()} > {path for path, _ in other.quantities()}
    without_key = edited(lambda data: data["laws"].pop("transport"))
    assert without_key == other


def test_a_row_reaches_the_law_that_takes_one_and_one_number_stands_for_all(edited: Callable[[Edit], Technology]) -> None:
    def table(data: dict[str, Any]) -> None:
        quantities(data, "programming")["target_limit"] = number([20, 70], "uS")
        quantities(data, "programming")["g_low"] = number([3e3, 7e3], "nS")
        quantities(data, "programming")["g_high"] = number(120, "uS")

    law = resolve(edited(table)).programming
    assert isinstance(law, IdenticalPulses)
    low, high = law.bounds(torch.tensor([19e-6, 21e-6], dtype=torch.float64))
    assert low.tolist() == pytest.approx([3e-6, 7e-6])
    assert high.tolist() == pytest.approx([120e-6, 120e-6])
    with pytest.raises(InvalidValueError, match="one number is needed"):
        resolve(edited(put("programming", "step_factor", number([1.0, 2.0], "1"))))


def test_options_reach_the_law(edited: Callable[[Edit], Technology]) -> None:
    for noise, multiplicative in (("additive", 0), ("multiplicative", 1)):
        law = resolve(edited(lambda data, noise=noise: data["laws"]["update"].update(options={"noise": noise}))).update
        assert law.kernel_coefficients()[1] == multiplicative


def test_without_options_the_noise_is_multiplicative(edited: Callable[[Edit], Technology]) -> None:
    assert resolve(edited(lambda data: data["laws"]["update"].update(options={}))).update.kernel_coefficients()[1] == 1


# --- spreads ----------------------------------------------------------------------------------------------------------


def spread_of_cells(device: Device) -> dict[str, float]:
    """Deviations between 4000 cells, measured with pulses."""
    parameters = device.update.sample((4000,), Stream.root(3)).double()
    g = device.update.symmetry_points(parameters)
    zero = torch.zeros_like(g)
    step = device.update.pulse(g, 1, parameters, zero) - g
    ratio = (device.update.pulse(g, 1, parameters, zero + 1e-3) - g) / step
    volts = device.forming.cell_voltage(4000, Stream.root(4))
    return {
        "states": float(step.log().std()),
        "symmetry_skew": float((g / 85e-6).std()),
        "noise_to_signal": float(((ratio - 1) / 1e-3).std()),
        "voltage": float(volts.std()),
    }


@pytest.mark.parametrize(
    ("name", "published_spread"),
    [
        ("states", 0.175),
        ("voltage", 0.075),
        ("symmetry_skew", 0.06),
        ("noise_to_signal", 0.10),
    ],
)
def test_every_spread_of_the_file_is_found_between_the_cells(device: Device, name: str, published_spread: float) -> None:
    # A deviation of 4000 cells is known to 4.5 / sqrt(8000) = 5 %.
    assert spread_of_cells(device)[name] == pytest.approx(published_spread, rel=0.05)


@pytest.mark.parametrize(("slot", "name", "kept"), [("update", "states", 0.0), ("forming", "voltage", 0.0)])
def test_a_quantity_without_spread_does_not_vary(edited: Callable[[Edit], Technology], slot: str, name: str, kept: float) -> None:
    flat = resolve(edited(lambda data: quantities(data, slot)[name].update(spread=None)))
    assert spread_of_cells(flat)[name] == pytest.approx(kept, abs=1e-6)


@pytest.mark.parametrize(("slot", "name"), [("update", "g_low"), ("retention", "sigma"), ("programming", "max_pulses")])
def test_a_spread_that_the_law_does_not_know_is_refused(edited: Callable[[Edit], Technology], slot: str, name: str) -> None:
    spread = {"value": 1.0, "distribution": "normal", **SOURCED}
    changed = edited(lambda data: quantities(data, slot)[name].update(spread=spread))
    with pytest.raises((InvalidValueError, UnknownNameError), match=rf"laws\.{slot}.*{name}.*spread"):
        resolve(changed)


@pytest.mark.parametrize(
    ("slot", "name", "spread"),
    [("update", "states", (4.0, "normal")), ("forming", "voltage", (0.02, "log-normal"))],
)
def test_a_spread_of_another_distribution_than_the_laws_is_refused(
    edited: Callable[[Edit], Technology], slot: str, name: str, spread: tuple[float, str]
) -> None:
    record = {"value": spread[0], "distribution": spread[1], **SOURCED}
    changed = edited(lambda data: quantities(data, slot)[name].update(spread=record))
    with pytest.raises((InvalidValueError, UnknownNameError), match=f"{name}.*{spread[1]}"):
        resolve(changed)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "wrong", "kind", "nearest"),
    [
        ("forming", "norml", "forming law", "normal"),
        ("update", "soft-bound", "update law", "soft-bounds"),
        ("programming", "identical_pulses", "programming law", "identical-pulses"),
        ("retention", "log-time", "retention law", "log-time-relaxation"),
        ("read_noise", "logconductance", "read-noise law", "log-conductance"),
        ("transport", "trap2trap", "transport law", "trap-to-trap"),
    ],
)
def test_an_unknown_law_names_technology_slot_and_nearest(
    edited: Callable[[Edit], Technology], slot: str, wrong: str, kind: str, nearest: str
) -> None:
    changed = edited(lambda data: data["laws"][slot].update(law=wrong))
    with pytest.raises(UnknownNameError) as caught:
        resolve(changed)
    assert f"Unknown {kind} '{wrong}' in cmo-hfox: laws.{slot}. Did you mean '{nearest}'?" in str(caught.value)


@pytest.mark.parametrize(
    ("slot", "name", "unit"),
    [
        ("forming", "current", "A"),
        ("forming", "voltage", "V"),
        ("update", "states", "1"),
        ("update", "g_low", "S"),
        ("programming", "max_pulses", "1"),
        ("programming", "acceptance_range", "1"),
        ("retention", "onset", "s"),
        ("read_noise", "amplitude", "S"),
        ("transport", "density_lrs", "1/m^3"),
        ("transport", "energy_hrs", "J"),
        ("transport", "attempt_rate", "Hz"),
    ],
)
def test_a_missing_quantity_is_named_with_its_unit(edited: Callable[[Edit], Technology], slot: str, name: str, unit: str) -> None:
    changed = edited(lambda data: quantities(data, slot).pop(name))
    with pytest.raises(InvalidValueError) as caught:
        resolve(changed)
    text = str(caught.value)
    assert f"cmo-hfox: laws.{slot}" in text
    assert f"needs the quantity '{name}' (unit {unit})" in text


@pytest.mark.parametrize(
    ("slot", "name", "unit", "needed"),
    [
        ("update", "g_low", "us", "S"),
        ("update", "g_high", "kohm", "S"),
        ("update", "states", "uS", "1"),
        ("retention", "onset", "uS", "s"),
        ("retention", "sigma", "V", "S"),
        ("forming", "transistor", "S", "ohm"),
        ("forming", "voltage", "A", "V"),
        ("read_noise", "read_pulse", "1", "s"),
        ("programming", "acceptance_range", "uS", "1"),
        ("transport", "density_hrs", "1/cm^2", "1/m^3"),
        ("transport", "distance_lrs", "1/nm", "m"),
        ("transport", "temperature", "meV", "K"),
    ],
)
def test_a_unit_of_another_dimension_is_refused_with_the_right_one(
    edited: Callable[[Edit], Technology], slot: str, name: str, unit: str, needed: str
) -> None:
    changed = edited(put(slot, name, number(1.0, unit)))
    with pytest.raises(InvalidValueError) as caught:
        resolve(changed)
    assert f"cmo-hfox: laws.{slot}.{name} has the unit '{unit}'; it must be convertible to '{needed}'." in str(caught.value)


@pytest.mark.parametrize(
    ("slot", "wrong", "nearest"),
    [("update", "stats", "states"), ("retention", "sigma_slop", "sigma_slope"), ("programming", "g_hihg", "g_high")],
)
def test_a_quantity_that_the_law_does_not_know_is_refused(
    edited: Callable[[Edit], Technology], slot: str, wrong: str, nearest: str
) -> None:
    changed = edited(put(slot, wrong, number(1.0, "1")))
    with pytest.raises(UnknownNameError) as caught:
        resolve(changed)
    assert f"Unknown quantity '{wrong}' in cmo-hfox: laws.{slot}. Did you mean '{nearest}'?" in str(caught.value)


@pytest.mark.parametrize(
    ("slot", "options", "words"),
    [
        ("update", {"noise": "multiplicativ"}, "value of the option 'noise' 'multiplicativ'.*Did you mean 'multiplicative'"),
        ("update", {"nois": "additive"}, "option 'nois'.*Did you mean 'noise'"),
        ("retention", {"noise": "additive"}, "option 'noise'.*laws.retention"),
    ],
)
def test_a_wrong_option_is_refused(edited: Callable[[Edit], Technology], slot: str, options: dict[str, str], words: str) -> None:
    changed = edited(lambda data: data["laws"][slot].update(options=options))
    with pytest.raises(UnknownNameError, match=words):
        resolve(changed)


@pytest.mark.parametrize(
    ("g_min", "g_max", "words"),
    [
        (number(88.2, "uS"), number(9, "uS"), "0 < g_min < g_max"),
        (number(50, "uS"), number(50, "uS"), "0 < g_min < g_max"),
        (number(0, "uS"), number(88.2, "uS"), "0 < g_min < g_max"),
        (number(-9, "uS"), number(88.2, "uS"), "0 < g_min < g_max"),
        (number(9, "us"), number(88.2, "uS"), "window.g_min has the unit 'us'; it must be convertible to 'S'"),
        (number(9, "uS"), number(88.2, "kohm"), "window.g_max has the unit 'kohm'; it must be convertible to 'S'"),
    ],
)
def test_an_empty_or_wrong_window_is_refused(
    edited: Callable[[Edit], Technology], g_min: dict[str, Any], g_max: dict[str, Any], words: str
) -> None:
    changed = edited(lambda data: data.update(window={"g_min": g_min, "g_max": g_max}))
    with pytest.raises(InvalidValueError, match=f"cmo-hfox: .*{words}"):
        resolve(changed)


@pytest.mark.parametrize("where", ["window", "law"])
def test_a_row_of_values_where_one_is_needed_is_refused_by_place(edited: Callable[[Edit], Technology], where: str) -> None:
    row = number([9.0, 10.0], "uS")
    edit = put("update", "g_low", row) if where == "law" else lambda data: data["window"].update(g_min=row)
    with pytest.raises(InvalidValueError, match=r"window.g_min|laws.update.g_low"):
        resolve(edited(edit))


@pytest.mark.parametrize(
    ("slot", "name", "quantity"),
    [
        ("update", "g_low", number(120, "uS")),
        ("update", "states", number(0, "1")),
        ("update", "states", number(-22, "1")),
        ("update", "symmetry_skew", number(120, "percent")),
        ("update", "noise_to_signal", number(-90, "percent")),
        ("programming", "g_low", number(120, "uS")),
        ("programming", "max_pulses", number(0, "1")),
        ("programming", "step_factor", number(-1, "1")),
        ("programming", "acceptance_range", number(200, "percent")),
        ("retention", "onset", number(0, "ms")),
        ("retention", "sigma", number(-0.4, "uS")),
        ("read_noise", "read_pulse", number(0, "us")),
        ("transport", "length", number(0, "nm")),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value["value"]),
)
def test_a_coefficient_that_no_cell_can_have_is_refused(
    edited: Callable[[Edit], Technology], slot: str, name: str, quantity: dict[str, Any]
) -> None:
    changed = edited(put(slot, name, quantity))
    with pytest.raises(InvalidValueError, match=name):
        resolve(changed)
