"""A mark for tests that need ngspice."""

from __future__ import annotations

import pytest

from ohmnia.array.circuit import ngspice

needs_ngspice = pytest.mark.skipif(not ngspice.installed(), reason="ngspice is not installed (apt-get install ngspice)")
