r"""A tabulated update law from a pulse train: the mean step over conductance as it was measured, in no form but straight lines.

    minimise  sum_k (|dG_k| - sum_i S_i B_i(u_k))**2 + lambda**2 sum_i (S_{i-1} - 2 S_i + S_{i+1})**2   over S_i >= 0

======== ================================================================================== ====
symbol   meaning                                                                            unit
======== ================================================================================== ====
dG_k     step of pulse k of a direction, positive towards its bound                         S
u_k      (G_{k-1} - G_low) / (G_high - G_low), the bounds are the extremes of the trace     1
B_i      straight lines from 0 at point i - 1 up to 1 at point i and down to 0 at i + 1     1
S_i      mean step at point i of n, all equally spaced                                      S
lambda   .001 of a pulse: only where there are no pulses does it say anything               1
======== ================================================================================== ====

The number of points, the same for both directions, is the one of 3, 5, 9, 17, 33 and 65 that predicts each step best from all
other steps (leave-one-out error e_k / (1 - h_k), h the leverage; mean square relative to the variance of the steps of a
direction, summed over both), at three steps or more to a point. Standard errors are those of the sandwich, as in `calibrate`.

References
----------
The form is that of `ohmnia.device.update.tabulated`. Leave-one-out by leverages: Allen, Technometrics 16, 125 (1974).
Limits: what no pulse of a direction reached is a straight line between, or on from, what was reached, and its standard error
says nothing about that; a cell whose step depends on more than its conductance is followed in the mean only; noise moves the
extremes of a trace outwards, and the bounds with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float

from ohmnia._units import MICRO
from ohmnia.analysis.calibrate import explained, fragment, steps_of
from ohmnia.device.update.tabulated import Tabulated

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = (3, 5, 9, 17, 33, 65)
_STEPS_A_POINT, _SMOOTH = 3, 1e-3


@final
@dataclass(frozen=True, slots=True)
class TableFit:
    """A tabulated law of one cell.

    Parameters
    ----------
    law
        The law, without spreads between cells.
    errors_up_siemens, errors_down_siemens
        Standard error of each entry of the tables.
    explained_up, explained_down
        As in `ohmnia.analysis.calibrate.Fit`.
    pulses
        In the trace.
    """

    law: Tabulated
    errors_up_siemens: tuple[float, ...]
    errors_down_siemens: tuple[float, ...]
    explained_up: float
    explained_down: float
    pulses: int

    @property
    def points(self) -> int:
        """Of each table."""
        return len(self.law.step_up_siemens)

    @property
    def verdict(self) -> str:
        """How well the law follows the cell, in a sentence."""
        shares = f"SET {self.explained_up:.0%}, RESET {self.explained_down:.0%}"
        return f"Explained of the mean step over conductance: {shares} ({self.points} points)."

    def toml(self, source: str, locator: str) -> str:
        """The law as a fragment of a technology file; `source` is a bibliography key, `locator` says where the trace is."""
        law, note = self.law, f"{locator}; fit to {self.pulses} pulses"
        rows = [
            ("g_low", f"{law.g_low_siemens / MICRO:.6g}", "uS", f"{note}, smallest conductance"),
            ("g_high", f"{law.g_high_siemens / MICRO:.6g}", "uS", f"{note}, largest conductance"),
        ]
        tables = (law.step_up_siemens, self.errors_up_siemens), (law.step_down_siemens, self.errors_down_siemens)
        for name, (table, errors) in zip(("step_up", "step_down"), tables, strict=True):
            values = ", ".join(f"{value / MICRO:.6g}" for value in table)
            rows.append((name, f"[{values}]", "uS", f"{note}, largest standard error {max(errors) / MICRO:.2g}"))
        rows.append(("noise_to_signal", f"{100 * law.noise_to_signal:.6g}", "percent", note))
        return fragment(self.verdict, "tabulated", rows, source)


def calibrate_table(trace: Float[np.ndarray, " pulses"], directions: Sequence[int]) -> TableFit:
    """Fit a tabulated law to the steps of one cell.

    Parameters
    ----------
    trace
        Conductance after each pulse (siemens), all pulses of a direction alike.
    directions
        +1 (SET) or -1 (RESET) of each pulse, e.g. `PulseSequence.directions()`.

    Raises
    ------
    InvalidValueError
        What `calibrate_update` refuses, or mean steps up and down that never meet.
    """
    before, steps, up = steps_of(trace, directions)
    low, high = float(trace.min()) / MICRO, float(trace.max()) / MICRO
    place, size = (before - low) / (high - low), np.where(up, steps, -steps)
    ways = [(place[way], size[way]) for way in (up, ~up)]
    most = min(len(own) for own, _ in ways) / _STEPS_A_POINT
    points = min((n for n in POINTS if n <= most), key=lambda n: sum(_unpredicted(*way, n) for way in ways))
    curves, errors = zip(*(_curve(*way, points) for way in ways), strict=True)
    grid, mean = np.linspace(0.0, 1.0, points), np.empty(len(size))
    for way, curve in zip((up, ~up), curves, strict=True):
        mean[way] = np.interp(place[way], grid, curve)
    left = mean - size
    freedom = len(size) / max(len(size) - 2 * points, 1)
    noise = float(np.sqrt(freedom * (left**2).sum() / (mean**2).sum()))
    tables = [tuple((curve * MICRO).tolist()) for curve in (*curves, *errors)]
    law = Tabulated(low * MICRO, high * MICRO, tables[0], tables[1], noise)
    (up_is, _), (down_is, _) = (explained(before[way], steps[way], left[way]) for way in (up, ~up))
    return TableFit(law, tables[2], tables[3], up_is, down_is, len(trace))


def _system(place: NDArray[np.float64], points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the points in each step, (steps, points), and the lines that say something where there are no steps."""
    at = place * (points - 1)
    return np.clip(1.0 - np.abs(at[:, None] - np.arange(points)), 0.0, None), _SMOOTH * np.diff(np.eye(points), 2, axis=0)


def _unpredicted(place: NDArray[np.float64], size: NDArray[np.float64], points: int) -> float:
    """Mean square of the leave-one-out errors over the variance of the steps."""
    shares, smooth = _system(place, points)
    inverse = np.linalg.inv(shares.T @ shares + smooth.T @ smooth)
    leverage = np.einsum("ki,ij,kj->k", shares, inverse, shares)
    left = (size - shares @ (inverse @ (shares.T @ size))) / np.maximum(1.0 - leverage, 1e-12)
    return float((left**2).mean() / size.var())


def _curve(place: NDArray[np.float64], size: NDArray[np.float64], points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean step at the points, and its standard errors, uS."""
    from scipy.optimize import nnls

    shares, smooth = _system(place, points)
    curve, _ = nnls(np.vstack([shares, smooth]), np.concatenate([size, np.zeros(len(smooth))]))
    inverse = np.linalg.inv(shares.T @ shares + smooth.T @ smooth)
    slopes = inverse @ shares.T * (size - shares @ curve)
    freedom = len(size) / max(len(size) - points, 1)
    return curve, np.sqrt(freedom * (slopes**2).sum(1))
