"""The interface of a read-noise law."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float, Float64
from torch import Tensor

from ohmnia._errors import InvalidValueError


class AbstractReadNoiseLaw(ABC):
    """The standard deviation of one read of one cell."""

    __slots__ = ()

    @abstractmethod
    def sigma(self, conductance: Tensor, age_seconds: Tensor) -> Tensor:
        """Standard deviation, siemens, at a conductance (siemens) and an age (seconds), broadcast."""

    def scales(self, age_seconds: Float[Tensor, " epochs"]) -> Float64[Tensor, " epochs"]:
        """The law as the kernels take it, for reads of single cells: sigma = scale(age) max(log10(G / uS), 0), siemens.

        Raises
        ------
        InvalidValueError
            A law of another form, as any law is that does not say otherwise.
        """
        raise InvalidValueError(
            f"The read-noise law {type(self).__name__} is not of the form that single reads know, "
            "sigma = scale(age) max(log10(G / uS), 0)."
        )
