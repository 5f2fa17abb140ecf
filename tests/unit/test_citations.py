"""The bibliography as text that BibTeX can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ohmnia
from ohmnia._citations import cite, known_keys
from ohmnia._errors import UnknownNameError

BIBLIOGRAPHY = (Path(ohmnia.__file__).parent / "references.bib").read_text(encoding="utf-8")


def keys_of(text: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,\s]+),", text, flags=re.MULTILINE)


def test_every_entry_of_the_file_is_found_once() -> None:
    assert known_keys() == sorted(keys_of(BIBLIOGRAPHY))
    assert len(set(known_keys())) == BIBLIOGRAPHY.count("\n@") + BIBLIOGRAPHY.startswith("@")


def test_cited_entries_stand_in_the_file_word_for_word() -> None:
    for entry in cite(known_keys()).strip().split("\n\n"):
        assert entry in BIBLIOGRAPHY


@pytest.mark.parametrize("key", known_keys())
def test_an_entry_is_whole(key: str) -> None:
    entry = cite([key]).split("\n\n")[-1] if key != "ohmnia" else cite([])
    assert keys_of(entry) == [key]
    assert entry.count("{") == entry.count("}")
    assert all(re.search(rf"^\s*{field}\s*= \{{.+\}}", entry, flags=re.MULTILINE) for field in ("author", "title", "year"))


def test_own_entry_comes_first_the_others_sorted_and_once() -> None:
    assert keys_of(cite(["rasch2024", "falcone2025", "ohmnia", "rasch2024"])) == ["ohmnia", "falcone2025", "rasch2024"]


def test_nothing_used_still_cites_the_tool() -> None:
    assert keys_of(cite([])) == ["ohmnia"]
    assert cite([]).endswith("}\n")


def test_keys_may_come_from_a_generator() -> None:
    assert keys_of(cite(key for key in ["levy2024"])) == ["ohmnia", "levy2024"]


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Unknown citation key 'falcone2024'. Did you mean 'falcone2025'?"):
        cite(["rasch2024", "falcone2024"])


def test_the_technology_papers_own_doi_is_there() -> None:
    assert "10.1002/adfm.202504688" in cite(ohmnia.technology("cmo-hfox").citations())
