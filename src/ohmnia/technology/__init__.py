"""Technologies: numbers with sources, and law names as strings."""

import sys
import types
from pathlib import Path

from ohmnia.technology._cell import CellModel as CellModel
from ohmnia.technology._cell import cell_model as cell_model
from ohmnia.technology._cell import cell_models as cell_models
from ohmnia.technology._quantity import Quantity as Quantity
from ohmnia.technology._quantity import Spread as Spread
from ohmnia.technology._technology import LawEntry as LawEntry
from ohmnia.technology._technology import Technology as Technology
from ohmnia.technology._technology import published as published
from ohmnia.technology._technology import technology as technology


class _CallableModule(types.ModuleType):
    """Lets `ohmnia.technology("cmo-hfox")` be the loader and `ohmnia.technology` be the package."""

    def __call__(self, name: str | Path) -> Technology:
        return technology(name)


sys.modules[__name__].__class__ = _CallableModule
