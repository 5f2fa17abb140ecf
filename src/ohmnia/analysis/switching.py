r"""Figures of merit of open-loop switching, taken from conductance traces as the paper defines them.

    N_states = (G_max - G_min) / dG_sp,   SP skew = (G_max - G_sp) / (G_max - G_min),   NSR = sigma(dG_sp) / dG_sp

======== ========================================================================= =====
symbol   meaning                                                                   unit
======== ========================================================================= =====
G_max    mean of the last 50 pulses of a potentiation, over all potentiations      S
G_min    the same of the depressions                                               S
G_sp     mean of the last 400 alternating pulses                                   S
dG_sp    mean signed step there, of SET pulses and of RESET pulses (sign turned)   S
sigma    standard deviation of those steps, SET and RESET apart                    S
======== ========================================================================= =====

A maximum over a ramp would grow with its length, and a mean of |step| with the noise; both are avoided. N takes the mean
of the SET and the RESET step, the noise the root mean square of both deviations.

References
----------
Falcone et al. (2025), Fig. 5. The windows of 50 and 400 pulses are choices of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from ohmnia._errors import InvalidValueError
from ohmnia.lifecycle.characterise import PUBLISHED_SEQUENCE, PulseSequence

RAMP_TAIL, SETTLED = 50, 400


def ramp_ends(sequence: PulseSequence, direction: int) -> list[slice]:
    """Where the last pulses of the ramps of a direction stand: 50 of them, or half a ramp where that is less."""
    tail, first = min(RAMP_TAIL, sequence.ramp // 2), 1 if direction > 0 else 2
    stops = [sequence.ramp * (2 * cycle + first) for cycle in range(sequence.cycles)]
    return [slice(stop - tail, stop) for stop in stops]


def settled(sequence: PulseSequence) -> slice:
    """Where the last alternating pulses stand: 400 of them, or four fifths where that is less."""
    return slice(sequence.pulses - min(SETTLED, 4 * sequence.alternating // 5), sequence.pulses)


@final
@dataclass(frozen=True, slots=True)
class Switching:
    """What a trace says about each cell.

    Parameters
    ----------
    g_max_siemens, g_min_siemens, g_sp_siemens
        Ends of the ramps and symmetry point.
    set_step_siemens, reset_step_siemens
        Mean steps at the symmetry point, both positive.
    set_noise, reset_noise
        Standard deviation of a step over its mean.
    """

    g_max_siemens: Float[np.ndarray, " cells"]
    g_min_siemens: Float[np.ndarray, " cells"]
    g_sp_siemens: Float[np.ndarray, " cells"]
    set_step_siemens: Float[np.ndarray, " cells"]
    reset_step_siemens: Float[np.ndarray, " cells"]
    set_noise: Float[np.ndarray, " cells"]
    reset_noise: Float[np.ndarray, " cells"]

    @property
    def step_siemens(self) -> Float[np.ndarray, " cells"]:
        """dG_sp, the mean of the SET and the RESET step."""
        return (self.set_step_siemens + self.reset_step_siemens) / 2

    @property
    def states(self) -> Float[np.ndarray, " cells"]:
        """N_states."""
        return (self.g_max_siemens - self.g_min_siemens) / self.step_siemens

    @property
    def skew(self) -> Float[np.ndarray, " cells"]:
        """SP skew, a fraction; 1/2 is symmetric."""
        return (self.g_max_siemens - self.g_sp_siemens) / (self.g_max_siemens - self.g_min_siemens)

    @property
    def noise_to_signal(self) -> Float[np.ndarray, " cells"]:
        """NSR, a fraction: root mean square of the SET and the RESET deviation over dG_sp."""
        up, down = self.set_noise * self.set_step_siemens, self.reset_noise * self.reset_step_siemens
        return np.sqrt((up**2 + down**2) / 2) / self.step_siemens


def figures_of_merit(trace: Float[np.ndarray, "pulses cells"], sequence: PulseSequence = PUBLISHED_SEQUENCE) -> Switching:
    """Extract the figures of merit of each cell.

    Parameters
    ----------
    trace
        Conductance after each pulse, siemens; measured or simulated.
    sequence
        Which pulses were given.

    Raises
    ------
    InvalidValueError
        The trace has another number of pulses, a number that is not finite, or a cell without a step or a window.
    """
    if len(trace) != sequence.pulses:
        raise InvalidValueError(f"The trace has {len(trace)} pulses; the sequence has {sequence.pulses}.")
    if not np.isfinite(trace).all():
        raise InvalidValueError("The trace holds NaN or infinity; leave the cells or the pulses out that were not read.")
    high, low = (np.mean([trace[end].mean(0) for end in ramp_ends(sequence, sign)], axis=0) for sign in (1, -1))
    last, directions = settled(sequence), np.array(sequence.directions())
    steps = np.diff(trace[last.start - 1 : last.stop], axis=0) * directions[last, None]
    up, down = steps[directions[last] > 0], steps[directions[last] < 0]
    means = up.mean(0), down.mean(0)
    if not (np.minimum(*means) > 0).all() or not (high > low).all():
        cells = np.flatnonzero((np.minimum(*means) <= 0) | (high <= low)).tolist()
        raise InvalidValueError(f"The cells {cells} do not switch: no positive mean step, or no window between the ramps' ends.")
    noises = (part.std(0, ddof=1) / mean for part, mean in zip((up, down), means, strict=True))
    return Switching(high, low, trace[last].mean(0), *means, *noises)


# Row and result name, words, unit, the number of a cell.
MERITS: dict[str, tuple[str, str, Callable[[Switching], Float[np.ndarray, " cells"]]]] = {
    "states": ("N_states", "1", lambda found: found.states),
    "skew": ("SP skew", "percent", lambda found: found.skew),
    "noise": ("NSR", "percent", lambda found: found.noise_to_signal),
}
LEVELS: dict[str, tuple[str, Callable[[Switching], Float[np.ndarray, " cells"]]]] = {
    "g_max": ("G_max", lambda found: found.g_max_siemens),
    "g_min": ("G_min", lambda found: found.g_min_siemens),
    "g_sp": ("G_sp", lambda found: found.g_sp_siemens),
}
