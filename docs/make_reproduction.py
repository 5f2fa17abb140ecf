"""Make the pages under docs/reproduction from the folder of an `ohmnia reproduce`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from ohmnia.experiments import Row
from ohmnia.experiments.reproduce import COLUMNS, FIGURES, MANIFEST, ROWS, table_row

HERE = Path(__file__).parent / "reproduction"


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in rows:
        cells = [cell.replace("|", "\\|") for cell in table_row(row)]
        cells[0] += f"<br>*{row.reason}*" if row.reason else ""
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(entry: dict[str, Any], rows: list[Row]) -> str:
    """One experiment."""
    parts = [f"# {entry['title']}"]
    parts += [f"![{plot['title']}]({plot['name']}.svg)\n\n**{plot['title']}.** {plot['caption']}" for plot in entry["plots"]]
    parts.append(table(rows))
    if entry["choices"]:
        parts.append("## Choices\n\n" + "\n".join(f"- {choice}" for choice in entry["choices"]))
    call = entry["name"].replace("-", "_")
    own = f'`ohmnia reproduce --only {entry["name"]}`, or `ohmnia.experiments.EXPERIMENTS.get("{entry["name"]}")(technology)`'
    parts.append(f"## Run it\n\n{own}; the code is `src/ohmnia/experiments/{call}.py`.")
    return "\n\n".join(parts) + "\n"


def main(folder: Path) -> None:
    """Write a page for each experiment of the folder, and the index."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    rows = [Row(**row) for row in json.loads((folder / ROWS).read_text(encoding="utf-8"))]
    index = [
        "# Published beside simulated",
        f"`ohmnia reproduce --seed {manifest['seed']}`, ohmnia {manifest['ohmnia']}: {manifest['summary']} A derived number "
        "emerges from the simulation; an input is a parameter that is given back.",
        f"The whole run took {sum(manifest['seconds'].values()):.0f} s on one core.",
    ]
    for entry in manifest["experiments"]:
        own = [row for row in rows if row.id.startswith(entry["name"] + ".")]
        (HERE / f"{entry['name']}.md").write_text(page(entry, own), encoding="utf-8")
        for plot in entry["plots"]:
            shutil.copyfile(folder / FIGURES / f"{plot['name']}.svg", HERE / f"{plot['name']}.svg")
        index.append(f"## [{entry['title']}]({entry['name']}.md)\n\n{table(own)}")
    (HERE / "index.md").write_text("\n\n".join(index) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
