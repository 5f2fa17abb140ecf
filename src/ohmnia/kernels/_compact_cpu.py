"""The compact cell, compiled: see `_compact` for what the functions promise.

The current is found by Newton's method inside a bracket. ln C is integrated by the embedded pair of Dormand and Prince (5
and 4), with a step that is chosen for each cell, inside one segment of the waveform at a time.
"""

from __future__ import annotations

import math

from ohmnia.kernels._jit import jit, jit_entry

_MOST_STEPS = 200000
_MOST_ROUNDS = 100
_CLOSE = 1e-12


@jit
def _current(law, volts, density, guess):
    """Current at volts > 0, and the slope of ln hopping with ln I at the root."""
    reach = max(law.hop_min, law.hop + law.hop_slope * density)
    barrier = law.barrier + law.barrier_slope * density
    drive, carriers = law.drive * reach, 0.5 * law.carriers * density * reach
    low, high = 0.0, volts / law.series
    amperes = guess if low < guess < high else 0.5 * high
    slope = 0.0
    for _ in range(_MOST_ROUNDS):
        kelvin = law.ambient + law.heating * volts * amperes
        inner = volts - law.series * amperes
        w = drive * inner / kelvin
        # 2 sinh w = -exp(w) rest, coth w = -(2 + rest) / rest.
        rest = math.expm1(-2.0 * w)
        hopping = -carriers * math.exp(w - barrier / kelvin) * rest
        warming = law.heating * volts / kelvin
        steepness = barrier / kelvin * warming + w * (2.0 + rest) / rest * (law.series / inner + warming)
        slope = amperes * steepness
        if hopping > amperes:
            low = amperes
        else:
            high = amperes
        moved = amperes + (hopping - amperes) / (1.0 - hopping * steepness)
        if not low <= moved <= high:
            moved = 0.5 * (low + high)
        if abs(moved - amperes) <= _CLOSE * amperes:
            return moved, slope
        amperes = moved
    return amperes, slope


@jit
def _rate(law, volts, log_density, guess):
    """The rate d ln C / dt, and the current, which is the next guess."""
    if volts == 0.0:
        return 0.0, guess
    density = math.exp(log_density)
    size = abs(volts)
    amperes, _ = _current(law, size, density, guess)
    kelvin = law.ambient + law.heating * size * amperes
    barrier = law.rising + law.rising_slope * density if volts > 0.0 else law.falling
    drive = law.drive * law.ion_reach * (size - law.series * amperes) / kelvin
    window = max(1.0 - density / law.density_max, 0.0) ** law.exponent
    rate = law.attempts * math.exp(-barrier / kelvin) * math.sinh(drive) * window
    return (rate if volts > 0.0 else -rate), amperes


@jit
def _segment(law, log_density, seconds, start, end, tolerance, guess):
    """One cell through a linear voltage ramp: ln C at its end (NaN where the step count runs out), and the last current."""
    done, step, y = 0.0, seconds, log_density
    slope = (end - start) / seconds
    k1, guess = _rate(law, start, y, guess)
    for _ in range(_MOST_STEPS):
        v = start + slope * done
        k2, guess = _rate(law, v + slope * step * 0.2, y + step * k1 * 0.2, guess)
        k3, guess = _rate(law, v + slope * step * 0.3, y + step * (3.0 * k1 + 9.0 * k2) / 40.0, guess)
        z = y + step * (44.0 / 45.0 * k1 - 56.0 / 15.0 * k2 + 32.0 / 9.0 * k3)
        k4, guess = _rate(law, v + slope * step * 0.8, z, guess)
        z = 19372.0 / 6561.0 * k1 - 25360.0 / 2187.0 * k2 + 64448.0 / 6561.0 * k3 - 212.0 / 729.0 * k4
        k5, guess = _rate(law, v + slope * step * (8.0 / 9.0), y + step * z, guess)
        z = 9017.0 / 3168.0 * k1 - 355.0 / 33.0 * k2 + 46732.0 / 5247.0 * k3 + 49.0 / 176.0 * k4 - 5103.0 / 18656.0 * k5
        k6, guess = _rate(law, v + slope * step, y + step * z, guess)
        z = 35.0 / 384.0 * k1 + 500.0 / 1113.0 * k3 + 125.0 / 192.0 * k4 - 2187.0 / 6784.0 * k5 + 11.0 / 84.0 * k6
        new = y + step * z
        k7, guess = _rate(law, v + slope * step, new, guess)
        z = 71.0 / 57600.0 * k1 - 71.0 / 16695.0 * k3 + 71.0 / 1920.0 * k4 - 17253.0 / 339200.0 * k5
        error = abs(step * (z + 22.0 / 525.0 * k6 - 1.0 / 40.0 * k7))
        if error <= tolerance:
            done += step
            y, k1 = new, k7
            if done >= seconds * (1.0 - 1e-12):
                return y, guess
        factor = 0.9 * (tolerance / error) ** 0.2 if error > 0.0 else (5.0 if error == 0.0 else 0.2)
        step = min(step * min(max(factor, 0.2), 5.0), seconds - done)
        if step < 1e-14 * seconds:
            break
    return math.nan, guess


@jit_entry
def integrate(law, log_density, seconds, starts, ends, tolerance):
    for cell in range(log_density.shape[0]):
        guess = 0.0
        for part in range(seconds.shape[0]):
            log_density[cell], guess = _segment(
                law, log_density[cell], seconds[part], starts[part, cell], ends[part, cell], tolerance, guess
            )


@jit_entry
def static(law, volts, log_density, out):
    for cell in range(volts.shape[0]):
        density, size = math.exp(log_density[cell]), abs(volts[cell])
        # The slope at zero is that of a voltage far below the scale of the sine.
        probe = max(size, 1e-7)
        amperes, slope = _current(law, probe, density, 0.0)
        reach = max(law.hop_min, law.hop + law.hop_slope * density)
        barrier = law.barrier + law.barrier_slope * density
        kelvin, inner = law.ambient + law.heating * probe * amperes, probe - law.series * amperes
        w = law.drive * reach * inner / kelvin
        warming = law.heating * amperes / kelvin
        by_volts = w / math.tanh(w) * (1.0 / inner - warming) + barrier / kelvin * warming
        out[1, cell] = amperes * by_volts / (1.0 - slope)
        out[0, cell] = math.copysign(amperes, volts[cell]) if size >= 1e-7 else out[1, cell] * volts[cell]
        out[2, cell] = law.ambient + law.heating * size * abs(out[0, cell])
