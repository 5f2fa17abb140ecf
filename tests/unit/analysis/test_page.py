"""Parts that pages share."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

import ohmnia
from ohmnia.analysis._style import PALETTE
from ohmnia.analysis.page import bibliography, inline_svg, render_page, versions


def test_a_template_sees_the_palette_and_its_values_escaped(tmp_path: Path) -> None:
    template = tmp_path / "t.html.j2"
    template.write_text("{{ light.ink }} {{ version }} {{ text }}")
    assert render_page(template, text="<b>") == f"{PALETTE['ink']} {ohmnia.__version__} &lt;b&gt;"


def test_a_name_without_value_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "t.html.j2"
    template.write_text("{{ nothing }}")
    with pytest.raises(jinja2.UndefinedError, match="nothing"):
        render_page(template)


def test_svg_gets_ids_of_its_own_and_colours_of_the_page() -> None:
    drawing = f'<path id="a" style="fill: {PALETTE["ink"]}"/><use href="#a"/>'
    svg = f'<?xml version="1.0"?><svg width="1pt" viewBox="0 0 1 1">{drawing}</svg>'
    text = inline_svg(svg.encode(), "fig")
    assert text.startswith('<svg viewBox="0 0 1 1" aria-hidden="true"')
    assert 'id="fig-a"' in text
    assert 'href="#fig-a"' in text
    assert "fill: var(--plot-ink)" in text


def test_bibliography_links_what_it_knows_and_names_what_it_does_not() -> None:
    entries, strangers = bibliography({"falcone2025", "mine2026"})
    assert {entry["key"] for entry in entries} == {"ohmnia", "falcone2025"}
    assert next(entry for entry in entries if entry["key"] == "falcone2025")["link"].startswith("https://doi.org/")
    assert strangers == ["mine2026"]


def test_versions() -> None:
    assert set(versions()) == {"ohmnia", "Python", "torch", "numpy"}
