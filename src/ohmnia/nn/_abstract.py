"""The interface of a layer that is made of several analog products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from torch import nn

from ohmnia._errors import InvalidValueError
from ohmnia._validation import Strict
from ohmnia.nn.linear import AnalogLinear, Matrix

Settings = TypeVar("Settings", bound=Strict)


class AbstractComposite(nn.Module, ABC, Generic[Settings]):
    """A layer whose weights are `AnalogLinear` children with names of their own; they hold all state of the arrays.

    Parameters
    ----------
    settings
        The layer's shape and options, plain data.
    parts
        Name to analog product, as `split` names them.

    Raises
    ------
    InvalidValueError
        Other parts, or parts of another shape, than the settings ask for.
    """

    settings_type: ClassVar[type[Strict]]

    def __init__(self, settings: Settings, parts: Mapping[str, AnalogLinear]) -> None:
        super().__init__()
        self.settings = settings
        found = {name: (part.out_features, part.in_features) for name, part in parts.items()}
        if found != self.shapes(settings):
            wanted = self.shapes(settings)
            raise InvalidValueError(f"{type(self).__name__}: the parts have the shapes {found}; the settings need {wanted}.")
        for name, part in parts.items():
            self.add_module(name, part)

    @classmethod
    @abstractmethod
    def shapes(cls, settings: Settings) -> dict[str, tuple[int, int]]:
        """Name to (outputs, inputs) of each part."""

    @classmethod
    @abstractmethod
    def split(cls, module: Any) -> tuple[Settings, dict[str, Matrix]]:
        """Settings and matrices of a torch layer."""

    @abstractmethod
    def join(self, matrices: dict[str, Matrix]) -> nn.Module:
        """The torch layer of these matrices, the inverse of `split`."""

    def parts(self) -> dict[str, AnalogLinear]:
        """Name to analog product."""
        return {name: child for name, child in self.named_children() if isinstance(child, AnalogLinear)}

    def to_digital(self) -> nn.Module:
        """The torch layer of the same effective weights, read without noise."""
        return self.join({name: part.matrix() for name, part in self.parts().items()})

    def extra_repr(self) -> str:
        """The settings that differ from their defaults."""
        fields = type(self.settings).model_fields
        return ", ".join(f"{name}={value!r}" for name, value in self.settings if value != fields[name].default)
