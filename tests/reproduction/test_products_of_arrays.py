"""Products of a 64 x 64 array against their closed form: converters, width and shift of the cells add in squares.

For W and x uniform in (-1, 1) over n inputs, a deviation s and a shift m of the weights, a DAC step d and an ADC step a:

    RMSE**2 = n / 3 (s**2 + m**2) + n / 3 d**2 / 12 + a**2 / 12
"""

from __future__ import annotations

import math

import pytest

from ohmnia.experiments import Outcome
from ohmnia.experiments.mvm import mvm
from ohmnia.experiments.technologies import technologies
from tolerances import ERRORS

SIZE, HALF_WINDOW = 64, 39.6


@pytest.fixture(scope="module")
def found() -> Outcome:
    return mvm(matrices=4, vectors=60, large=96, ohms=())


def value(outcome: Outcome, name: str) -> tuple[float, float]:
    row = next(row for row in outcome.rows if row.id.endswith(f".{name}"))
    assert row.simulated is not None
    return row.simulated, row.standard_error or 0.0


def closed_form(sigma: float, shift: float) -> float:
    converters = SIZE / 3 * (1 / 31) ** 2 / 12 + (15 / 127) ** 2 / 12
    return math.sqrt(SIZE / 3 * (sigma**2 + shift**2) / HALF_WINDOW**2 + converters)


@pytest.mark.parametrize(
    ("name", "log_time", "shift"),
    [
        ("rmse_1s", 0.0, True),
        ("rmse_1h", math.log(3600), True),
        ("rmse_10y", math.log(3.15576e8), True),
        ("compensated_10y", math.log(3.15576e8), False),
    ],
)
def test_errors_follow_from_the_cells(found: Outcome, name: str, log_time: float, shift: bool) -> None:
    simulated, error = value(found, name)
    expected = closed_form(0.41183342 + 0.04201137 * log_time, 0.08900206 * log_time if shift else 0.0)
    # Two fitted numbers a line cost 2 / 60 of the mean square where a line is fitted; the shift follows the sampled sums.
    slack = 0.02 * expected
    assert abs(simulated - expected) < ERRORS * max(error, expected / math.sqrt(2 * 4 * 60)) + slack


def test_right_after_the_write_only_the_converters_are_left(found: Outcome) -> None:
    simulated, error = value(found, "rmse_prog")
    # A closed loop at 0.2 % of the target leaves 0.1 % of it: 0.05 uS.
    assert abs(simulated - closed_form(0.055, 0.0)) < ERRORS * error + 0.001


def test_published_rows_hold_and_every_choice_is_named(found: Outcome) -> None:
    judged = [row for row in found.rows if row.ok is not None]
    assert {row.id for row in judged} >= {"mvm.rmse_1s", "mvm.rmse_10y", "mvm.compensated_10y", "mvm.wires_over_cell"}
    assert all(row.ok for row in judged), [row.id for row in judged if not row.ok]
    assert all(row.reason for row in found.rows if row.ok is None)
    assert len(found.choices) >= 8


@pytest.mark.parametrize(
    ("name", "independent"),
    [
        ("wires_digital", 0.288),
        ("wires_column", 0.153),
        ("wires_lines", 0.063),
        ("wires_pairs", 0.081),
        ("wires_digital_1ohm", 0.787),
    ],
)
def test_wires_against_an_independent_solve(found: Outcome, name: str, independent: float) -> None:
    simulated, error = value(found, name)
    # The write leaves 0.007 beside the wires; few matrices.
    assert abs(simulated - independent) < ERRORS * max(error, 0.02 * independent) + 0.002


def test_technologies_side_by_side() -> None:
    found = technologies(matrices=3, vectors=40, cells=200)
    independent = {"pcm_1s": 0.221, "pcm_10y": 1.489, "pcm_scaled_10y": 0.451, "wan_1s": 0.234}
    for name, number in independent.items():
        simulated, error = value(found, name)
        assert abs(simulated - number) < ERRORS * max(error, 0.02 * number), name
    rows = {row.id.removeprefix("technologies."): row for row in found.rows}
    assert rows["wan_10y"].simulated is None
    assert "2 d" in rows["wan_10y"].reason
    assert rows["improvement_1s"].ok is None
    assert "hardware" in rows["improvement_1s"].reason
    assert rows["programming_gain_pcm"].ok
    assert rows["programming_gain_wan"].ok
    # .963 and 2.05 uS by hand from the polynomials at mid-window, over 0.2 % / sqrt 3 of 48.6 uS.
    assert rows["programming_gain_pcm"].simulated == pytest.approx(0.963 / 0.0561, rel=ERRORS / math.sqrt(200))
    assert rows["programming_gain_wan"].simulated == pytest.approx(2.05 / 0.0561, rel=ERRORS / math.sqrt(200))
    assert {"wan2022", "nandakumar2019", "falcone2025"} <= found.citations
