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

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from ohmnia._validation import Strict
from ohmnia.kernels import Converter, Member
from ohmnia.random import Stream

Product = Callable[[Tensor], tuple[Tensor, Tensor]]


class Read(NamedTuple):
    """What a read gives.

    Attributes
    ----------
    outputs
        (samples, outputs).
    saturated
        Outputs that were limited to the range after the last round.
    vectors
        Vectors that went through the array, repetitions included.
    """

    outputs: Tensor
    saturated: int
    vectors: int


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

    @property
    def converter(self) -> Converter:
        """The ADC as the kernels take it."""
        step = _step(self.adc_bits, self.adc_range)
        return Converter(self.adc_range, step, self.output_noise_steps * (step or self.adc_range / 1000.0))

    def read(self, product: Product, x: Float[Tensor, "samples inputs"], stream: Stream, member: Member) -> Read:
        """Read vectors through an array.

        Parameters
        ----------
        product
            Driven inputs to (products, variance of the cells' read noise in them), both (samples, outputs).
        x
            float32 inputs.
        stream
            Draws of this read.
        member
            Kernel member.

        Returns
        -------
        Read
            Outputs and counts.
        """
        samples, key, vectors = x.shape[0], (stream.key0, stream.key1), 0
        y, saturated, rows = torch.empty(0), torch.zeros(0, dtype=torch.int64), torch.arange(samples)
        for attempt in range(self.bound_rounds + 1):
            vectors += len(rows)
            driven, scale = member.drive(x[rows].numpy(), self.dac_step, 2.0**attempt)
            z, variance = product(torch.from_numpy(driven))
            counters = (rows + attempt * samples).numpy()
            part, over = member.convert(z.numpy(), variance.numpy(), self.converter, key, counters, scale)
            if attempt == 0:
                y, saturated = torch.from_numpy(part), torch.from_numpy(over)
            else:
                y[rows], saturated[rows] = torch.from_numpy(part), torch.from_numpy(over)
            rows = torch.nonzero(saturated).flatten()
            if not len(rows):
                break
        return Read(y, int(saturated.sum()), vectors)


def _step(bits: int, bound: float) -> float:
    return 0.0 if bits == 0 else bound / (2.0 ** (bits - 1) - 1.0) if bits > 1 else bound
