"""Read noise of an array's cells: in kernels for the law that they know, by the law itself for any other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia.array.mapping import Mapping
from ohmnia.device import AbstractLogNoise, AbstractReadNoiseLaw
from ohmnia.kernels import Cells, Member
from ohmnia.random import Stream, quantile_normal


def weight_variance(
    law: AbstractReadNoiseLaw,
    cells: Cells,
    epoch_ages: Float64[Tensor, " epochs"],
    mapping: Mapping,
    member: Member,
    sigma: Callable[[], Tensor],
) -> Float[Tensor, "rows cols"]:
    """Variance of one read of each weight, tile weights squared.

    Parameters
    ----------
    law
        Read-noise law.
    cells
        The cells.
    epoch_ages
        Age of a cell of each epoch, seconds.
    mapping
        From conductances to tile weights.
    member
        Kernel member.
    sigma
        Standard deviations of the cells by the law itself, siemens; asked where the kernels do not know it.
    """
    if isinstance(law, AbstractLogNoise):
        gains = torch.tensor(mapping.gains, dtype=torch.float64)
        return torch.from_numpy(member.read_variance(cells, law.scales(epoch_ages).numpy(), gains.numpy()))
    return mapping.variance(sigma()).contiguous()


def read_each(
    law: AbstractReadNoiseLaw,
    cells: Cells,
    epoch_ages: Float64[Tensor, " epochs"],
    stream: Stream,
    member: Member,
    sigma: Callable[[], Tensor],
) -> Float[Tensor, "planes rows cols"]:
    """One read of every cell by itself, siemens; parameters as in `weight_variance`, and the stream of the noise."""
    if isinstance(law, AbstractLogNoise):
        key = stream.key0, stream.key1
        return torch.from_numpy(member.read_cells(cells, law.scales(epoch_ages).numpy(), key))
    conductance = torch.from_numpy(cells.conductance)
    xi = quantile_normal(stream, torch.arange(conductance.numel())).reshape(conductance.shape)
    return conductance + (sigma() * xi).float()
