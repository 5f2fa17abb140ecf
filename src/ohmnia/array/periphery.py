"""What stands between digital vectors and the array: DAC, ADC, noise management and bound management.

Each vector is divided by its own maximum before the DAC and multiplied back after the ADC (noise management). The ADC has
a fixed range; a vector of which an output saturates is read again with its input halved, at most `bound_rounds` times
(bound management); what still saturates is limited to the range and counted.

References
----------
Gokmen & Vlasov, Front. Neurosci. 10, 333 (2016), and the management schemes built on it. Bits: 7 in, 9 out, as in the
training simulations of Rasch et al., Nat. Commun. 15, 7133 (2024). Range and noise of the ADC are assumptions.
"""

from __future__ import annotations

from functools import cached_property
from typing import final

from pydantic import Field

from ohmnia._validation import Strict
from ohmnia.kernels import Converter, Converters


@final
class Periphery(Strict):
    """Converters at the edge of an array.

    Parameters
    ----------
    dac_bits, adc_bits
        Resolution; 0 stands for an ideal converter.
    adc_range
        Largest |output| of the ADC in tile weights times full-scale inputs.
    output_noise_steps
        Standard deviation of the ADC's own noise, in ADC steps (in 1/1000 of the range when the ADC is ideal).
    bound_rounds
        Most repetitions of a saturated read.
    """

    dac_bits: int = Field(default=7, ge=0, le=24)
    adc_bits: int = Field(default=9, ge=0, le=24)
    adc_range: float = Field(default=12.0, gt=0)
    output_noise_steps: float = Field(default=0.5, ge=0)
    bound_rounds: int = Field(default=4, ge=0, le=30)

    @property
    def dac_step(self) -> float:
        """Step of the DAC on inputs in [-1, 1]; 0 when ideal."""
        return _step(self.dac_bits, 1.0)

    @cached_property
    def converter(self) -> Converter:
        """The ADC as the kernels take it."""
        step = _step(self.adc_bits, self.adc_range)
        return Converter(self.adc_range, step, self.output_noise_steps * (step or self.adc_range / 1000.0))

    @cached_property
    def converters(self) -> Converters:
        """All of it as the kernels take it."""
        return Converters(self.dac_step, self.converter, self.bound_rounds)


def _step(bits: int, bound: float) -> float:
    return 0.0 if bits == 0 else bound / (2.0 ** (bits - 1) - 1.0) if bits > 1 else bound
