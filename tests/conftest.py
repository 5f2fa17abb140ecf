"""Session-wide fixtures: the technology, the device, and one trained chip for every test that needs one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("contracts")

# kernels/ and random/ are left out: the hook would break numba's compilation.
CHECKED = ["technology", "device", "array", "nn", "training", "lifecycle", "analysis", "experiments", "measured", "bench", "cli"]
_HOOK = install_import_hook([f"ohmnia.{name}" for name in CHECKED], "typecheck.check")

import ohmnia  # noqa: E402
from ohmnia.device import Device  # noqa: E402
from ohmnia.lifecycle import Results, Run  # noqa: E402
from ohmnia.technology import Technology  # noqa: E402
from scenarios import small_scenario  # noqa: E402


@pytest.fixture(scope="session")
def technology() -> Technology:
    """The CMO/HfOx technology."""
    return ohmnia.technology("cmo-hfox")


@pytest.fixture(scope="session")
def device(technology: Technology) -> Device:
    """Its laws."""
    return ohmnia.resolve(technology)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """Results and folder of one short run through every stage."""
    folder = tmp_path_factory.mktemp("small") / "run"
    job = Run(small_scenario(), folder)
    results = job.execute()
    job.finish()
    return results, folder
