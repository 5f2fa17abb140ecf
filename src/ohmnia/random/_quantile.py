r"""Normals by inversion: one 32-bit word through the quantile function of the standard normal.

    z = Phi^-1((word + 1/2) / 2**32)

Every value between -6.34 and 6.34 has its own probability, tails included, and z of the word ~w is minus z of w. It
serves what is drawn once for each cell or output line: relaxation and read noise. Compiled members evaluate the same
formula in float32, to about 1e-6 of z.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ohmnia.random._streams import TWO_POW_32, Stream, words


def quantile_normal(stream: Stream, a: Tensor | int, b: Tensor | int = 0) -> Tensor:
    """Standard normal numbers of the counters `a` and `b`, float64, by inversion.

    Parameters
    ----------
    stream
        The key.
    a, b
        int64 counters in [0, 2**32), broadcast against each other.
    """
    word = words(stream, a, b)
    upper = word >= 1 << 31
    folded = torch.where(upper, (1 << 32) - 1 - word, word)
    z = torch.special.ndtri((folded.to(torch.float64) + 0.5) / TWO_POW_32)
    return torch.where(upper, -z, z)
