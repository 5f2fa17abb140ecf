"""What a run leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray

from ohmnia import InvalidValueError
from ohmnia.lifecycle import Results, Scenario
from ohmnia.lifecycle.record import CURVES, read_json, write_json, write_results


def test_files_hold_the_numbers(tmp_path: Path) -> None:
    results = Results(Scenario(), {"b": 0.5, "a": 1 / 3}, {}, {"learn": 2.0, "float": 1.0})
    results.curves = {"learn.loss": [2.0, 1.0], "age": [1.0, 10.0], "infer.raw": [0.9, 0.8], "cells.retain": [[1e-6], [2e-6]]}
    write_results(results, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"a": 1 / 3, "b": 0.5}
    assert json.loads((tmp_path / "timing.json").read_text())["seconds_total"] == 3.0
    with xarray.open_dataset(tmp_path / "results.nc", engine="h5netcdf") as data:
        assert np.array_equal(data["infer.raw"].sel(age=10.0), 0.8)
        assert data["cells.retain"].dims == ("age", "cell")
        assert data["cells.retain"].attrs["units"] == "S"
        assert Scenario.model_validate_json(data.attrs["scenario"]) == Scenario()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json", "results.nc", "timing.json"]


def test_metrics_are_numbers_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "m.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_every_curve_of_a_run_is_declared(small_run: tuple[Results, Path]) -> None:
    results, _ = small_run
    assert set(results.curves) == set(CURVES)


def test_bad_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    for name in ("x.json", "list.json", "none.json"):
        with pytest.raises(InvalidValueError, match=name):
            read_json(tmp_path / name)
