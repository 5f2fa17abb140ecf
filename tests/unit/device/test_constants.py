"""Constants of physics."""

from __future__ import annotations

import scipy.constants

from ohmnia.device._constants import BOLTZMANN, ELEMENTARY_CHARGE


def test_the_constants_are_those_of_the_si() -> None:
    assert scipy.constants.elementary_charge == ELEMENTARY_CHARGE
    assert scipy.constants.Boltzmann == BOLTZMANN
