"""Scenarios: strict, and checked before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmnia import InvalidValueError, UnknownNameError
from ohmnia._citations import known_keys
from ohmnia.lifecycle import Scenario, citations, load_scenario
from ohmnia.training import AGAD


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return path


def test_built_in_scenario_and_seed() -> None:
    assert load_scenario(None) == Scenario()
    assert load_scenario(None, seed=7).seed == 7


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    options = "{ fast_rate = 2.0, scheme = { length = 7 } }"
    text = f"seed = 3\n[learn]\nepochs = 2\nrule_options = {options}\n[retain]\ntimes = ['1h', '2d']\n"
    scenario = load_scenario(written(tmp_path, text))
    assert (scenario.seed, scenario.learn.epochs, scenario.relearn) == (3, 2, Scenario().relearn)
    rule = scenario.learn.build_rule()
    assert isinstance(rule, AGAD)
    assert (rule.fast_rate, rule.scheme.length) == (2.0, 7)
    assert scenario.retain.ages_seconds() == [3600.0, 172800.0]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("sead = 3", UnknownNameError, "Did you mean 'seed'"),
        ("[learn]\nepoch = 3", UnknownNameError, "Did you mean 'learn.epochs'"),
        ("[learn]\nepochs = 0", InvalidValueError, "learn.epochs.*greater than or equal to 1.*given: 0"),
        ("[learn]\nlr = nan", InvalidValueError, "learn.lr.*finite"),
        ("[learn]\nrule = 'agat'", UnknownNameError, "Did you mean 'agad'"),
        ("[learn]\nrule_options = { fast_rat = 1.0 }", UnknownNameError, "Did you mean 'fast_rate'"),
        ("[learn]\nrule_options = { in_chop_prob = 2.0 }", InvalidValueError, "in_chop_prob.*less than or equal to 1"),
        ("technology = 'cmohfox'", UnknownNameError, "Did you mean 'cmo-hfox'"),
        ("technology = 'mine.toml'", InvalidValueError, "mine.toml"),
        ("[retain]\ntimes = ['1d', '1h']", InvalidValueError, "durations that rise"),
        ("[retain]\ntimes = ['1 fortnight']", UnknownNameError, "unit of time"),
        ("[arrays]\nmapping = 'diferential'", UnknownNameError, "Did you mean 'differential'"),
        ("[arrays]\nkernel = 'gpu'", UnknownNameError, "kernel"),
        ("[transfer]\nacceptance_range = 2.0", InvalidValueError, "transfer.acceptance_range.*0.5"),
        ("[learn\n", InvalidValueError, "line 1"),
    ],
)
def test_bad_input_is_refused_with_the_way_out(tmp_path: Path, text: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        load_scenario(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="gone.toml"):
        load_scenario(tmp_path / "gone.toml")


def test_citations_follow_what_is_used() -> None:
    assert set(citations(Scenario())) <= set(known_keys())
    assert "rasch2024" in citations(Scenario())
