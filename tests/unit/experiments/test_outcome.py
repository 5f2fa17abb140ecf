"""A row as JSON."""

from __future__ import annotations

import json

from ohmnia.experiments import Row


def test_a_row_is_plain_json() -> None:
    row = Row("a.b", "what", "µS", 1.0, 1.1, None, 0.2, True, "derived", "paper, Fig. 1")
    data = json.loads(json.dumps(row.as_dict()))
    keys = {"id", "quantity", "published", "simulated", "standard_error", "tolerance", "ok", "kind", "source"}
    assert keys <= data.keys()
    assert (data["id"], data["standard_error"], data["ok"]) == ("a.b", None, True)
