"""Devices, tiles and layers that several test folders share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import ohmnia
from ohmnia.array import ArrayConfig, Periphery, Synapse, Tile, mapping
from ohmnia.device import Device
from ohmnia.random import Stream
from ohmnia.technology import Technology

# A normal number is further from its mean than this once in 150,000 draws.
SIGMAS = 4.5
YEARS_10 = 10 * 365.25 * 86400.0

IDEAL = Periphery(dac_bits=0, adc_bits=0, adc_range=1e6, output_noise_steps=0.0)
QUICK = ArrayConfig(acceptance_range=0.02)
QUICK_IDEAL = ArrayConfig(acceptance_range=0.02, periphery=IDEAL)

NEAR_IDEAL: dict[str, tuple[float, str]] = {
    "update.states": (1e5, "1"),
    "update.states.spread": (0.0, ""),
    "update.symmetry_skew": (50.0, "percent"),
    "update.symmetry_skew.spread": (0.0, ""),
    "update.noise_to_signal": (0.0, "percent"),
    "update.noise_to_signal.spread": (0.0, ""),
    "programming.step_factor": (100.0, "1"),
    "read_noise.amplitude": (0.0, "uS"),
}
# Steps that do not depend on the conductance.
LINEAR: dict[str, tuple[float, str]] = {"update.exponent_up": (0.0, "1"), "update.exponent_down": (0.0, "1")}
NO_RELAXATION: dict[str, tuple[float, str]] = {
    "retention.mean_slope": (0.0, "uS"),
    "retention.sigma": (0.0, "uS"),
    "retention.sigma_slope": (0.0, "uS"),
}


def variant(folder: Path, numbers: dict[str, tuple[float, str]]) -> Technology:
    """CMO/HfOx with other numbers: "law.quantity" or "law.quantity.spread" to (value, unit)."""
    lines = ['id = "variant"', 'based_on = "cmo-hfox"']
    for path, (value, unit) in numbers.items():
        law, _, quantity = path.partition(".")
        lines += [f"[laws.{law}.quantities.{quantity}]", f"value = {value!r}", *([f'unit = "{unit}"'] if unit else [])]
        lines += ['source = "falcone2025"', 'locator = "none"', 'kind = "assumed"', 'reason = "A device for tests."']
    file = folder / "variant.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return ohmnia.technology(file)


def near_ideal(folder: Path, *changes: dict[str, tuple[float, str]]) -> Technology:
    """1e5 states, no noise, no spread, symmetric; relaxation is kept unless `changes` say otherwise."""
    numbers = dict(NEAR_IDEAL)
    for change in changes:
        numbers |= change
    return variant(folder, numbers)


def values(seed: int, *shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
    """Uniform float32 numbers."""
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32))


def make_tile(
    device: Device,
    shape: tuple[int, int] = (4, 6),
    *,
    kind: str = "one-device",
    zero: str = "mid-window",
    periphery: Periphery = IDEAL,
    seed: int = 0,
) -> Tile:
    """A tile whose cells stand at their symmetry points."""
    return Tile(shape, device, mapping(device, kind, zero), periphery, Stream.root(seed))


def scatter(tile: Tile, seed: int = 0) -> Tile:
    """Put every cell anywhere in the window, without a pulse."""
    low, high = tile.device.g_min_siemens, tile.device.g_max_siemens
    tile.conductance.copy_(low + (high - low) * values(seed, *tile.conductance.shape, low=0.0))
    tile.touched()
    return tile


def make_synapse(
    device: Device, shape: tuple[int, int] = (4, 6), config: ArrayConfig = QUICK_IDEAL, *, seed: int = 0, scale: float = 1.0
) -> Synapse:
    """A weight matrix named "layer", written to weight 0."""
    synapse = Synapse(shape, device, config, Stream.root(seed), scale, "layer")
    synapse.program(torch.zeros(shape))
    return synapse


def saturate(tile: Tile, share: float) -> None:
    """Put the first cells of a tile at their upper bounds."""
    flat = tile.conductance.view(-1)
    count = round(share * flat.numel())
    flat[:count] = tile.parameters[3].reshape(-1)[:count]
    tile.touched()
