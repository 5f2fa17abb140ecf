"""How a rank-one update becomes pulse trains (Gokmen & Vlasov, Front. Neurosci. 10, 333, 2016).

The law itself is in the contract of the kernels; this is its user-facing record.
"""

from __future__ import annotations

from typing import final

from pydantic import Field

from ohmnia._validation import Strict
from ohmnia.kernels import Trains


@final
class PulseScheme(Strict):
    """Stochastic pulse trains.

    Parameters
    ----------
    length
        Longest train, BL.
    update_management
        Split the probabilities evenly between rows and columns.
    length_management
        Shorten the train to the pulses that an update needs; scale an update down that needs more than `length`.
    """

    length: int = Field(default=5, ge=1, le=10000)
    update_management: bool = True
    length_management: bool = True

    def trains(self, granularity: float) -> Trains:
        """The scheme as the kernels take it, for a granularity in tile weights."""
        return Trains(float(granularity), self.length, int(self.update_management), int(self.length_management))
