"""What every HTML page shares: its style, figures as parts of the page, the bibliography, the versions."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ohmnia import __version__
from ohmnia._citations import cite, known_keys
from ohmnia.analysis._style import DARK_PALETTE, PALETTE

_HERE = Path(__file__).parent


def render_page(template: Path, **values: Any) -> str:
    """Fill a jinja2 template; `light`, `dark` and `version` are there for the style.

    Parameters
    ----------
    template
        File; it may include the parts that lie beside this module.
    values
        What the template names. A name without a value is an error.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(light=PALETTE, dark=DARK_PALETTE, version=__version__, **values)


def inline_svg(svg: bytes, name: str) -> str:
    """An SVG file as a part of the page: ids of its own, colours that follow light and dark, no prolog, no fixed size."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[ >].*?</style>", "", text, flags=re.DOTALL)
    head, _, body = text.partition(">")
    head = re.sub(r'\s(width|height)="[^"]*"', "", head) + ' aria-hidden="true" focusable="false"'
    body = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    for color, value in PALETTE.items():
        body = body.replace(f": {value}", f": var(--plot-{color})")
    return re.sub(r"\n\s*", "\n", f"{head}>{body}")


def bibliography(keys: Iterable[str]) -> tuple[list[dict[str, str]], list[str]]:
    """Entries (key, text, link) of the keys, and those keys of a user's own that only the user can resolve."""
    wanted, known = set(keys), set(known_keys())
    entries = []
    for text in cite(wanted & known).strip().split("\n\n"):
        key = text[text.index("{") + 1 : text.index(",")]
        doi, url = (re.search(rf"^\s*{field}\s*=\s*{{(.*?)}}", text, re.MULTILINE) for field in ("doi", "url"))
        link = f"https://doi.org/{doi.group(1)}" if doi else url.group(1) if url else ""
        entries.append({"key": key, "text": text, "link": link if link.startswith("https://") else ""})
    return entries, sorted(wanted - known)


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    return {"ohmnia": __version__, "Python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy")}}
