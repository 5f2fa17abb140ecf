"""From names and numbers to laws: the one place where a technology file meets the physics."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ohmnia._errors import InvalidValueError, StateError, unknown_name
from ohmnia._registry import Registry
from ohmnia._units import same_dimension
from ohmnia.device.forming.normal_forming import NormalForming
from ohmnia.device.programming._abstract import AbstractProgrammingLaw
from ohmnia.device.programming.identical_pulses import IdenticalPulses
from ohmnia.device.programming.polynomial_error import PolynomialError
from ohmnia.device.read_noise._abstract import AbstractReadNoiseLaw
from ohmnia.device.read_noise.level_power import LevelPowerNoise
from ohmnia.device.read_noise.log_conductance import LogConductanceNoise
from ohmnia.device.read_noise.no_noise import NoReadNoise
from ohmnia.device.retention._abstract import AbstractRetentionLaw
from ohmnia.device.retention.log_time_relaxation import LogTimeRelaxation
from ohmnia.device.retention.power_law_drift import PowerLawDrift
from ohmnia.device.retention.tabulated_relaxation import TabulatedRelaxation
from ohmnia.device.transport._abstract import AbstractTransportLaw
from ohmnia.device.transport.trap_to_trap import TrapToTrap
from ohmnia.device.update._abstract import AbstractUpdateLaw
from ohmnia.device.update.no_pulses import NoPulses
from ohmnia.device.update.soft_bounds import SoftBounds
from ohmnia.device.update.soft_bounds_at_zero import SoftBoundsAtZero
from ohmnia.device.update.tabulated import Tabulated
from ohmnia.technology import LawEntry, Quantity, Technology

LAWS: dict[str, Registry[Any]] = {
    "forming": Registry("forming law", {"normal": NormalForming}),
    "update": Registry(
        "update law", {"soft-bounds": SoftBounds, "soft-bounds-at-zero": SoftBoundsAtZero, "tabulated": Tabulated}
    ),
    "programming": Registry("programming law", {"identical-pulses": IdenticalPulses, "polynomial-error": PolynomialError}),
    "retention": Registry(
        "retention law",
        {
            "log-time-relaxation": LogTimeRelaxation,
            "tabulated-relaxation": TabulatedRelaxation,
            "power-law-drift": PowerLawDrift,
        },
    ),
    "read_noise": Registry(
        "read-noise law", {"log-conductance": LogConductanceNoise, "level-power": LevelPowerNoise, "none": NoReadNoise}
    ),
    "transport": Registry("transport law", {"trap-to-trap": TrapToTrap}),
}
OPTIONS = {"noise": ("additive", "multiplicative")}
UNIT_SUFFIXES = {
    "siemens": "S",
    "volts": "V",
    "seconds": "s",
    "amperes": "A",
    "ohms": "ohm",
    "metres": "m",
    "joules": "J",
    "hertz": "Hz",
    "kelvin": "K",
    "per_cubic_metre": "1/m^3",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A technology as laws, ready to act on cells.

    Parameters
    ----------
    technology
        Where the numbers come from.
    g_min_siemens, g_max_siemens
        The window that weights are mapped onto.
    forming, update, programming, retention, read_noise
        The laws; where the technology has no pulses `update` is `NoPulses`, which refuses to pulse, and where it has no forming
        `forming_law` is None and `forming` is refused.
    transport
        The law of the current; None where the technology has none.
    """

    technology: Technology
    g_min_siemens: float
    g_max_siemens: float
    forming_law: NormalForming | None
    update: AbstractUpdateLaw
    programming: AbstractProgrammingLaw
    retention: AbstractRetentionLaw
    read_noise: AbstractReadNoiseLaw
    transport: AbstractTransportLaw | None = None

    @property
    def forming(self) -> NormalForming:
        """The forming law.

        Raises
        ------
        StateError
            The technology has none.
        """
        if self.forming_law is None:
            fix = "Add [laws.forming] to a technology file of your own, or leave forming out."
            raise StateError(f"The technology '{self.technology.id}' has no forming law. {fix}")
        return self.forming_law


def _split_unit(field: str) -> tuple[str, str]:
    found = next((suffix for suffix in UNIT_SUFFIXES if field.endswith(f"_{suffix}")), None)
    return (field.removesuffix(f"_{found}"), UNIT_SUFFIXES[found]) if found else (field, "1")


def number(quantity: Quantity, unit: str, where: str) -> float:
    """The SI value of a quantity.

    Raises
    ------
    InvalidValueError
        Another dimension than `unit`, or a row of values.
    """
    if not same_dimension(quantity.unit, unit):
        raise InvalidValueError(f"{where} has the unit '{quantity.unit}'; it must be convertible to '{unit}'.")
    if isinstance(quantity.value, tuple):
        raise InvalidValueError(f"{where} is a row of {len(quantity.value)} values; one number is needed.")
    return quantity.si


def _row(quantity: Quantity, unit: str, where: str) -> tuple[float, ...]:
    values = quantity.value if isinstance(quantity.value, tuple) else (quantity.value,)
    return tuple(number(quantity.model_copy(update={"value": value}), unit, where) for value in values)


def _spread(owner: Quantity, distribution: str, where: str) -> float:
    if owner.spread is not None and owner.spread.distribution != distribution:
        raise InvalidValueError(f"{where}.spread is {owner.spread.distribution}; the law takes a {distribution} one.")
    return owner.spread_si


def _law(technology: Technology, slot: str) -> Any:
    entry: LawEntry = getattr(technology.laws, slot)
    where = f"{technology.id}: laws.{slot}"
    cls = LAWS[slot].get(entry.law, where)
    values: dict[str, Any] = {}
    known: set[str] = set()
    spreads: set[str] = set()
    for field in dataclasses.fields(cls):
        if field.name in OPTIONS:
            values |= {field.name: entry.options[field.name]} if field.name in entry.options else {}
            continue
        name, unit = _split_unit(field.name)
        if name.endswith("_spread"):
            owner, distribution = name.removesuffix("_spread"), field.metadata.get("distribution", "normal")
            spreads.add(owner)
            if owner in entry.quantities:
                values[field.name] = _spread(entry.quantities[owner], distribution, f"{where}.{owner}")
            continue
        known.add(name)
        if name in entry.quantities:
            quantity, place = entry.quantities[name], f"{where}.{name}"
            # Where a law takes either, one number stands for every row.
            either = field.metadata.get("row") and isinstance(quantity.value, tuple)
            row = either or field.type == "tuple[float, ...]"
            values[field.name] = (_row if row else number)(quantity, unit, place)
        elif field.default is dataclasses.MISSING:
            raise InvalidValueError(f"{where}: the law '{entry.law}' needs the quantity '{name}' (unit {unit}).")
    _refuse_strangers(cls, entry, known, where)
    for name, quantity in entry.quantities.items():
        if quantity.spread is not None and name not in spreads:
            raise unknown_name("spread", name, spreads or {"(none)"}, f"{where}.{name}.spread")
    try:
        return cls(**values)
    except InvalidValueError as error:
        raise InvalidValueError(f"{where}: {error}") from None


def _refuse_strangers(cls: Any, entry: LawEntry, known: set[str], where: str) -> None:
    for name in entry.quantities.keys() - known:
        raise unknown_name("quantity", name, known, where)
    options = {f.name for f in dataclasses.fields(cls)} & OPTIONS.keys()
    for name, value in entry.options.items():
        if name not in options:
            raise unknown_name("option", name, options or {"(none)"}, where)
        if value not in OPTIONS[name]:
            raise unknown_name(f"value of the option '{name}'", value, OPTIONS[name], where)


def resolve(technology: Technology) -> Device:
    """Turn a technology's names into laws and check their coefficients.

    Raises
    ------
    UnknownNameError
        A law, quantity or option that does not exist, with the nearest one.
    InvalidValueError
        A coefficient that is missing, of the wrong dimension, or an empty window.
    """
    window = technology.window
    g_min, g_max = (number(getattr(window, name), "S", f"{technology.id}: window.{name}") for name in ("g_min", "g_max"))
    if not 0 < g_min < g_max:
        raise InvalidValueError(f"{technology.id}: the window needs 0 < g_min < g_max.")
    absent = {"forming": None, "update": NoPulses(technology.id, g_min), "transport": None}
    laws = {slot: _law(technology, slot) if getattr(technology.laws, slot) else absent[slot] for slot in LAWS}
    if isinstance(laws["update"], NoPulses) and laws["programming"].needs_pulses:
        law = technology.laws.programming.law
        fix = "Add [laws.update], or program with the law 'polynomial-error'."
        raise InvalidValueError(f"{technology.id}: laws.programming: '{law}' writes with pulses of an update law. {fix}")
    return Device(technology, g_min, g_max, laws.pop("forming"), **laws)
