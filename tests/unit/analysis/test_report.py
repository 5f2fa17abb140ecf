"""The page is whole, well-formed, needs nothing else, holds every number and figure, and has the same bytes every time."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ohmnia._errors import InvalidValueError
from ohmnia.analysis import report, write_report
from ohmnia.analysis._tables import scenario_rows
from ohmnia.lifecycle import Results, Scenario
from ohmnia.technology import published, technology
from pages import Page

FIGURES = ("learning", "accuracy-over-time", "life-of-cells", "pulse-response", "programming", "retention")


def opened(folder: Path) -> tuple[str, Page]:
    """The report in a folder."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Page(text)


def words(results: Results) -> tuple[str, Page]:
    """The page of a run with the words of its figures, but without the drawings, which take seconds."""
    context = report._context(results)
    shown = [{"name": name, **asdict(said), "svg": ""} for name, (_, said) in report._figures(context).items()]
    text = report._render_page(context, shown)
    return text, Page(text)


def own_technology(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_page_is_well_formed_and_stands_alone(written: Path) -> None:
    text, page = opened(written)
    assert page.open == []
    assert text.startswith("<!doctype html>")
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.tags:
        assert "src" not in attributes
        for key in ("href", "xlink:href"):
            target = attributes.get(key) or "#"
            assert target.startswith("#") or (tag == "a" and target.startswith("https://")), (tag, target)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(http" not in text
    assert "@import" not in text


def test_ids_are_unique_and_every_inner_link_has_its_target(written: Path) -> None:
    text, page = opened(written)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes.get(key) for _, attributes in page.tags for key in ("href", "xlink:href") if key in attributes]
    wanted = {link[1:] for link in links if link and link.startswith("#")}
    wanted |= {part.split(")")[0] for part in text.split("url(#")[1:]}
    assert wanted
    assert wanted <= set(ids)


def test_every_figure_is_on_the_page_with_words_and_as_files(written: Path) -> None:
    _, page = opened(written)
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert {f"figure-{name}" for name in FIGURES} <= ids
    assert sum(tag == "svg" for tag, _ in page.tags) == len(FIGURES)
    assert sum(tag == "figcaption" for tag, _ in page.tags) == len(FIGURES)
    alts = [attributes["aria-label"] for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(alts) == len(FIGURES)
    assert all(len(alt or "") > 60 for alt in alts)
    assert sorted(path.name for path in (written / "figures").iterdir()) == sorted(
        f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")
    )
    for name in FIGURES:
        ElementTree.fromstring((written / "figures" / f"{name}.svg").read_bytes())
        assert (written / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_figures_on_the_page_follow_light_and_dark(written: Path) -> None:
    text, _ = opened(written)
    body = text[text.index("<svg") :]
    assert "var(--plot-learned)" in body
    assert ": #0072b2" not in body
    assert "#0072b2" in (written / "figures" / "learning.svg").read_text()
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_every_quantity_is_listed_with_its_source_and_reason(written: Path) -> None:
    _, page = opened(written)
    assumed = 0
    for path, quantity in technology("cmo-hfox").quantities():
        if path.startswith("results."):
            continue
        assert path in page.text
        assert quantity.locator.replace("+-", "±") in page.text
        for record in (quantity, quantity.spread):
            if record is not None and record.kind == "assumed":
                assumed += 1
                assert record.reason.replace("+-", "±") in page.text
    marked = [attributes for tag, attributes in page.tags if tag == "tr" and attributes.get("class") == "assumed"]
    assert len(marked) == assumed > 0
    assert "−0.08900206 µS" in page.text
    assert "σ = 6 % (normal)" in page.text


def test_summary_says_the_main_numbers_in_words(written: Path) -> None:
    _, page = opened(written)
    assert "learning rule AGAD: it names 96.4 % of the held-out images correctly, 0.6 points below floating point" in page.text
    assert "After 10 years the chip is right in 93.0 % of the cases as it is, and in 94.5 %" in page.text
    assert "from 51.0 % to 93.0 %, 1.0 point below floating point (94.0 %)" in page.text
    assert "standard error of 0.9 points" in page.text
    assert "measured for 1 week; what is later than that is an extrapolation" in page.text


def test_run_is_described_and_can_be_repeated(results: Results, written: Path) -> None:
    text, page = opened(written)
    for name in ("ohmnia", "torch", "numpy", "Python", "seed"):
        assert f'<th scope="row">{name}</th>' in text
    for path, value, other in scenario_rows(results.scenario):
        assert path in page.text
        assert value in page.text
        assert other in page.text
    assert "ohmnia run scenario.toml --seed 3" in page.text
    assert 'times = ["1s", "1.5h", "10y"]' in page.text


def test_the_built_in_scenario_is_repeated_by_its_seed_alone(results: Results) -> None:
    results.scenario = Scenario(seed=7)
    for key in list(results.metrics):
        if ".1.5h." in key:
            for time in ("1h", "1d", "1mo", "1y"):
                results.metrics[key.replace("1.5h", time)] = results.metrics[key]
            del results.metrics[key]
    _, page = words(results)
    assert "ohmnia run --seed 7" in page.text
    assert "scenario.toml" not in page.text


def test_bibliography_holds_what_was_used(written: Path) -> None:
    _, page = opened(written)
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert {"ref-ohmnia", "ref-falcone2025", "ref-aihwkit2025", "ref-rasch2024", "ref-pedregosa2011"} <= ids
    assert "https://doi.org/10.1002/adfm.202504688" in [attributes.get("href") for _, attributes in page.tags]
    assert {"details", "summary"} <= {tag for tag, _ in page.tags}


def test_writing_again_replaces_with_the_same_bytes_and_leaves_no_scraps(results: Results, written: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    results.seconds = {"learn": 99.0}
    write_report(results, tmp_path)
    first, second = ({path.relative_to(root): path.read_bytes() for path in root.rglob("*.*")} for root in (written, tmp_path))
    assert first == second
    assert len(first) == 1 + 2 * len(FIGURES)


@pytest.mark.parametrize("key", ["relearn_fp_accuracy", "infer_accuracy.1.5h.raw", "programming_iterations.ar2"])
def test_a_missing_metric_is_refused_and_nothing_is_written(results: Results, tmp_path: Path, key: str) -> None:
    del results.metrics[key]
    with pytest.raises(InvalidValueError, match=key.replace(".", r"\.")):
        write_report(results, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_curve_is_refused_and_nothing_is_written(results: Results, tmp_path: Path) -> None:
    del results.curves["pulse_response"]
    with pytest.raises(InvalidValueError, match="pulse_response"):
        write_report(results, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_texts_of_a_technology_file_are_escaped(results: Results, tmp_path: Path) -> None:
    lines = [
        'id = "mine"',
        'name = "My <script>alert(1)</script> & co"',
        'summary = "a < b"',
        'citation = "me2026"',
        'based_on = "cmo-hfox"',
        "[laws.update.quantities.states]",
        "value = 40",
        'source = "me<2026>"',
        'locator = "p. 1 & 2"',
        'kind = "tabulated"',
    ]
    path = own_technology(tmp_path, "\n".join(lines))
    results.scenario = results.scenario.model_copy(update={"technology": path})
    text, page = words(results)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "My &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text
    assert "p. 1 & 2" in page.text
    assert "bibliography does not have: me2026, me<2026>." in page.text


def test_a_device_of_another_paper_is_not_compared_with_this_one(results: Results, tmp_path: Path) -> None:
    source = published()["cmo-hfox"].read_text(encoding="utf-8").replace("falcone2025", "me2026").replace("cmo-hfox", "mine")
    results.scenario = results.scenario.model_copy(update={"technology": own_technology(tmp_path, source)})
    _, page = words(results)
    assert "Open circles" not in page.text
    assert "is not recorded, so that nothing is marked" in page.text
    assert "Published mean iterations" not in page.text


def test_another_network_is_named_by_its_layers(results: Results) -> None:
    network = results.scenario.network.model_copy(update={"hidden": (20, 12)})
    results.scenario = results.scenario.model_copy(update={"network": network})
    _, page = words(results)
    assert "64-20-12-10 units" in page.text
