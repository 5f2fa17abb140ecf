r"""An update law from a pulse train: generalised soft bounds fitted to the steps of one cell, with uncertainties.

    dG_k = s_up u**gamma_up + e    (SET),      u = (G_high - G_{k-1}) / (G_high - G_low)
    dG_k = -s_down v**gamma_down + e (RESET),  v = (G_{k-1} - G_low) / (G_high - G_low)

======== ============================================ ====
symbol   meaning                                      unit
======== ============================================ ====
G_k      conductance after pulse k                    S
s        full step, at the far bound                  S
gamma    exponent of the distance                     1
e        noise of a step, independent of pulse k - 1  S
======== ============================================ ====

Least squares over all steps; the covariance is the sandwich (J'J)^-1 J' diag(e**2) J (J'J)^-1, as the noise of a step grows with
the step. States, skew and noise follow as in `ohmnia.device.update.soft_bounds`; their errors by first-order propagation.

Whether the cell is one of soft bounds at all tells the share of the variance of its mean step over conductance that the law
explains, beside the share that a step could explain at most that only shrinks towards its bound, whatever its form (isotonic
regression): where a step grows towards its bound, no soft bound follows it; `step_table` does.

References
----------
Law: Rasch et al., Nat. Commun. 15, 7133 (2024). Isotonic regression: Barlow & Brunk, J. Am. Stat. Assoc. 67, 140 (1972).
Limits: read noise in the trace counts as noise of the steps and pulls the exponents down; a trace that stays far from a bound
does not determine it, which its error then shows.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float

from ohmnia._errors import InvalidValueError
from ohmnia._units import MICRO
from ohmnia.device.update.soft_bounds import SoftBounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBERS = ("g_low", "g_high", "exponent_up", "exponent_down", "states", "symmetry_skew")
LEAST_PULSES, INTERVALS, LEAST_SIEMENS = 10, 20, 1e-9
_EDGE = 1e-9


@final
@dataclass(frozen=True, slots=True)
class Fit:
    """Generalised soft bounds of one cell.

    Parameters
    ----------
    law
        The law, without spreads between cells.
    errors
        Standard error of each of `NUMBERS`, in the unit of the law (siemens, 1).
    explained_up, explained_down
        How well the law follows the mean step over conductance: the share of its variance between 20 equal intervals that the
        law explains, each counting once, however many pulses it holds. 1 for soft bounds without noise; below 0 the law does
        worse than a constant step.
    attainable_up, attainable_down
        The largest such share of any step that only shrinks towards its bound.
    pulses
        In the trace.
    """

    law: SoftBounds
    errors: dict[str, float]
    explained_up: float
    explained_down: float
    attainable_up: float
    attainable_down: float
    pulses: int

    @property
    def verdict(self) -> str:
        """How well the law follows the cell, in a sentence."""
        parts = ("SET", self.explained_up, self.attainable_up), ("RESET", self.explained_down, self.attainable_down)
        shares = ", ".join(f"{name} {explained:.0%} (any soft bound: at most {most:.0%})" for name, explained, most in parts)
        return f"Explained of the mean step over conductance: {shares}."

    def toml(self, source: str, locator: str) -> str:
        """The law as a fragment of a technology file; `source` is a bibliography key, `locator` says where the trace is."""
        law, note = self.law, f"{locator}; fit to {self.pulses} pulses"
        values: dict[str, tuple[float, str, float]] = {
            "g_low": (law.g_low_siemens / MICRO, "uS", self.errors["g_low"] / MICRO),
            "g_high": (law.g_high_siemens / MICRO, "uS", self.errors["g_high"] / MICRO),
            "states": (law.states, "1", self.errors["states"]),
            "symmetry_skew": (100 * law.symmetry_skew, "percent", 100 * self.errors["symmetry_skew"]),
            "noise_to_signal": (100 * law.noise_to_signal, "percent", float("nan")),
            "exponent_up": (law.exponent_up, "1", self.errors["exponent_up"]),
            "exponent_down": (law.exponent_down, "1", self.errors["exponent_down"]),
        }
        rows = []
        for name, (value, unit, error) in values.items():
            place = note if np.isnan(error) else f"{note}, standard error {error:.2g}"
            rows.append((name, f"{value:.6g}", unit, place))
        return fragment(self.verdict, "soft-bounds", rows, source)


def calibrate_update(trace: Float[np.ndarray, " pulses"], directions: Sequence[int]) -> Fit:
    """Fit generalised soft bounds to the steps of one cell.

    Parameters
    ----------
    trace
        Conductance after each pulse (siemens), all pulses of a direction alike.
    directions
        +1 (SET) or -1 (RESET) of each pulse, e.g. `PulseSequence.directions()`.

    Raises
    ------
    InvalidValueError
        NaN, a conductance of 0 or less, another number or kind of directions, fewer than 10 steps of a direction, a cell that
        does not switch, or no solution.
    """
    from scipy.optimize import least_squares

    before, steps, up = steps_of(trace, directions)
    low, high = float(trace.min()) / MICRO, float(trace.max()) / MICRO
    margin = 0.02 * (high - low)
    full = np.log([max(np.abs(steps[way]).max(), 1e-3 * margin) for way in (up, ~up)])
    start = np.array([max(low - margin, low / 2), high + margin, 1.0, 1.0, *full])

    def residual(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return _model(p, before, up) - steps

    # No pulse crosses a bound of the law, so the bounds enclose the trace.
    limits = [0.0, high, 0.0, 0.0, -np.inf, -np.inf], [low, np.inf, 10.0, 10.0, np.inf, np.inf]
    found = least_squares(residual, start, bounds=limits, x_scale=[margin, margin, 0.1, 0.1, 0.1, 0.1], max_nfev=2000)
    if not found.success or not 0 < found.x[0] < found.x[1]:
        raise InvalidValueError("Soft bounds do not fit this trace: no solution has 0 < g_low < g_high. Give longer ramps.")
    law = _law(found.x, found.fun, steps)
    bread = np.linalg.pinv(found.jac.T @ found.jac)
    covariance = bread @ (found.jac.T * found.fun**2) @ found.jac @ bread * len(steps) / (len(steps) - 6)
    errors = _errors(found.x, covariance)
    (up_is, up_most), (down_is, down_most) = (explained(before[way], steps[way], found.fun[way]) for way in (up, ~up))
    return Fit(law, errors, up_is, down_is, up_most, down_most, len(trace))


def explained(before: NDArray[np.float64], steps: NDArray[np.float64], residual: NDArray[np.float64]) -> tuple[float, float]:
    """Shares of the variance of the mean step over conductance, as `Fit` has them: of a law's residuals, and the attainable one.

    1 - sum of squared mean residuals / sum of squared deviations of mean steps, over intervals that hold pulses.
    """
    from scipy.optimize import isotonic_regression

    edges = np.linspace(before.min(), before.max(), INTERVALS + 1)[1:-1]
    place = np.digitize(before, edges)
    count = np.maximum(np.bincount(place, minlength=INTERVALS), 1)
    held = np.unique(place)
    mean, left = (np.bincount(place, part, INTERVALS)[held] / count[held] for part in (steps, residual))
    # A step up shrinks and a step down grows in size with the conductance: both only fall.
    least = mean - isotonic_regression(mean, increasing=False).x
    spread = max(((mean - mean.mean()) ** 2).sum(), 1e-30)
    return 1.0 - float((left**2).sum() / spread), 1.0 - float((least**2).sum() / spread)


def read_trace(file: Path) -> tuple[Float[np.ndarray, " pulses"], list[int]]:
    """Conductances (siemens) and directions from a CSV with the columns `direction` and `conductance_uS`.

    Raises
    ------
    InvalidValueError
        No such file, no text, another header, a line that is no pulse (the text names it), or numbers that are no microsiemens.
    """
    if not file.is_file():
        raise InvalidValueError(f"{file} is no file. Give a CSV with the columns direction and conductance_uS.")
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"direction", "conductance_uS"} <= set(rows.fieldnames or ()):
            raise InvalidValueError(f"{file}: the header is {rows.fieldnames}; it needs direction and conductance_uS.")
        trace, directions = [], []
        for row in rows:
            try:
                directions.append(int(row["direction"]))
                trace.append(float(row["conductance_uS"]) * MICRO)
            except (TypeError, ValueError):
                raise InvalidValueError(f"{file}, line {rows.line_num}: {row} is no pulse (+1 or -1, and a number).") from None
    if trace and 0 < max(trace) < LEAST_SIEMENS:
        fault = f"the largest conductance is {max(trace) / MICRO:.3g} uS"
        raise InvalidValueError(f"{file}: {fault}, which no cell has; is the column in siemens? It is read in microsiemens.")
    return np.array(trace), directions


def steps_of(
    trace: NDArray[np.float64], directions: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Conductance before each step and the step (uS), and which are SET; the first pulse has nothing before it.

    Raises
    ------
    InvalidValueError
        See `calibrate_update`.
    """
    ways = np.asarray(directions)
    if len(ways) != len(trace):
        raise InvalidValueError(f"{len(trace)} pulses need {len(trace)} directions; there are {len(ways)}.")
    if (odd := np.flatnonzero(~np.isin(ways, (-1, 1)))).size:
        raise InvalidValueError(f"Pulse {odd[0] + 1} has the direction {ways[odd[0]]}; valid: +1 (SET) and -1 (RESET).")
    if not np.isfinite(trace).all():
        raise InvalidValueError("The trace holds NaN or infinity; leave pulses out that were not read, with their directions.")
    if (low := np.flatnonzero(trace <= 0)).size:
        raise InvalidValueError(f"Pulse {low[0] + 1} leaves {trace[low[0]] / MICRO:.4g} uS; a conductance lies above 0.")
    up = ways[1:] > 0
    if min(up.sum(), (~up).sum()) < LEAST_PULSES:
        raise InvalidValueError(f"The trace needs at least {LEAST_PULSES} steps of each direction.")
    steps = np.diff(trace) / MICRO
    if not steps[up].mean() > 0 > steps[~up].mean():
        raise InvalidValueError("The cell does not switch: mean steps must be positive for SET and negative for RESET.")
    return trace[:-1] / MICRO, steps, up


def _model(p: NDArray[np.float64], before: NDArray[np.float64], up: NDArray[np.bool_]) -> NDArray[np.float64]:
    low, high, gamma_up, gamma_down, log_up, log_down = p
    u = np.clip((high - before) / max(high - low, _EDGE), _EDGE, None)
    v = np.clip((before - low) / max(high - low, _EDGE), _EDGE, None)
    return np.where(up, np.exp(log_up) * u**gamma_up, -np.exp(log_down) * v**gamma_down)


def _merits(p: NDArray[np.float64]) -> tuple[float, float]:
    """Number of states and skew, by bisection of the symmetry point."""
    left, right, ends = 0.0, 1.0, np.array([True, False])
    for _ in range(60):
        middle = (left + right) / 2
        up, down = _model(p, np.full(2, p[0] + middle * (p[1] - p[0])), ends)
        left, right = (middle, right) if up > -down else (left, middle)
    step = _model(p, np.array([p[0] + left * (p[1] - p[0])]), ends[:1])[0]
    return float((p[1] - p[0]) / step), 1.0 - left


def _law(p: NDArray[np.float64], residual: NDArray[np.float64], steps: NDArray[np.float64]) -> SoftBounds:
    """The law of the best parameters; with multiplicative noise, sum(e**2) is on average sigma**2 sum(step**2)."""
    states, skew = _merits(p)
    freedom = len(steps) / (len(steps) - len(p))
    return SoftBounds(
        g_low_siemens=float(p[0]) * MICRO,
        g_high_siemens=float(p[1]) * MICRO,
        states=states,
        symmetry_skew=skew,
        noise_to_signal=float(np.sqrt(freedom * (residual**2).sum() / ((steps + residual) ** 2).sum())),
        exponent_up=float(p[2]),
        exponent_down=float(p[3]),
    )


def _errors(p: NDArray[np.float64], covariance: NDArray[np.float64]) -> dict[str, float]:
    """Standard errors of `NUMBERS`, in the law's units."""
    gradients = np.empty((2, len(p)))
    for k in range(len(p)):
        h = np.zeros(len(p))
        h[k] = 1e-5 * max(abs(p[k]), 1.0)
        gradients[:, k] = (np.array(_merits(p + h)) - np.array(_merits(p - h))) / (2 * h[k])
    own = np.sqrt(np.clip(np.diag(covariance)[:4], 0.0, None)) * np.array([MICRO, MICRO, 1.0, 1.0])
    derived = np.sqrt(np.clip(np.einsum("ik,kl,il->i", gradients, covariance, gradients), 0.0, None))
    return dict(zip(NUMBERS, map(float, (*own, *derived)), strict=True))


def fragment(verdict: str, law: str, rows: Sequence[tuple[str, str, str, str]], source: str) -> str:
    """An update law as a part of a technology file; `rows` are name, value (TOML), unit and locator of its quantities."""
    lines = [f"# {verdict}", "[laws.update]", f'law = "{law}"']
    for name, value, unit, place in rows:
        lines += [f"[laws.update.quantities.{name}]", f"value = {value}", f'unit = "{unit}"']
        lines += [f'source = "{_quoted(source)}"', f'locator = "{_quoted(place)}"', 'kind = "fitted"']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text inside a TOML string."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
